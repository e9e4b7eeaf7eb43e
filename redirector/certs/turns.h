/**
 * @file turns.h  Who may run now: so many at once, so many to one host, the others in a queue
 *
 * Pure.  First come, first served, except that nobody waits behind a host that
 * has its share already; and one host may fill no more than half of the queue,
 * so that it cannot keep the others out.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>

/** Embedded in what runs.  All fields but `host` are for turns only. */
struct turn {
	struct turn *prev, *next;
	struct sk_span host; /* the owner's, until turns_remove() */
	bool running;
};

struct turns {
	struct turn waiting, running; /* heads of rings */
	size_t queued, active;
	size_t parallel, per_host, queue; /* limits, may be changed at any time */
};

void turns_init(struct turns *turns, size_t parallel, size_t per_host, size_t queue);

/** Could one more of this host run at once? */
SK_MUSTCHECK
bool turns_free_for(const struct turns *turns, struct sk_span host);

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
