/**
 * @file seen.h  Did this PASSporT come before, in another call?
 *
 * A fixed table of keyed hashes, oldest out: who copies an Identity header into a
 * call of his own within its freshness is seen (RFC 8224, 12.1).  The same call asks
 * more than once (retransmissions, forks, a second dip): what has the same Call-ID is
 * the same call.  One table per worker.
 */
#pragma once

#include "shaken/mac.h"
#include "shaken/macro.h"
#include "shaken/passport.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seen;

/** @param entries  Rounded up to a power of two.  @return NULL when out of memory */
struct seen *seen_new(size_t entries);
void seen_free(struct seen *seen);
SK_DEFINE_CLEANUP(struct seen, seen_free)

/**
 * Look for a PASSporT that passed, and remember it.
 *
 * @param owner  Whose call it is: nobody is told of the calls of another
 * @param until  Seconds since the epoch: afterwards its iat is stale anyway
 *
 * @return true: it was there, with another Call-ID
 */
SK_MUSTCHECK
bool seen_before(struct seen *seen, struct sk_mac *mac, struct sk_span owner,
		 const struct sk_passport *passport, struct sk_span call_id, int64_t now,
		 int64_t until);
