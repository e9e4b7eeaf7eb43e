/*
 * Who comes in.  All that can be known of a connection without reading from it is judged first;
 * who is refused is reset, so that nothing of it stays with us.
 */
#include "redirector/net/stream_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	/* the kernel's part of what a client leaves unread; by itself it grows to megabytes */
	KERNEL_BUFFER = 64 << 10, /* it takes twice as much (socket(7)) */
};

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

static void take_in(void *arg, void *listener, int fd, const struct addr *source)
{
	struct streams *ss = arg;
	const struct stream_listener *l = listener;
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
		acceptor_refuse(fd);
		return;
	}
	s->from = from;
	ss->count++;
	atomic_fetch_add_explicit(&ss->parts.open[ss->parts.self], 1, memory_order_relaxed);
	stream_set_wait(s, l->tls ? STREAM_HANDSHAKE : STREAM_IDLE, true);
}

static void on_shortage(void *arg)
{
	stream_count(arg, STREAMS_FULL);
}

bool streams_accept_new(struct streams *ss)
{
	ss->acceptor = acceptor_new(ss->parts.loop, take_in, on_shortage, ss);
	return ss->acceptor != NULL;
}

/* What is set on a listening socket its connections have from the start. */
static void set_buffers(int fd)
{
	const int size = KERNEL_BUFFER;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

bool streams_listen(struct streams *ss, int fd, bool tls, char why[256])
{
	struct stream_listener *l;
	struct addr local = { .len = sizeof(local.sa) };

	if (ss->listener_count == STREAM_LISTENERS) {
		snprintf(why, 256, "more than %d listeners", STREAM_LISTENERS);
		return false;
	}
	if (getsockname(fd, &local.sa.any, &local.len) < 0) {
		snprintf(why, 256, "a listening socket: %s", strerror(errno));
		return false;
	}
	set_buffers(fd);
	l = &ss->listeners[ss->listener_count];
	*l = (struct stream_listener){ .home = ss, .fd = fd, .tls = tls, .local = local };
	if (!acceptor_listen(ss->acceptor, fd, l, why))
		return false;
	ss->listener_count++;
	return true;
}

void streams_accept_stop(struct streams *ss)
{
	if (ss->acceptor)
		acceptor_stop(ss->acceptor);
	for (size_t i = 0; i < ss->listener_count; i++)
		close(ss->listeners[i].fd);
	ss->listener_count = 0;
}
