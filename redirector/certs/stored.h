/**
 * @file stored.h  A fetcher with the store in front of another fetcher
 *
 *   start -> (reader thread: store) -> fresh and newer than the owner's: done
 *                                   -> else the inner fetcher, with the copy's etag
 *   inner failed (class FETCH, not refused), the owner has nothing, and the copy is at most
 *   CACHE_STALE_MAX past its end: done, with the copy
 *   keep  -> (writer thread: store)
 *
 * Neither thread is ever waited for on the loop: a reader that does not answer
 * within STORED_PATIENCE ms sends the job to the inner fetcher; the queues are
 * bounded, and what finds no place is counted and goes on without the store.
 */
#pragma once

#include "redirector/base/clock.h"
#include "redirector/base/log.h"
#include "redirector/base/loop.h"
#include "redirector/certs/fetch.h"
#include "redirector/certs/store.h"

enum {
	STORED_PATIENCE = 50, /**< milliseconds a look-up may take             */
	STORED_QUEUE = 1024,  /**< most look-ups, and most writes, in the queue */
};

struct stored_counters {
	uint64_t hits, misses, late, stale; /**< look-ups; late: also those that found no place
					in the queue; stale: served since the network failed */
	uint64_t kept, lost; /**< writes; lost: queue or store full                 */
};

/**
 * @param log    A warning when something is lost, once a minute at most; an error when the data is
 *               found damaged, once; NULL: none
 * @param store  Taken over on success
 * @param inner  Must outlive it
 */
SK_MUSTCHECK
bool stored_new(struct loop *loop, const struct clock *clock, struct log *log, struct store *store,
		struct fetcher *inner, struct fetcher **out);

/** Waits for writes in hand (bounded), then closes the store.  All jobs are done or stopped. */
void stored_free(struct fetcher *stored);

/** As of now. */
void stored_counters(const struct fetcher *stored, struct stored_counters *out);
