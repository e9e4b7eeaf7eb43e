/**
 * @file tally.h  What was counted for each tenant, in memory that all workers share
 *
 * A slot belongs to a name for as long as the service runs, so that a reload counts on.  Slots
 * are taken and counted without a lock (C11 atomics, relaxed); names of tenants are at most 64
 * bytes, those of trunks "TENANT/TRUNK".
 *
 * Each process has a seat.  What it holds now, names and calls that wait, is counted in its seat,
 * so that whoever outlives it can take that back (tally_forget()).
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

/** What one process has of a slot. */
struct tally_seat {
	_Atomic uint32_t held;   /**< so many times: the name stays */
	_Atomic int32_t waiting; /**< calls that wait               */
};

/** One tenant's, or one trunk's; lives as long as the memory. */
struct tally_slot {
	_Atomic uint32_t state; /* for tally.c alone */
	char name[TALLY_NAME_SIZE];
	_Atomic uint64_t n[TALLY_LAST];
	_Atomic int64_t calls_at;   /**< state of limits.rate, for bucket.h    */
	_Atomic int64_t fetches_at; /**< state of limits.fetches               */
	struct tally_seat seats[];  /* for tally.c alone */
};

struct tally;

/** @param max  Most tenants; there is room for as many that are gone.  @return NULL when out of
 * memory */
struct tally *tally_new(size_t max);
void tally_free(struct tally *tally);
SK_DEFINE_CLEANUP(struct tally, tally_free)

/** Bytes of memory, zeroed at first, that tally_at() wants. */
size_t tally_bytes(size_t max, unsigned seats);

/**
 * The same in memory that other processes have, too.
 *
 * @param memory  Borrowed, of tally_bytes() with the same `max` and `seats` everywhere
 * @param self    The caller's seat: no other living process has it
 *
 * @return NULL when out of memory
 */
struct tally *tally_at(void *memory, size_t max, unsigned seats, unsigned self);

/** Who had this seat is dead: what it held is free. */
void tally_forget(struct tally *tally, unsigned seat);

/**
 * The slot of a name, made when there is none yet.
 *
 * @param name  "TENANT", or "TENANT/TRUNK": its name stays until tally_drop()
 *
 * @return NULL when all are taken, or the name is too long; of a trunk also when its tenant has
 *         twice TALLY_TRUNKS_MAX slots, all of them held
 */
struct tally_slot *tally_slot(struct tally *tally, struct sk_span name);

/** Nobody asks for it any more; its counts stay, while there is room.  A `slot` of NULL is allowed.
 */
void tally_drop(struct tally *tally, struct tally_slot *slot);

/** A call of it begins to wait, or does no more. */
void tally_wait(struct tally *tally, struct tally_slot *slot, bool waits);

/** How many of its calls wait, in all processes. */
int64_t tally_waiting(const struct tally *tally, const struct tally_slot *slot);

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
