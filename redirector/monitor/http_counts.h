/**
 * @file http_counts.h  What is counted of HTTP, in shared memory: one writer, plain numbers
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

enum {
	HTTP_ROUTES_MAX = 32, /**< names in `routes` */
	HTTP_ROUTE_NAME = 24,
};

enum http_count {
	HTTP_ACCEPTED,      /**< connections                                        */
	HTTP_CLOSED_SOURCE, /**< closed at once: not in http.sources                */
	HTTP_CLOSED_FULL,   /**< ... over http.connections or http.per-source       */
	HTTP_TIMED_OUT,     /**< too slow: handshake, request, answer               */
	HTTP_TLS_FAILED,    /**< handshakes                                         */
	HTTP_MALFORMED,     /**< requests that two readers might see differently    */
	HTTP_UNKNOWN,       /**< 401                                                */
	HTTP_REFUSED,       /**< 403                                                */
	HTTP_LIMITED,       /**< 429                                                */
	HTTP_LATE,          /**< 503: nobody answered in time                       */
	HTTP_BYTES_IN,      /**< bodies                                             */
	HTTP_BYTES_OUT,
	HTTP_COUNT_LAST,
};

/** Answers of one route, by the hundreds of their status, and how long they took. */
struct http_route_counts {
	char name[HTTP_ROUTE_NAME];  /**< "" : free                     */
	_Atomic uint64_t answers[6]; /**< [2]: 2xx ...                  */
	_Atomic uint64_t us;         /**< of all, microseconds          */
};

struct http_counts {
	_Atomic uint64_t n[HTTP_COUNT_LAST];
	_Atomic int64_t open; /**< connections now */
	struct http_route_counts routes[HTTP_ROUTES_MAX];
};
