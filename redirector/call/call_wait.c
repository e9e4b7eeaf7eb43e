/*
 * One list a front, so that nothing is forgotten at the end; one deadline a call, however
 * often it has to wait.
 */
#include "redirector/call/call_wait.h"

static void waiting_remove(struct call *c)
{
	if (!c->waited)
		return;
	*(c->prev ? &c->prev->next : &c->waiting->first) = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->prev = c->next = NULL;
	c->waiting->count--;
	if (c->tenant->tally)
		tally_wait(c->tenant->table, c->tenant->tally, false);
}

static void waiting_add(struct call *c)
{
	c->waited = true;
	c->prev = NULL;
	c->next = c->waiting->first;
	if (c->next)
		c->next->prev = c;
	c->waiting->first = c;
	c->waiting->count++;
	if (c->tenant->tally)
		tally_wait(c->tenant->table, c->tenant->tally, true);
}

/* The service's room for calls that wait, and the tenant's share of it (limits.waiting). */
static bool may_wait(const struct call *c)
{
	int64_t share = c->tenant->set->limits.waiting;

	if (c->waiting->count >= c->waiting->max)
		return false;
	return share == 0 || !c->tenant->tally ||
	       tally_waiting(c->tenant->table, c->tenant->tally) < share;
}

void call_end(struct call *c)
{
	waiting_remove(c);
	if (c->timer)
		timer_stop(c->timer);
	c->done(c);
}

static void on_deadline(void *arg)
{
	struct call *c = arg;

	c->late = true;
	/* what verifying waits for is somebody's certificate: ATIS-1000082, case E8 */
	call_give_up(c, c->job ? SK_SIGNER_AWAY : SK_FETCH_TIMEOUT);
}

enum sk_err call_rest(struct call *c)
{
	if (c->waited)
		return SK_OK; /* a second Identity waits within the same deadline */
	if (!may_wait(c))
		return SK_BUSY;
	c->timer = timer_new(c->loop, on_deadline, c);
	if (!c->timer || !timer_set(c->timer, c->deadline_ms))
		return SK_ENOMEM;
	waiting_add(c);
	return SK_OK;
}
