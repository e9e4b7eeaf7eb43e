/**
 * @file store_threads.h  The store's two threads: one looks up, one writes
 *
 * Questions and records go in by bounded queues; answers come back on the loop,
 * woken by an eventfd.  All functions are the loop's and never wait, but the last.
 */
#pragma once

#include "redirector/base/loop.h"
#include "redirector/certs/store.h"

enum {
	THREADS_QUEUE_BYTES = 64 << 20, /**< most bytes of records that wait to be written */
	THREADS_PATIENCE = 2000,        /**< ms that the end waits for them                */
};

/** One question.  The threads' until its answer was handled. */
struct store_ask {
	struct store_ask *next; /* threads only */
	void *owner; /**< whom the answer is for, only touched on the loop; NULL: nobody */
	struct store_copy copy; /**< of an answer; the handler may take it, leaving zeros */
	bool found;
	size_t len; /* of the URL, threads only */
	char url[];
};

/** An answer to somebody who still has an owner. */
typedef void store_answer_h(void *arg, struct store_ask *ask);

struct store_threads;

/** @param store  Taken over on success */
SK_MUSTCHECK
bool store_threads_new(struct loop *loop, struct store *store, store_answer_h *handler, void *arg,
		       struct store_threads **out);

/** Writes what waits (THREADS_PATIENCE at most), ends the threads, closes the store. */
void store_threads_free(struct store_threads *threads);

/** @return NULL: the queue is full, or out of memory.  Take the owner out to have no answer */
struct store_ask *store_threads_ask(struct store_threads *threads, struct sk_span url, void *owner);

/** Queues a copy, or counts it as lost. */
void store_threads_keep(struct store_threads *threads, const struct fetch_kept *kept);

/** As store_condemned(). */
SK_MUSTCHECK
bool store_threads_damaged(const struct store_threads *threads);

/** Records written and lost so far. */
void store_threads_count(const struct store_threads *threads, uint64_t *kept, uint64_t *lost);
