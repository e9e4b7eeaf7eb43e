/**
 * @file tally.h  What was counted for each tenant, in memory that all workers share
 *
 * Made before workers are forked; a slot belongs to a name for as long as the service runs,
 * so that a reload counts on.  Slots are taken and counted without a lock (C11 atomics,
 * relaxed); names of tenants are at most 64 bytes, those of trunks "TENANT/TRUNK".
 *
 * Trunks have a table of their own, in which each tenant gets so many slots: whatever one names
 * its trunks, and however often it changes that, the others have room.  Only there a slot may get
 * another name: of the same tenant, and when nobody holds it.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tally_count {
	TALLY_CALLS,   /**< INVITEs that were its                                   */
	TALLY_REPEATS, /**< of them retransmissions                                 */
	TALLY_SIGNED,
	TALLY_PASSED,     /**< TN-Validation-Passed                                    */
	TALLY_FAILED,     /**< TN-Validation-Failed                                    */
	TALLY_UNVERIFIED, /**< No-TN-Validation                                        */
	TALLY_BLOCKED,    /**< ended by a list or an action                            */
	TALLY_LIMITED,    /**< over its limit                                          */
	TALLY_FAULTS,     /**< outcomes of class OURS but SK_NO_CREDENTIAL and limits  */
	TALLY_FETCHES,    /**< certificates fetched for it                             */
	TALLY_UNFETCHED,  /**< not fetched because of limits.fetches                   */
	TALLY_BILLABLE,
	TALLY_LAST,
};

enum {
	TALLY_NAME_SIZE = 132, /**< room for "TENANT/TRUNK" and its terminator */
	TALLY_TRUNKS_MAX = 64, /**< of one tenant at once */
};

/** One tenant's, or one trunk's; lives as long as the tally. */
struct tally_slot {
	_Atomic uint32_t state; /* these two for tally.c alone */
	_Atomic uint32_t held;  /* by so many: the name stays */
	char name[TALLY_NAME_SIZE];
	_Atomic uint64_t n[TALLY_LAST];
	_Atomic int64_t calls_at;   /**< state of limits.rate, for bucket.h    */
	_Atomic int64_t fetches_at; /**< state of limits.fetches               */
	_Atomic int64_t waiting;    /**< calls of it that wait                 */
};

struct tally;

/** @param max  Most tenants; there is room for as many that are gone.  @return NULL when out of
 * memory */
struct tally *tally_new(size_t max);
void tally_free(struct tally *tally);
SK_DEFINE_CLEANUP(struct tally, tally_free)

/**
 * The slot of a name, made when there is none yet.
 *
 * @param name  "TENANT", or "TENANT/TRUNK": its name stays until tally_drop()
 *
 * @return NULL when all are taken, or the name is too long; of a trunk also when its tenant has
 *         twice TALLY_TRUNKS_MAX slots, all of them held
 */
struct tally_slot *tally_slot(struct tally *tally, struct sk_span name);

/** Nobody asks for it any more; its counts stay, while there is room.  NULL is allowed. */
void tally_drop(struct tally_slot *slot);

static inline void tally_add(struct tally_slot *slot, enum tally_count what)
{
	if (slot)
		atomic_fetch_add_explicit(&slot->n[what], 1, memory_order_relaxed);
}

/** "calls", "repeats", ...: stable, for logs and metrics. */
const char *tally_count_name(enum tally_count what);

/** Visits every slot that is taken. */
void tally_each(struct tally *tally, void (*visit)(void *arg, const struct tally_slot *slot),
		void *arg);
