/*
 * Two rings.  Hosts are compared by walking the ring of those that run, which is
 * as long as certs.parallel: short enough that a table would cost more.
 */
#include "redirector/certs/turns.h"

static void ring_init(struct turn *head)
{
	head->prev = head->next = head;
}

static void ring_append(struct turn *head, struct turn *turn)
{
	turn->prev = head->prev;
	turn->next = head;
	head->prev->next = turn;
	head->prev = turn;
}

static void ring_remove(struct turn *turn)
{
	turn->prev->next = turn->next;
	turn->next->prev = turn->prev;
	turn->prev = turn->next = NULL;
}

static size_t count_host(const struct turn *head, struct sk_span host)
{
	size_t count = 0;

	for (const struct turn *t = head->next; t != head; t = t->next)
		count += t->kind != TURN_OURS && sk_span_eq_nocase(t->host, host);
	return count;
}

static size_t half(size_t limit)
{
	return (limit + 1) / 2;
}

/* Of all strangers' wishes, known hosts and new ones. */
static size_t strangers(const size_t counts[TURN_KINDS])
{
	return counts[TURN_KNOWN] + counts[TURN_NEW];
}

void turns_init(struct turns *turns, size_t parallel, size_t per_host, size_t queue)
{
	*turns = (struct turns){ .parallel = parallel, .per_host = per_host, .queue = queue };
	ring_init(&turns->waiting);
	ring_init(&turns->running);
}

size_t turns_queued(const struct turns *turns)
{
	return strangers(turns->queued) + turns->queued[TURN_OURS];
}

bool turns_free_for(const struct turns *turns, enum turn_kind kind, struct sk_span host)
{
	const size_t *active = turns->active;

	if (kind == TURN_OURS)
		return active[TURN_OURS] < TURNS_OURS;
	if (kind == TURN_NEW && active[TURN_NEW] >= half(turns->parallel))
		return false;
	return strangers(active) < turns->parallel &&
	       count_host(&turns->running, host) < turns->per_host;
}

/* Is there no place for one more?  Who can run at once takes none in the queue, only passes
 * through it. */
static bool is_full(const struct turns *turns, enum turn_kind kind, bool host_busy)
{
	const size_t all = strangers(turns->active) + strangers(turns->queued);
	const size_t fresh = turns->active[TURN_NEW] + turns->queued[TURN_NEW];

	if (kind == TURN_NEW && fresh >= half(turns->parallel) + half(turns->queue))
		return true;
	return all >= turns->parallel + turns->queue ||
	       (host_busy && strangers(turns->queued) >= turns->queue);
}

static enum turns_place place_for(const struct turns *turns, const struct turn *turn)
{
	const size_t of_host =
		count_host(&turns->running, turn->host) + count_host(&turns->waiting, turn->host);

	/* one host may fill no more than half of the queue */
	if (of_host >= turns->per_host + half(turns->queue))
		return TURNS_HOST_FULL;
	return is_full(turns, turn->kind, of_host >= turns->per_host) ? TURNS_FULL : TURNS_IN;
}

enum turns_place turns_add(struct turns *turns, struct turn *turn)
{
	/* how many of ours there can be the configuration says */
	const enum turns_place place = turn->kind == TURN_OURS ? TURNS_IN : place_for(turns, turn);

	if (place != TURNS_IN)
		return place;
	turn->running = false;
	ring_append(&turns->waiting, turn);
	turns->queued[turn->kind]++;
	return TURNS_IN;
}

struct turn *turns_next(struct turns *turns)
{
	for (struct turn *t = turns->waiting.next; t != &turns->waiting; t = t->next) {
		if (!turns_free_for(turns, t->kind, t->host))
			continue;
		ring_remove(t);
		turns->queued[t->kind]--;
		ring_append(&turns->running, t);
		turns->active[t->kind]++;
		t->running = true;
		return t;
	}
	return NULL;
}

void turns_remove(struct turns *turns, struct turn *turn)
{
	ring_remove(turn);
	(turn->running ? turns->active : turns->queued)[turn->kind] -= 1;
}
