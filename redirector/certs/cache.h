/**
 * @file cache.h  URL -> entry: bounded, oldest out first, failures for a while
 *
 * No I/O and no clock: times come in as milliseconds of the monotonic clock.
 * Entries that are no good (no chain, or one that is not trusted) leave first:
 * a stranger who names a thousand addresses must not push out what calls need.
 */
#pragma once

#include "redirector/certs/certs.h"
#include "redirector/certs/fetch.h"
#include "redirector/certs/judge.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CACHE_BACKOFF_MAX = 600,     /**< seconds a failure is kept at most                     */
	CACHE_STALE_MAX = 24 * 3600, /**< seconds a chain serves on while it cannot be renewed */
};

struct certs_entry {
	struct certs_entry *prev, *next; /* of its ring: cache only */
	bool good;                       /* which ring              */
	struct sk_span url;              /* owned, with a NUL behind it */
	struct certs *certs;             /* whose it is                 */

	struct certs_wait waits; /* head of the ring of calls, oldest first */
	struct fetch_job job;
	bool fetching;
	int64_t began_us; /* the fetch under way */
	unsigned pins;    /* handlers that look at it */

	struct judged judged;
	enum sk_err err; /* why there is no chain; SK_OK: not known */
	char etag[FRESHNESS_ETAG_SIZE];

	unsigned failures; /* in a row */
	int64_t fetched, refresh_at, fresh_until;
	int64_t stale_until;  /* not beyond, without a renewal             */
	int64_t fetched_wall; /* the copy left the network, seconds since the epoch */
	int64_t retry_at;     /* not before, after a failure */
	int64_t suspected_at; /* 0: never                    */
};

struct cache;

/** @return NULL when out of memory */
struct cache *cache_new(size_t limit);

/** Entries are freed as they are: stop their jobs first. */
void cache_free(struct cache *cache);
SK_DEFINE_CLEANUP(struct cache, cache_free)

size_t cache_count(const struct cache *cache);

/** How many entries had to leave for others. */
uint64_t cache_evicted(const struct cache *cache);

/** @return The entry, or NULL */
struct certs_entry *cache_get(const struct cache *cache, struct sk_span url);

/** A new entry, for a URL that has none.  @return NULL when all are busy, or out of memory */
struct certs_entry *cache_add(struct cache *cache, struct sk_span url);

/** Was just used; `good` says among which it stands. */
void cache_touch(struct cache *cache, struct certs_entry *entry, bool good);

/** Takes it out and frees it. */
void cache_drop(struct cache *cache, struct certs_entry *entry);

/** Another limit; busy entries stay beyond it.  @return false, and nothing changed, when out of
 * memory */
SK_MUSTCHECK
bool cache_limit(struct cache *cache, size_t limit);

/** Chains that were not trusted may be asked for again: the trust is another one. */
void cache_retry(struct cache *cache);

void cache_each(struct cache *cache, void (*visit)(void *arg, struct certs_entry *entry),
		void *arg);

/** A wait, a fetch or a handler holds it. */
bool entry_busy(const struct certs_entry *entry);

/** Nothing is known of its URL, and nobody holds it: it may go. */
bool entry_empty(const struct certs_entry *entry);

/** The calls that wait, in the order they came; a call is in one ring or in none. */
void entry_join(struct certs_entry *entry, struct certs_wait *wait);
void entry_leave(struct certs_wait *wait);

/** Moves all of them to another head: whoever joins from now on waits for the next fetch. */
void entry_take_waits(struct certs_entry *entry, struct certs_wait *head);

/** How long this failure counts, in seconds: twice as long each time.  Counts it. */
int64_t entry_backoff(struct certs_entry *entry, int64_t base);

/** Has no chain any more, because of `err`. */
void entry_clear(struct certs_entry *entry, enum sk_err err);

/** Keeps the verdict on a chain that is not trusted, and lets the chain go: a stranger's file must
 * not take memory. */
void entry_shed(struct certs_entry *entry);

/** Its chain is good for `keep` seconds from now on. */
void entry_keep(struct certs_entry *entry, int64_t keep, int64_t now);

/** It left the network `age` seconds ago, and should have been renewed `late` seconds ago. */
void entry_age(struct certs_entry *entry, int64_t age, int64_t late);

/** It has a chain that may serve until a renewal works. */
bool entry_stale_ok(const struct certs_entry *entry, int64_t now, int64_t wall);

/** It has an answer, so that no call need wait. */
bool entry_answers(const struct certs_entry *entry, int64_t now, int64_t wall);

/** It has a chain, and it is time to look for a newer one. */
bool entry_due(const struct certs_entry *entry, int64_t now);
