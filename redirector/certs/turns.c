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
		count += sk_span_eq_nocase(t->host, host);
	return count;
}

void turns_init(struct turns *turns, size_t parallel, size_t per_host, size_t queue)
{
	*turns = (struct turns){ .parallel = parallel, .per_host = per_host, .queue = queue };
	ring_init(&turns->waiting);
	ring_init(&turns->running);
}

bool turns_free_for(const struct turns *turns, struct sk_span host)
{
	return turns->active < turns->parallel &&
	       count_host(&turns->running, host) < turns->per_host;
}

enum turns_place turns_add(struct turns *turns, struct turn *turn)
{
	size_t of_host =
		count_host(&turns->running, turn->host) + count_host(&turns->waiting, turn->host);

	/* one host may fill no more than half of the queue */
	if (of_host >= turns->per_host + (turns->queue + 1) / 2)
		return TURNS_HOST_FULL;
	/* who can run at once takes no place in the queue, only passes through it */
	if (turns->active + turns->queued >= turns->parallel + turns->queue ||
	    (of_host >= turns->per_host && turns->queued >= turns->queue))
		return TURNS_FULL;
	turn->running = false;
	ring_append(&turns->waiting, turn);
	turns->queued++;
	return TURNS_IN;
}

struct turn *turns_next(struct turns *turns)
{
	for (struct turn *t = turns->waiting.next; t != &turns->waiting; t = t->next) {
		if (!turns_free_for(turns, t->host))
			continue;
		ring_remove(t);
		turns->queued--;
		ring_append(&turns->running, t);
		turns->active++;
		t->running = true;
		return t;
	}
	return NULL;
}

void turns_remove(struct turns *turns, struct turn *turn)
{
	ring_remove(turn);
	*(turn->running ? &turns->active : &turns->queued) -= 1;
}
