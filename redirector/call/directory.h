/**
 * @file directory.h  All tenants, and whose a request is
 *
 * Immutable once made and counted (atomically: a reload makes and drops one in a thread of
 * its own); finding is a lookup however many there are.
 *
 * A tenant's criteria (match.*) must all hold.  It stands in one index only, that of the
 * strongest criterion it has, in this order: TLS client name, header of a trusted source,
 * host of the Request-URI, listener, source network (longest prefix).  The indexes are
 * asked in that order; the first tenant whose criteria all hold is it.  So a tenant with a
 * host never loses a call to one that has only a network.
 */
#pragma once

#include "config/conf.h"
#include "redirector/call/facts.h"
#include "redirector/call/tenant.h"

#include <stdbool.h>
#include <stddef.h>

struct directory;

enum {
	DIRECTORY_WHY_SIZE = 512,
};

/**
 * @param conf      A reference is taken
 * @param fallback  Whose all is that no tenant takes; NULL: nobody's.  A reference is taken
 * @param tenants   References are taken
 * @param why       On failure the reason: two tenants of one name, or with the same criteria
 *                  (names both), one without any, out of memory
 *
 * @return NULL on failure
 */
struct directory *directory_new(struct conf *conf, struct tenant *fallback,
				struct tenant *const *tenants, size_t count,
				char why[DIRECTORY_WHY_SIZE]);
struct directory *directory_ref(struct directory *directory);
void directory_unref(struct directory *directory);
SK_DEFINE_CLEANUP(struct directory, directory_unref)

/** The service's settings. */
struct conf *directory_conf(const struct directory *directory);

/** May this address speak at all?  Asked before anything is parsed: true for sip.sources and for
 * every match.sources. */
SK_MUSTCHECK
bool directory_admits(const struct directory *directory, const struct addr *source);

/** Whose it is; NULL: nobody's.  No reference is taken. */
struct tenant *directory_find(const struct directory *directory, const struct facts *facts);

/** The tenant of that name, the fallback included; NULL: none.  No reference is taken. */
struct tenant *directory_by_name(const struct directory *directory, struct sk_span name);

/** Tenants, without the fallback. */
size_t directory_count(const struct directory *directory);
struct tenant *directory_at(const struct directory *directory, size_t i);
struct tenant *directory_fallback(const struct directory *directory);
