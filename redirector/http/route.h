/**
 * @file route.h  Which path is whose, who may ask it, and how it is refused
 *
 * Order of refusals, the cheapest first: source not in http.sources (the connection is closed),
 * rate (429), syntax (400), path (404), method (405), who (401, 403), Content-Length (411, for
 * POST without one and without chunks), media type (415), Accept (406), body too long (413).
 * The last four and the text of all come from the route's `refuse`, so that an API speaks its own
 * words.
 */
#pragma once

#include "redirector/http/exchange.h"

#include <stdbool.h>
#include <stddef.h>

enum route_for {
	ROUTE_ANYBODY, /**< also who is not in http.sources: hosted certificates     */
	ROUTE_LISTED,  /**< whoever may connect (http.sources); health                */
	ROUTE_VIEWER,  /**< http.viewer-*: metrics, the page                          */
	ROUTE_CLIENT,  /**< a client of a tenant: the interfaces                      */
};

/** Answers a whole request. */
typedef void exchange_h(void *arg, struct exchange *exchange);

/** Why a request is refused before its handler sees it. */
enum refusal {
	REFUSAL_METHOD,    /**< 405; Allow is set by the server     */
	REFUSAL_UNKNOWN,   /**< 401; WWW-Authenticate is set        */
	REFUSAL_NOT_YOURS, /**< 403                                 */
	REFUSAL_ACCEPT,    /**< 406                                 */
	REFUSAL_NO_LENGTH, /**< 411                                 */
	REFUSAL_TOO_LONG,  /**< 413                                 */
	REFUSAL_TYPE,      /**< 415                                 */
	REFUSAL_RATE,      /**< 429; Retry-After is set             */
	REFUSAL_DRAINING,  /**< 503; Retry-After is set             */
	REFUSAL_LATE,      /**< 503: nobody answered in time        */
	REFUSAL_OURS,      /**< 500: no memory                      */
	REFUSAL_LAST,
};

/** Sets type and body of a refusal (status is set already); they live until the next call.  Other
 * headers may be added. */
typedef void refuse_h(void *arg, const struct exchange *exchange, enum refusal why,
		      struct http_reply *reply);

/** One path, or all below one. */
struct route {
	const char *path; /**< "/stir/v1/signing"; "/v1/pub/" with the slash: all below       */
	unsigned methods; /**< of enum http_method; GET brings HEAD                           */
	enum route_for who;
	bool on_health;       /**< also at http.health                                            */
	const char *accepts;  /**< the only media type of its bodies; NULL: any                   */
	const char *produces; /**< for Accept; NULL: is not looked at                            */
	const char *counted;  /**< its name in shaken_http_requests_total; lives for ever         */
	exchange_h *handler;
	refuse_h *refuse; /**< NULL: plain text                                               */
	void *arg;        /**< of both                                                        */
	const bool *on;   /**< NULL: always there; else 404 while it is false (a reload)      */
	bool exact; /**< this path alone, though it ends in "/"; one for all below may be too  */
};

enum {
	ROUTES_MAX = 64,
};

struct routes {
	struct route items[ROUTES_MAX];
	size_t count;
};

/** A path given twice, or one too many, is a fault of ours: asserts. */
void routes_add(struct routes *routes, const struct route *route);

/** The one whose path is the request's, or the longest that ends in "/" above it; NULL: none.  An
 * exact path wins. */
const struct route *routes_find(const struct routes *routes, struct sk_span path);

/** The same among those that are for anybody. */
const struct route *routes_find_open(const struct routes *routes, struct sk_span path);
