/**
 * @file turns.h  Who may run now: so many at once, so many to one host, the others in a queue
 *
 * Pure.  First come, first served, with four exceptions: nobody waits behind a host
 * that has its share already; one host may fill no more than half of the queue; all hosts
 * that are not known to answer have half of the places and half of the queue between them,
 * since names that never repeat are free for whoever sends calls; and what the
 * configuration itself asks for has places of its own.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	TURNS_OURS = 4, /**< places beyond `parallel` for what we want ourselves */
};

enum turn_kind {
	TURN_KNOWN, /**< a stranger's wish, of a host that has answered before      */
	TURN_NEW,   /**< ... of any other host                                      */
	TURN_OURS,  /**< ours: no host's share and no queue's end counts for it     */
	TURN_KINDS,
};

/** Embedded in what runs.  All fields but `host` and `kind` are for turns only. */
struct turn {
	struct turn *prev, *next;
	struct sk_span host; /* the owner's, until turns_remove() */
	enum turn_kind kind;
	bool running;
};

struct turns {
	struct turn waiting, running; /* heads of rings */
	size_t queued[TURN_KINDS], active[TURN_KINDS];
	size_t parallel, per_host, queue; /* limits, may be changed at any time */
};

void turns_init(struct turns *turns, size_t parallel, size_t per_host, size_t queue);

/** How many wait. */
size_t turns_queued(const struct turns *turns);

/** Could one more of this host run at once? */
SK_MUSTCHECK
bool turns_free_for(const struct turns *turns, enum turn_kind kind, struct sk_span host);

enum turns_place {
	TURNS_IN,        /**< it stands in the queue                          */
	TURNS_FULL,      /**< the queue is full: our limit                    */
	TURNS_HOST_FULL, /**< this host has its share and more: it is slow    */
};

/** Joins the queue. */
SK_MUSTCHECK
enum turns_place turns_add(struct turns *turns, struct turn *turn);

/** The next one to run, now counted as running; NULL: none may. */
struct turn *turns_next(struct turns *turns);

/** Leaves the queue, or has run. */
void turns_remove(struct turns *turns, struct turn *turn);
