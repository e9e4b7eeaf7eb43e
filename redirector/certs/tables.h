/**
 * @file tables.h  Which keys are verified by a table (shaken/table.h)
 *
 * A key that has verified TABLES_HOT signatures gets one, made by a thread beside the loop,
 * one at a time.  At most certs.tables of them; then a key that is used twice as much as the
 * one used least takes its place.  A table goes with its chain.
 */
#pragma once

#include "redirector/base/clock.h"
#include "redirector/base/loop.h"
#include "shaken/cert.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	TABLES_HOT = 1000,      /**< verifications; a table costs what 500 of them save   */
	TABLES_STEP = 64,       /**< and so many between two looks at a chain             */
	TABLES_PERIOD = 300000, /**< ms after which an old verification counts half       */
	TABLES_PAUSE = 1000,    /**< ms at least between two keys that have to make place */
};

struct tables;

/** Who holds a chain holds this beside it, zeroed at first, and stays where it is. */
struct table_use {
	/* for tables.c only */
	struct table_use *prev, *next; /* the ring of those with a table         */
	struct tables *tables;         /* it has a table, or one is being made   */
	struct sk_chain *chain;        /* then: its own                          */
	uint64_t due;                  /* verifications until the next look      */
	uint64_t seen, score;          /* of them by then; and what they count   */
	int64_t period;                /* when that was                          */
};

struct tables_counters {
	uint64_t built, failed, evicted;
	uint64_t verified; /**< signatures by a table, up to TABLES_STEP behind for each key */
	size_t count;      /**< tables now                                                  */
	bool building;     /**< one is being made                                           */
};

/**
 * @param loop   NULL: no table is ever made
 * @param clock  Must outlive it
 *
 * @return NULL when out of memory
 */
struct tables *tables_new(struct loop *loop, const struct clock *clock, int64_t limit);

/** Waits for the table being made, if any (20 ms).  Tables go with their chains, also later. */
void tables_free(struct tables *tables);
SK_DEFINE_CLEANUP(struct tables, tables_free)

/** Another limit; what is beyond it goes at once. */
void tables_limit(struct tables *tables, int64_t limit);

/** A chain that verifies calls is being handed out. */
void tables_look(struct tables *tables, struct sk_chain *chain, struct table_use *use);

/** The same, for each call: nearly always a comparison. */
static inline void tables_note(struct tables *tables, struct sk_chain *chain, struct table_use *use)
{
	if (sk_chain_verified(chain) >= use->due)
		tables_look(tables, chain, use);
}

/** The chain is about to be freed. */
void tables_leave(struct table_use *use);

const struct tables_counters *tables_counters(const struct tables *tables);
