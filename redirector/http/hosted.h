/**
 * @file hosted.h  Which certificate is at which address
 *
 * Made of all tenants' keystores once per reload, then only read.
 */
#pragma once

#include "redirector/base/log.h"
#include "redirector/call/directory.h"
#include "redirector/keys/published.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hosted;

/**
 * @param directory  A reference is taken
 * @param log        Of two tenants whose different certificates have one address the first one's
 *                   stays, and a line says so.  NULL: nobody is told
 *
 * @return NULL when out of memory
 */
struct hosted *hosted_new(struct directory *directory, struct log *log);
void hosted_free(struct hosted *hosted);
SK_DEFINE_CLEANUP(struct hosted, hosted_free)

/** Addresses. */
size_t hosted_count(const struct hosted *hosted);

/** What is served at an address. */
struct hosted_answer {
	const struct published *published; /**< lives as long as the hosted                  */
	int64_t seconds; /**< how long it stays true: until its end, or until the next takes its
			      place; 0: it has ended                                         */
};

/**
 * By x5u.  Of several certificates (the next one has the same x5u) the one that signs: of those
 * that are valid the one that became valid last; if none is, the one that will be valid first, or
 * else the one that ended last.
 *
 * @param host  Of the Host header; a port and a dot at its end do not count
 * @param path  As it was sent; the byte's value counts
 * @param now   Seconds since the epoch
 *
 * @return false: nothing is there
 */
SK_MUSTCHECK
bool hosted_find(const struct hosted *hosted, struct sk_span host, struct sk_span path, int64_t now,
		 struct hosted_answer *out);

/** By the last part of an x5u's path, whatever its host.  @return false: none has it, or two
 * addresses with different certificates */
SK_MUSTCHECK
bool hosted_find_name(const struct hosted *hosted, struct sk_span name, int64_t now,
		      struct hosted_answer *out);
