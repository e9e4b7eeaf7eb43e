/**
 * @file history.h  The last hour, in steps of ten seconds, in memory that outlives the web process
 *
 * For the live page.  Written by the web process alone from sums that only grow (of all
 * processes, also of those that are gone); whoever replaces it goes on where it ended: what was
 * counted meanwhile belongs to the step in which its predecessor died.
 *
 * Time is the monotonic clock, so that a corrected wall clock moves nothing.  A step in which
 * nobody looked has no slot of its own: the next one covers it and says so by its length.  What
 * was torn by a kill is left out; a region that is not ours begins anew.
 */
#pragma once

#include "redirector/call/steps.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HISTORY_SLOTS = 360,
	HISTORY_STEP_MS = 10000,
};

/** What is kept of each step. */
enum history_item {
	HISTORY_CALLS, /**< and questions by HTTP                        */
	HISTORY_SIGNED_A,
	HISTORY_SIGNED_B,
	HISTORY_SIGNED_C,
	HISTORY_PASSED,
	HISTORY_FAILED,
	HISTORY_UNVERIFIED,
	HISTORY_FAULTS,    /**< of our own                                   */
	HISTORY_OVERLOAD,  /**< turned away: too many at once                */
	HISTORY_UNFETCHED, /**< fetches of certificates that failed          */
	HISTORY_LAST,
};

/** "calls", "signed_a", ...: stable, the names in the page's data. */
const char *history_name(enum history_item item);

/** Sums since the start of the service. */
struct history_sums {
	uint64_t n[HISTORY_LAST];
	uint64_t buckets[STEP_LAST][STEP_BOUNDS + 1];
};

/** One step, or several of them. */
struct history_slot {
	uint64_t check; /**< for history.c alone, as the next one */
	int64_t step;
	int64_t began_ms, ended_ms; /**< monotonic */
	uint32_t n[HISTORY_LAST];
	uint32_t buckets[STEP_LAST][STEP_BOUNDS + 1];
};

struct history;

/** Bytes of the region, zeroed before its first use. */
size_t history_bytes(void);

/**
 * @param memory  Of history_bytes(), aligned for 64 bits; borrowed
 * @param now_ms  Of the monotonic clock
 *
 * @return NULL when out of memory
 */
struct history *history_at(void *memory, int64_t now_ms);
void history_free(struct history *history);
SK_DEFINE_CLEANUP(struct history, history_free)

/** To be called every second or so.  A sum below what it was counts as nothing. */
void history_add(struct history *history, int64_t now_ms, const struct history_sums *sums);

/** Visits the slots of the last hour, oldest first; the last one is not over yet. */
void history_each(const struct history *history, int64_t now_ms,
		  void (*visit)(void *arg, const struct history_slot *slot), void *arg);

/** Adds up those that ended within the last `ms`. */
void history_sum(const struct history *history, int64_t now_ms, int64_t ms,
		 struct history_sums *out);

/**
 * Which time a share of all were below, microseconds: interpolated within its bucket.
 *
 * @param share  0 < share <= 1: 0.95
 *
 * @return -1 when there are none; beyond the last bound the last bound: it is at least that
 */
int64_t history_percentile(const uint64_t buckets[STEP_BOUNDS + 1], double share);
