/*
 * Who comes in.  All that can be known of a connection without reading from it is judged first;
 * who is refused is reset, so that nothing of it stays with us.
 *
 * What surprises: one descriptor is kept in reserve.  When there is no other, it is given up for
 * a moment to take those who wait and turn them away, who would wait for us in vain.
 */
#include "redirector/net/stream_state.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	ACCEPT_TURN = 64, /* connections of one event */
	RESUME_MS = 100,
	/* a peer that vanished is noticed in two minutes, if it was idle so long */
	KEEPALIVE_IDLE_S = 60,
	KEEPALIVE_STEP_S = 15,
	KEEPALIVE_COUNT = 4,
	/* the kernel's part of what a client leaves unread; by itself it grows to megabytes */
	KERNEL_BUFFER = 64 << 10, /* it takes twice as much (socket(7)) */
};

static void refuse(int fd)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
}

static void watch_listeners(struct streams *ss, int events)
{
	for (size_t i = 0; i < ss->listener_count; i++)
		if (!watch_set(ss->listeners[i].watch, events))
			stream_count(ss, STREAMS_FULL);
}

void streams_resume(struct streams *ss)
{
	if (!ss->paused)
		return;
	ss->paused = false;
	timer_stop(ss->resume);
	if (ss->spare < 0)
		ss->spare = eventfd(0, EFD_CLOEXEC);
	watch_listeners(ss, LOOP_IN);
}

void streams_on_resume(void *arg)
{
	streams_resume(arg);
}

/* Were the listeners still watched, the loop would come back here at once, and for ever. */
static void pause_accepting(struct streams *ss)
{
	stream_count(ss, STREAMS_FULL);
	if (!timer_set(ss->resume, RESUME_MS))
		return;
	ss->paused = true;
	watch_listeners(ss, 0);
}

static void turn_away(struct streams *ss, int listener)
{
	for (unsigned i = 0; i < ACCEPT_TURN && ss->spare >= 0; i++) {
		int fd;

		close(ss->spare);
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			refuse(fd);
		ss->spare = eventfd(0, EFD_CLOEXEC);
		if (fd < 0)
			return;
	}
}

static bool are_too_many(const struct streams *ss)
{
	int64_t open = 0;

	for (size_t i = 0; i < ss->parts.workers; i++)
		open += atomic_load_explicit(&ss->parts.open[i], memory_order_relaxed);
	return open >= ss->limits.connections;
}

/* @return STREAMS_ACCEPTED, or why not */
static enum streams_count judge(const struct stream_listener *l, const struct addr *source,
				struct stream_source **from)
{
	struct streams *ss = l->home;

	if (!ss->parts.admits(ss->parts.admits_arg, source))
		return STREAMS_STRANGERS;
	if (are_too_many(ss))
		return STREAMS_OVER;
	if (l->tls && !ss->tls)
		return STREAMS_HANDSHAKES;
	if (ss->parts.pays && !ss->parts.pays(ss->parts.handler_arg, source, l->tls))
		return STREAMS_SOURCE_OVER;
	switch (stream_source_take(ss, source, from)) {
	case STREAM_SOURCE_OVER:
		return STREAMS_SOURCE_OVER;
	case STREAM_SOURCE_NO_MEMORY:
		return STREAMS_FULL;
	case STREAM_SOURCE_OK:
	default:
		return STREAMS_ACCEPTED;
	}
}

/* @return NULL: out of memory */
static struct stream *make(const struct stream_listener *l, int fd, const struct addr *source)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct stream){
		.refs = 1,
		.home = l->home,
		.fd = fd,
		.events = LOOP_IN,
		.source = *source,
		.local = l->local,
		.handshaking = l->tls,
		.wait = STREAM_WAITS,
	};
	s->local.len = sizeof(s->local.sa);
	if (getsockname(fd, &s->local.sa.any, &s->local.len) < 0)
		s->local = l->local;
	if (l->tls)
		s->tls = tls_session_new(l->home->tls, fd);
	if (!l->tls || s->tls)
		s->watch = watch_new(l->home->parts.loop, fd, LOOP_IN, stream_on_event, s);
	if (s->watch)
		return s;
	tls_session_free(s->tls);
	free(s);
	return NULL;
}

static void take_in(const struct stream_listener *l, int fd, const struct addr *source)
{
	struct streams *ss = l->home;
	struct stream_source *from = NULL;
	enum streams_count verdict = judge(l, source, &from);
	struct stream *s = NULL;

	if (verdict == STREAMS_ACCEPTED) {
		s = make(l, fd, source);
		verdict = s ? STREAMS_ACCEPTED : STREAMS_FULL;
	}
	stream_count(ss, verdict);
	if (!s) {
		if (from)
			stream_source_drop(ss, from);
		refuse(fd);
		return;
	}
	s->from = from;
	ss->count++;
	atomic_fetch_add_explicit(&ss->parts.open[ss->parts.self], 1, memory_order_relaxed);
	stream_set_wait(s, l->tls ? STREAM_HANDSHAKE : STREAM_IDLE, true);
}

static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void on_connection(void *arg, int listener, int events)
{
	const struct stream_listener *l = arg;

	(void)events;
	for (unsigned i = 0; i < ACCEPT_TURN; i++) {
		struct addr source = { .len = sizeof(source.sa) };
		int fd = accept4(listener, &source.sa.any, &source.len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			take_in(l, fd, &source);
		} else if (is_shortage(errno)) {
			turn_away(l->home, listener);
			pause_accepting(l->home);
			return;
		} else if (errno == EAGAIN) {
			return;
		} /* else that one has gone again (accept(2)): the next */
	}
}

/* What is set on a listening socket its connections have from the start. */
static void set_options(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S },
		{ IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_STEP_S },
		{ IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT },
		{ SOL_SOCKET, SO_SNDBUF, KERNEL_BUFFER },
		{ SOL_SOCKET, SO_RCVBUF, KERNEL_BUFFER },
	};

	for (size_t i = 0; i < SK_COUNT(options); i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			   sizeof(options[i].value));
}

bool streams_listen(struct streams *ss, int fd, bool tls, char why[256])
{
	struct stream_listener *l;
	struct addr local = { .len = sizeof(local.sa) };
	int flags = fcntl(fd, F_GETFL);

	if (ss->listener_count == STREAM_LISTENERS) {
		snprintf(why, 256, "more than %d listeners", STREAM_LISTENERS);
		return false;
	}
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    getsockname(fd, &local.sa.any, &local.len) < 0) {
		snprintf(why, 256, "a listening socket: %s", strerror(errno));
		return false;
	}
	set_options(fd);
	l = &ss->listeners[ss->listener_count];
	*l = (struct stream_listener){ .home = ss, .fd = fd, .tls = tls, .local = local };
	l->watch = watch_new(ss->parts.loop, fd, LOOP_IN, on_connection, l);
	if (!l->watch) {
		snprintf(why, 256, "a listening socket cannot be watched");
		return false;
	}
	ss->listener_count++;
	return true;
}
