/*
 * Every connection waits for one thing at a time, and stands in the list of all that wait for
 * the same: as they may wait equally long, the first of a list is the one whose time is up
 * first.  So one timer does, and a message costs no call of the kernel for it.
 */
#include "redirector/net/stream_state.h"

#include "redirector/base/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static int64_t now_of(const struct streams *ss)
{
	return ss->parts.clock->mono(ss->parts.clock);
}

/* How long a connection may wait so. */
static int64_t limit_of(const struct streams *ss, enum stream_wait wait)
{
	const struct streams_limits *set = &ss->limits;

	switch (wait) {
	case STREAM_HANDSHAKE:
		return set->handshake;
	case STREAM_MESSAGE:
		return set->message_time;
	case STREAM_SEND:
		return set->send_time;
	case STREAM_IDLE:
	case STREAM_CLOSED:
	case STREAM_WAITS:
	default:
		return set->idle;
	}
}

static void arm(struct streams *ss, int64_t due, int64_t now)
{
	if (ss->armed != 0 && ss->armed <= due)
		return;
	/* the timer that was set before, or the next who waits, tries again */
	if (timer_set(ss->deadline, due - now))
		ss->armed = due;
}

static void leave(struct stream *s)
{
	struct stream_list *list = &s->home->waits[s->wait];

	*(s->prev ? &s->prev->next : &list->first) = s->next;
	*(s->next ? &s->next->prev : &list->last) = s->prev;
	s->prev = s->next = NULL;
}

void stream_set_wait(struct stream *s, enum stream_wait wait, bool fresh)
{
	struct streams *ss = s->home;
	struct stream_list *list;

	if (s->wait == wait && !fresh)
		return;
	if (s->wait != STREAM_WAITS)
		leave(s);
	s->wait = wait;
	if (wait == STREAM_WAITS)
		return;
	list = &ss->waits[wait];
	s->prev = list->last;
	*(list->last ? &list->last->next : &list->first) = s;
	list->last = s;
	if (wait == STREAM_CLOSED)
		return;
	s->since = now_of(ss);
	arm(ss, s->since + limit_of(ss, wait), s->since);
}

/* Its time is up. */
static void give_up(struct stream *s)
{
	struct streams *ss = s->home;

	if (s->wait == STREAM_HANDSHAKE)
		stream_count(ss, STREAMS_HANDSHAKES);
	else if (s->wait == STREAM_MESSAGE)
		stream_count(ss, STREAMS_SLOW);
	else if (s->wait == STREAM_IDLE)
		stream_count(ss, STREAMS_IDLE);
	else if (stream_has_output(s) || s->again)
		stream_count(ss, STREAMS_UNREAD);
	stream_close(s);
}

static void on_deadline(void *arg)
{
	struct streams *ss = arg;
	int64_t now = now_of(ss);

	ss->armed = 0;
	for (enum stream_wait wait = 0; wait < STREAM_CLOSED; wait++) {
		int64_t limit = limit_of(ss, wait);
		struct stream_list *list = &ss->waits[wait];

		while (list->first && list->first->since + limit <= now)
			give_up(list->first);
		if (list->first)
			arm(ss, list->first->since + limit, now);
	}
}

void streams_set_limits(struct streams *ss, const struct streams_limits *limits)
{
	ss->limits = *limits;
	if (ss->limits.message_max > STREAM_READ)
		ss->limits.message_max = STREAM_READ;
	on_deadline(ss);
}

int64_t streams_per_source(int64_t wanted, int64_t connections, size_t workers)
{
	int64_t most = connections / 2 / (int64_t)workers;

	if (most < 1)
		most = 1;
	return wanted < most ? wanted : most;
}

void streams_set_tls(struct streams *ss, struct tls *tls)
{
	struct tls *old = ss->tls;

	ss->tls = tls ? tls_ref(tls) : NULL;
	tls_unref(old);
}

bool streams_new(const struct streams_parts *parts, const struct streams_limits *limits,
		 struct streams **out, char why[256])
{
	SK_CLEANUP(streams_free_p) struct streams *ss = calloc(1, sizeof(*ss));

	if (ss) {
		ss->parts = *parts;
		ss->deadline = timer_new(parts->loop, on_deadline, ss);
		ss->scratch = pages_new(STREAM_READ);
	}
	if (!ss || !ss->deadline || !ss->scratch || !streams_accept_new(ss) ||
	    getrandom(&ss->seed, sizeof(ss->seed), 0) != (ssize_t)sizeof(ss->seed)) {
		snprintf(why, 256, "streams: out of memory");
		return false;
	}
	streams_set_limits(ss, limits);
	*out = sk_steal(ss);
	return true;
}

/* A last turn for all: what has come already is not lost.  Each leaves its list for that of
 * those who wait for their answers, or is closed. */
void streams_drain(struct streams *ss)
{
	ss->draining = true;
	streams_accept_stop(ss);
	for (enum stream_wait wait = 0; wait < STREAM_SEND; wait++)
		while (ss->waits[wait].first) {
			struct stream *s = stream_ref(ss->waits[wait].first);

			stream_on_event(s, s->fd, LOOP_IN);
			if (s->fd >= 0 && s->handshaking)
				stream_close(s);
			else if (s->fd >= 0)
				stream_end(s);
			stream_unref(s);
		}
	for (struct stream *s = ss->waits[STREAM_SEND].first; s; s = s->next)
		s->ending = true;
}

size_t streams_count(const struct streams *ss)
{
	return ss->count;
}

void streams_free(struct streams *ss)
{
	if (!ss)
		return;
	streams_accept_stop(ss);
	for (enum stream_wait wait = 0; wait < STREAM_CLOSED; wait++)
		while (ss->waits[wait].first)
			stream_close(ss->waits[wait].first);
	for (struct stream *s = ss->waits[STREAM_CLOSED].first; s; s = s->next)
		s->home = NULL;
	acceptor_free(ss->acceptor);
	timer_free(ss->deadline);
	tls_unref(ss->tls);
	if (ss->scratch)
		pages_free(ss->scratch, STREAM_READ);
	free(ss->spare_out);
	free(ss);
}

const char *streams_count_name(enum streams_count what)
{
	static const char *const names[STREAMS_LAST] = {
		[STREAMS_ACCEPTED] = "accepted", [STREAMS_STRANGERS] = "strangers",
		[STREAMS_OVER] = "over",         [STREAMS_SOURCE_OVER] = "source_over",
		[STREAMS_FULL] = "full",         [STREAMS_MESSAGES] = "messages",
		[STREAMS_PINGS] = "pings",       [STREAMS_GARBAGE] = "garbage",
		[STREAMS_SLOW] = "slow",         [STREAMS_IDLE] = "idle",
		[STREAMS_UNREAD] = "unread",     [STREAMS_HANDSHAKES] = "handshakes",
		[STREAMS_GONE] = "gone",
	};

	return names[what];
}
