/*
 * One place after the other: a new worker gets ready on the same sockets, then the old one
 * reads no more, answers what it has and ends.  For a moment both read; each datagram goes to
 * one of them, and both would answer it alike.
 */
#include "redirector/supervisor_state.h"

static void done(struct supervisor *s, const char *result)
{
	log_print(s->log, LEVEL_INFO, "event=rolling result=%s", result);
	s->rolling = NOBODY;
}

/* Makes the next one that has somebody to follow. */
static void next(struct supervisor *s)
{
	struct member *old = NULL;

	/* a place that is empty, or just being filled, gets a new one anyway */
	while (!old && ++s->rolling < (int)s->common.places) {
		old = supervisor_member(s, (unsigned)s->rolling);
		if (old && old->phase != WORKER_READY)
			old = NULL;
	}
	if (!old) {
		done(s, "ok");
		return;
	}
	if (!supervisor_spawn(s, old->index)) {
		done(s, "failed");
		return;
	}
	s->made = supervisor_other(s, old);
}

void supervisor_roll(struct supervisor *s)
{
	if (s->rolling != NOBODY || !s->ready)
		return;
	log_print(s->log, LEVEL_INFO, "event=rolling");
	next(s);
}

static void retire(struct supervisor *s, struct member *old)
{
	old->retiring = true;
	old->since_ms = supervisor_now(s);
	if (!supervisor_tell(old, "retire", -1))
		supervisor_kill(old, "it does not listen");
	supervisor_select(s);
}

void supervisor_roll_on(struct supervisor *s)
{
	struct member *old;

	if (s->rolling == NOBODY)
		return;
	if (s->made->pid == 0) { /* the old one stays, or the place is filled in the usual way */
		done(s, "failed");
		return;
	}
	if (s->made->phase == WORKER_STARTING)
		return;
	old = supervisor_other(s, s->made);
	if (!old)
		next(s);
	else if (!old->retiring)
		retire(s, old);
}
