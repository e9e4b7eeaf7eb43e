/**
 * @file match.h  Whose criteria a request meets: one index over all tenants
 *
 * A tenant's criteria are cut into combinations, one value of each kind: "host h and network
 * n".  Each stands in a hash table under all its values at once, so that a request asks once
 * for each shape of combination that occurs, however many tenants have it.  Shapes are asked
 * strongest first: by TLS client name, header of a trusted source, host of the Request-URI,
 * listener (one address before all addresses), network (longest first), compared in that order.
 *
 * Filled, then only read, by any number of threads.
 */
#pragma once

#include "config/conf.h"
#include "redirector/call/facts.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	MATCH_COMBINATIONS_MAX = 1 << 20, /**< of one tenant */
};

struct match;

/** See match_text(). */
enum match_result {
	MATCH_OK,
	MATCH_NO_CRITERIA,
	MATCH_TOO_MANY, /**< more combinations than MATCH_COMBINATIONS_MAX */
	MATCH_LISTENER, /**< a listener that cannot be read */
	MATCH_CONFLICT, /**< another has a combination of it, and nothing tells the two apart */
	MATCH_NO_MEMORY,
};

/** @param service  For its sip.sources and tenants.header; must outlive the index.
 *  @return NULL when out of memory */
struct match *match_new(const struct conf *service);
void match_free(struct match *match);
SK_DEFINE_CLEANUP(struct match, match_free)

/**
 * Add one.
 *
 * @param set    Must outlive the index
 * @param value  What match_find() gives; not NULL
 * @param other  With MATCH_CONFLICT the value of the other one
 *
 * @return But for MATCH_OK nothing was added
 */
SK_MUSTCHECK
enum match_result match_add(struct match *match, const struct match_conf *set, void *value,
			    void **other);

/** For people: "has no criteria (match)". */
const char *match_text(enum match_result result);

/** These may speak, too: who is asked for by match_holds() alone.  @return false when out of memory
 */
SK_MUSTCHECK
bool match_admit(struct match *match, const struct net_list *sources);

/** The value of the strongest combination that the request meets.  NULL: none, or two of the same
 * strength, of different tenants, by different names of the client. */
void *match_find(const struct match *match, const struct facts *facts);

/** Is the address in sip.sources, or in the match.sources of anybody? */
SK_MUSTCHECK
bool match_admits(const struct match *match, const struct addr *source);

/** Do all of one tenant's criteria hold?  Without sources those of the service count. */
SK_MUSTCHECK
bool match_holds(const struct conf *service, const struct match_conf *set,
		 const struct facts *facts);

/** The host of the Request-URI as it stands there; empty: none. */
struct sk_span match_host(const struct facts *facts);

/** Same host: any case, a dot at the end does not count. */
SK_MUSTCHECK
bool match_host_eq(struct sk_span a, struct sk_span b);

/** Did the request come to this listener, "udp:192.0.2.1:5060"?  0.0.0.0 and [::] stand for every
 * address of their family. */
SK_MUSTCHECK
bool match_listener(struct sk_span listener, const struct facts *facts);
