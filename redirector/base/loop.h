/**
 * @file loop.h  The event loop: descriptors, timers, signals
 *
 * A thin cover over Sofia's su_root, the one place that sees `su_*`.  One loop
 * belongs to one thread.  A handler may free its own or any other watch or
 * timer.
 */
#pragma once

#include "shaken/macro.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	LOOP_IN = 1,  /**< readable, or the peer has closed */
	LOOP_OUT = 2, /**< writable                          */
	LOOP_ERR = 4, /**< an error is waiting               */
};

struct loop;
struct watch;
struct timer;

typedef void watch_h(void *arg, int fd, int events);
typedef void timer_h(void *arg);
typedef void signal_h(void *arg, int signo);

/** @return NULL when out of memory or descriptors */
struct loop *loop_new(void);
void loop_free(struct loop *loop);
SK_DEFINE_CLEANUP(struct loop, loop_free)

/** Runs until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/** Waits for events once, at most this long, and handles them; for tests. */
void loop_step(struct loop *loop, int64_t max_ms);

/** Calls `handler` when one of `events` is there.  @return NULL on failure */
struct watch *watch_new(struct loop *loop, int fd, int events, watch_h *handler, void *arg);

/** Changes what is waited for.  @return false when the loop refuses */
SK_MUSTCHECK
bool watch_set(struct watch *watch, int events);

/** Ends it; before the descriptor is closed.  NULL is allowed. */
void watch_free(struct watch *watch);
SK_DEFINE_CLEANUP(struct watch, watch_free)

/** A timer that is not running yet.  @return NULL on failure */
struct timer *timer_new(struct loop *loop, timer_h *handler, void *arg);

/** Calls the handler once, `ms` from now; replaces an earlier setting. */
SK_MUSTCHECK
bool timer_set(struct timer *timer, int64_t ms);
void timer_stop(struct timer *timer);
void timer_free(struct timer *timer);
SK_DEFINE_CLEANUP(struct timer, timer_free)

/**
 * Hands signals to `handler` from the loop, never from a signal context.  Blocks
 * them for the whole process.  At most one call in a loop's life.
 */
SK_MUSTCHECK
bool loop_signals(struct loop *loop, const int *signals, int count, signal_h *handler, void *arg);
