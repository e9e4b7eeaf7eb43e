/**
 * @file seen.h  Did this PASSporT come before, in another call?
 *
 * A fixed table of keyed hashes, oldest out: who copies an Identity header into a
 * call of his own within its freshness is seen (RFC 8224, 12.1).  The same call asks
 * more than once (retransmissions, forks, a second dip): what has the same Call-ID is
 * the same call.  In memory that several workers share, a copy is seen whichever of them it
 * comes to; nothing in it is locked.
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/shared.h"
#include "shaken/mac.h"
#include "shaken/macro.h"
#include "shaken/passport.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seen;

/** Bytes of a table of so many, rounded up to a power of two; 0: too many. */
size_t seen_bytes(size_t entries);

/**
 * All processes that share the memory must give seen_before() the same key.
 *
 * @param memory  Zeroed before the first process has it; it stays the caller's.  NULL: a table
 *                of its own
 * @param bytes   Of seen_bytes(); 0 fails
 *
 * @return NULL when out of memory
 */
struct seen *seen_new_in(void *memory, size_t bytes);

/** A table of its own, of seen_bytes(entries).  @return NULL when out of memory */
struct seen *seen_new(size_t entries);

/** In what all workers share, or where `at` is NULL one of its own, of verify.replay-entries.
 * @return NULL when out of memory */
struct seen *seen_open(const struct shared *shared, const struct conf *conf);
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
