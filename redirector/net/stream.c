/*
 * A connection from the outside: answers are printed into its buffer and leave together at the
 * end of its turn, or at once when it is not its turn.
 *
 * What surprises: a call that waits may hold a connection that has been closed.  Then the
 * object is left without descriptor and buffers, and goes with the last who holds it.
 */
#include "redirector/net/stream_state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct stream *stream_ref(struct stream *s)
{
	s->refs++;
	return s;
}

void stream_unref(struct stream *s)
{
	if (!s)
		return;
	s->refs--;
	if (s->refs == 0) {
		if (s->home)
			stream_set_wait(s, STREAM_WAITS, false);
		tls_session_free(s->tls);
		free(s);
	} else if (s->refs == 1 && s->ending && s->fd >= 0 && !s->in_turn) {
		stream_settle(s);
	}
}

size_t stream_names(const struct stream *s, const struct sk_span **out)
{
	if (s->tls)
		return tls_names(s->tls, out);
	*out = NULL;
	return 0;
}

/* A buffer of the usual size is kept for the next who answers. */
static void drop_out(struct stream *s)
{
	if (s->out.size == STREAM_OUT && !s->home->spare_out)
		s->home->spare_out = s->out.bytes;
	else
		free(s->out.bytes);
	s->out = (struct stream_buf){ 0 };
}

static bool grow_out(struct stream_buf *out, size_t size)
{
	size_t wanted = out->size ? out->size : STREAM_OUT;
	char *bytes;

	while (wanted < size)
		wanted *= 2;
	bytes = realloc(out->bytes, wanted);
	if (!bytes)
		return false;
	out->bytes = bytes;
	out->size = wanted;
	return true;
}

/* @return false: too much is unread already, or there is no memory */
static bool make_room(struct stream *s, size_t size)
{
	struct stream_buf *out = &s->out;

	if (!out->bytes && s->home->spare_out) {
		out->bytes = sk_steal(s->home->spare_out);
		out->size = STREAM_OUT;
	}
	if (out->size - out->len >= size)
		return true;
	stream_flush(s);
	if (s->dead)
		return false;
	if (out->at > 0) {
		memmove(out->bytes, out->bytes + out->at, out->len - out->at);
		out->len -= out->at;
		out->at = 0;
	}
	if (out->size - out->len >= size)
		return true;
	return out->len + size <= STREAM_OUT_MAX && grow_out(out, out->len + size);
}

char *stream_reserve(struct stream *s, size_t size)
{
	if (s->fd < 0 || s->dead || s->bye) {
		if (s->home)
			stream_count(s->home, STREAMS_GONE);
		return NULL;
	}
	if (make_room(s, size))
		return s->out.bytes + s->out.len;
	stream_count(s->home, STREAMS_UNREAD);
	s->dead = true;
	if (!s->in_turn)
		stream_settle(s);
	return NULL;
}

void stream_send(struct stream *s, size_t len)
{
	s->out.len += len;
	if (s->in_turn)
		return;
	stream_flush(s);
	stream_settle(s);
}

void stream_flush(struct stream *s)
{
	struct stream_buf *out = &s->out;

	while (stream_has_output(s) && !s->dead) {
		size_t put = 0;
		enum tls_io result =
			stream_write(s, out->bytes + out->at, out->len - out->at, &put);

		s->want_read = result == TLS_WANT_READ;
		if (result == TLS_WANT_READ || result == TLS_WANT_WRITE)
			return;
		if (result == TLS_DONE)
			out->at += put;
		else
			s->dead = true;
	}
	out->at = out->len = 0;
}

/* The last answer has left.  Were it closed now with bytes unread, the kernel would reset the
 * connection, and the answer could be lost on the client's side (RFC 1122, 4.2.2.13). */
static void say_bye(struct stream *s)
{
	s->bye = true;
	if (s->tls)
		tls_bye(s->tls);
	if (shutdown(s->fd, SHUT_WR) < 0)
		s->dead = true;
}

/* The event that it needs; while answers wait nothing is read. */
static int wanted_events(const struct stream *s)
{
	if (s->bye)
		return LOOP_IN;
	if (s->handshaking)
		return s->want_write ? LOOP_OUT : LOOP_IN;
	if (stream_has_output(s))
		return s->want_read ? LOOP_IN : LOOP_OUT;
	if (s->ending)
		return 0; /* its calls are not answered yet */
	/* what is in hand needs no event: writable it is, so its turn comes round */
	return s->again || s->want_write ? LOOP_OUT : LOOP_IN;
}

static enum stream_wait wanted_wait(const struct stream *s)
{
	if (s->handshaking)
		return STREAM_HANDSHAKE;
	/* its turn comes when the kernel has room for answers again */
	if (s->ending || stream_has_output(s) || s->again)
		return STREAM_SEND;
	/* line ends are no message that has begun */
	return s->in.at < s->in.len && s->in.bytes[s->in.at] != '\r' ? STREAM_MESSAGE : STREAM_IDLE;
}

static bool is_over(struct stream *s)
{
	if (!s->ending || stream_has_output(s) || s->refs > 1 || s->bye)
		return false;
	if (!s->lingers)
		return true;
	say_bye(s);
	return s->dead;
}

void stream_settle(struct stream *s)
{
	int events;

	if (s->dead || is_over(s)) {
		stream_close(s);
		return;
	}
	if (s->out.bytes && !stream_has_output(s))
		drop_out(s);
	stream_set_wait(s, wanted_wait(s), s->progress);
	s->progress = false;
	events = wanted_events(s);
	if (events == s->events)
		return;
	s->events = events;
	if (!watch_set(s->watch, events))
		stream_close(s);
}

void stream_end(struct stream *s)
{
	s->ending = true;
	stream_settle(s);
}

void stream_close(struct stream *s)
{
	struct streams *ss = s->home;

	if (s->tls && !s->handshaking && !s->bye && !s->dead)
		tls_bye(s->tls);
	watch_free(sk_steal(s->watch));
	close(s->fd);
	s->fd = -1;
	s->dead = true;
	drop_out(s);
	if (s->in.bytes != ss->scratch)
		free(s->in.bytes);
	s->in = (struct stream_buf){ 0 };
	stream_source_drop(ss, s->from);
	stream_set_wait(s, STREAM_CLOSED, false);
	ss->count--;
	atomic_fetch_sub_explicit(&ss->parts.open[ss->parts.self], 1, memory_order_relaxed);
	acceptor_resume(ss->acceptor);
	stream_unref(s);
}
