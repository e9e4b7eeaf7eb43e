/**
 * @file hosting.h  The tenants' certificates at the addresses of their x5u
 *
 *   https://certs.example.net/acme/sp.pem  ->  Host: certs.example.net, GET /acme/sp.pem
 *
 * What is served was read with the keystore (redirector/keys/published.h): no file is opened for a
 * request, and a file that changes is served by the next reload, as it signs from then on.  A next
 * certificate has its place from the reload on that knows it, before it signs.  Of several
 * certificates of one address the one that signs is served: valid now, and since the shortest time.
 *
 * Below /v1/pub/ the same certificates by the last part of their x5u's path, at any host, for
 * clients that know secsipidx; a name that two different certificates have is not there.
 */
#pragma once

#include "redirector/base/clock.h"
#include "redirector/base/log.h"
#include "redirector/call/directory.h"
#include "redirector/http/route.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>

struct hosting;

enum {
	HOSTING_WHY_SIZE = 256,
};

/** What it needs; all of it must outlive it. */
struct hosting_parts {
	const struct clock *clock; /**< validity, max-age                                        */
	struct log *log;           /**< two tenants with different certificates at one address   */
};

/** Serves nothing yet.  @return false: out of memory */
SK_MUSTCHECK
bool hosting_new(const struct hosting_parts *parts, struct hosting **out);
void hosting_free(struct hosting *hosting);
SK_DEFINE_CLEANUP(struct hosting, hosting_free)

/**
 * The certificates of these tenants, to be served from hosting_swap() on.  Of two tenants whose
 * different certificates have the same address the first one's stays; the log says so.
 *
 * @param directory  A reference is taken
 *
 * @return false with the reason and nothing changed: out of memory
 */
SK_MUSTCHECK
bool hosting_prepare(struct hosting *hosting, struct directory *directory,
		     char why[HOSTING_WHY_SIZE]);

/** What was prepared is served from the next request on. */
void hosting_swap(struct hosting *hosting);

/** Forgets what was prepared. */
void hosting_drop(struct hosting *hosting);

/** Addresses that are served. */
size_t hosting_count(const struct hosting *hosting);

/** @param on  conf.hosting.serve, as it is at the time of a request */
void hosting_add(struct hosting *hosting, const bool *on, struct routes *routes);
