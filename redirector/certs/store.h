/**
 * @file store.h  Bytes by URL, on disk, for all workers and over restarts (LMDB)
 *
 * Every function blocks on the disk: stored.h has the threads.  What comes out is
 * what was put in, or nothing: each record carries a SHA-256 of all of itself, the
 * URL included, and what is read is copied.  A folder belongs to one host; up to
 * 1,024 processes may have it open at once, each once.  Open it after fork, never before.
 *
 * What could hurt is kept out: a truncated data file would be a SIGBUS, so its size
 * is compared with what LMDB thinks before the first transaction; a store in which
 * three processes in a row died is moved aside ("data.mdb.broken") and made anew.
 */
#pragma once

#include "redirector/certs/fetch.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	STORE_BODY_MAX = 32 << 20, /**< longest body, bytes: a revocation list fits */
	STORE_BATCH = 256,         /**< most records of one transaction             */
	STORE_WHY_SIZE = 256,
};

enum store_state {
	STORE_AS_IT_WAS, /**< opened                                        */
	STORE_NEW,       /**< there was none                                */
	STORE_REBUILT,   /**< the old one was no good and was moved aside   */
};

/** A copy of a record; etag has a NUL behind it. */
struct store_copy {
	char *body; /**< owned, a NUL behind it */
	size_t len;
	char etag[FRESHNESS_ETAG_SIZE];
	int64_t fetched, until; /**< seconds since the epoch */
};

struct store;

/**
 * @param folder  Made when it is missing (mode 0700), its files 0600; refused when others may write
 * @param size    Most bytes; a full store loses what is past its end first, then the oldest
 * @param state   Set on success
 * @param why     On failure, and with STORE_REBUILT, the reason
 */
SK_MUSTCHECK
bool store_open(const char *folder, size_t size, struct store **out, enum store_state *state,
		char why[STORE_WHY_SIZE]);
void store_close(struct store *store);
SK_DEFINE_CLEANUP(struct store, store_close)

/** @return false: nothing, or nothing that can be believed.  On success store_copy_deinit() frees
 */
SK_MUSTCHECK
bool store_get(struct store *store, struct sk_span url, struct store_copy *out);
void store_copy_deinit(struct store_copy *copy);

/** Replaces what is there, unless that was fetched later (but by an hour at most: no clock that
 * was far ahead once may rule).  @return false: it could not be kept */
SK_MUSTCHECK
bool store_put(struct store *store, const struct fetch_kept *kept);

/** As many store_put() in few transactions.  @return How many were kept */
size_t store_put_many(struct store *store, const struct fetch_kept *const *kept, size_t count);

/** Was the data found damaged?  Then nothing more is written, and the next opening makes it anew.
 * Any thread. */
SK_MUSTCHECK
bool store_condemned(const struct store *store);

/** How many records there are. */
size_t store_count(struct store *store);
