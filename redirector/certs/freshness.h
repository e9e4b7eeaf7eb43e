/**
 * @file freshness.h  HTTP headers -> how long an answer may be kept (RFC 9111; ATIS-1000074, 5.3.1)
 *
 * Pure: the header lines go in one by one, the answer is a number of seconds.
 * A repository that says nothing, or says no-store, still gets the floor: else
 * one careless header would mean one fetch per call.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	FRESHNESS_ETAG_SIZE = 128, /**< longest entity tag kept, terminator included */
};

/** What the header lines said; -1: nothing. */
struct freshness {
	int64_t max_age, s_maxage, age; /**< seconds                                    */
	int64_t date, expires;          /**< seconds since the epoch; expires 0: invalid */
	bool no_store;                  /**< no-store, no-cache or private              */
	char etag[FRESHNESS_ETAG_SIZE]; /**< quotes included, "": none that can be kept  */
};

/** Before the first line of each answer. */
void freshness_init(struct freshness *f);

/** One header line, with or without its line end; lines that do not matter are passed over. */
void freshness_header(struct freshness *f, struct sk_span line);

/**
 * How many seconds the answer may be used.
 *
 * @param received   When it came, seconds since the epoch
 * @param floor      At least this long (certs.lifetime) ...
 * @param not_after  ... but never past the end of the certificate
 *
 * @return 0 or more
 */
SK_MUSTCHECK
int64_t freshness_keep(const struct freshness *f, int64_t received, int64_t floor,
		       int64_t not_after);
