/*
 * A connection's turn: what is readable is cut into messages, each is handed on, and the
 * answers of all leave in one write.
 *
 * Who leaves nothing over between two turns has no buffer: all read into the same one, and only
 * the beginning of a message that is not whole is kept.  A turn ends after STREAM_TURN messages;
 * the rest waits until all others had theirs.
 */
#include "redirector/net/stream_state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void hand_on(struct stream *s, enum packet_fault fault)
{
	struct streams *ss = s->home;
	const struct packet packet = {
		.bytes = { s->in.bytes + s->in.at, s->frame.len },
		.fault = fault,
		.transport = s->tls ? TRANSPORT_TLS : TRANSPORT_TCP,
		.source = s->source,
		.local = s->local,
		.stream = s,
	};

	stream_count(ss, STREAMS_MESSAGES);
	s->progress = true;
	ss->parts.handler(ss->parts.handler_arg, &packet);
}

/* RFC 5626, 4.4.1 */
static void pong(struct stream *s)
{
	char *room = stream_reserve(s, 2);

	stream_count(s->home, STREAMS_PINGS);
	s->progress = true;
	if (!room)
		return;
	memcpy(room, "\r\n", 2);
	stream_send(s, 2);
}

/* Where the next message begins is not known: an answer, and no more. */
static void hand_on_last(struct stream *s, enum packet_fault fault)
{
	hand_on(s, fault);
	s->ending = s->lingers = true;
}

static void take(struct stream *s, enum frame_result result)
{
	switch (result) {
	case FRAME_MESSAGE:
		hand_on(s, PACKET_WHOLE);
		break;
	case FRAME_PING:
		pong(s);
		break;
	case FRAME_CUT:
		hand_on_last(s, PACKET_CUT);
		break;
	case FRAME_NO_LENGTH:
		hand_on_last(s, PACKET_NO_LENGTH);
		break;
	case FRAME_GARBAGE:
		stream_count(s->home, STREAMS_GARBAGE);
		s->ending = true;
		break;
	case FRAME_SKIP:
	case FRAME_MORE:
		break;
	}
	s->in.at += s->frame.len;
	s->frame = (struct frame){ 0 };
}

/* Room behind what is there: as much as the message is known to need, else twice as much. */
static bool room_to_read(struct stream *s)
{
	struct stream_buf *in = &s->in;
	size_t wanted = in->size * 2;
	char *bytes;

	if (in->len < in->size)
		return true;
	if (in->at > 0) {
		memmove(in->bytes, in->bytes + in->at, in->len - in->at);
		in->len -= in->at;
		in->at = 0;
		return true;
	}
	if (s->frame.head_len > 0)
		wanted = s->frame.len; /* not more than the limit: frame_look() saw to it */
	if (wanted > STREAM_READ)
		wanted = STREAM_READ;
	bytes = wanted > in->size ? realloc(in->bytes, wanted) : NULL;
	if (!bytes)
		return false;
	in->bytes = bytes;
	in->size = wanted;
	return true;
}

/* @return false: nothing came, and no more is there */
static bool read_more(struct stream *s, bool *dry)
{
	size_t got = 0, room;

	if (*dry)
		return false;
	if (!room_to_read(s)) {
		stream_count(s->home, STREAMS_FULL);
		s->dead = true;
		return false;
	}
	room = s->in.size - s->in.len;
	switch (stream_read(s, s->in.bytes + s->in.len, room, &got)) {
	case TLS_DONE:
		s->in.len += got;
		*dry = stream_read_all(s, got, room);
		return true;
	case TLS_WANT_WRITE:
		s->want_write = true;
		return false;
	case TLS_WANT_READ:
		return false;
	case TLS_CLOSED: /* the client is done; what it asked is answered */
		s->ending = true;
		return false;
	case TLS_FAILED:
	default:
		s->dead = true;
		return false;
	}
}

/* What is left over gets a buffer of its own. */
static void keep_rest(struct stream *s)
{
	struct stream_buf *in = &s->in;
	size_t rest = in->len - in->at, size = 512;
	bool scratch = in->bytes == s->home->scratch;
	char *bytes = NULL;

	if (rest > 0 && !scratch)
		return;
	while (size < rest)
		size *= 2;
	if (rest > 0)
		bytes = malloc(size);
	if (bytes)
		memcpy(bytes, in->bytes + in->at, rest);
	else if (rest > 0)
		s->dead = true;
	if (!scratch)
		free(in->bytes);
	*in = bytes ? (struct stream_buf){ bytes, 0, rest, size } : (struct stream_buf){ 0 };
}

/* Answers by the buffer that the client does not take: then it waits for them with the rest. */
static bool is_choked(struct stream *s)
{
	if (s->out.len - s->out.at < STREAM_OUT)
		return false;
	stream_flush(s);
	return stream_has_output(s);
}

static void read_messages(struct stream *s)
{
	struct streams *ss = s->home;
	unsigned budget = STREAM_TURN;
	bool dry = false;

	s->again = s->want_write = false;
	if (!s->in.bytes)
		s->in = (struct stream_buf){ ss->scratch, 0, 0, STREAM_READ };
	while (budget > 0 && !s->ending && !s->dead && !is_choked(s)) {
		struct sk_span rest = { s->in.bytes + s->in.at, s->in.len - s->in.at };
		enum frame_result result = frame_look(&s->frame, rest, ss->limits.message_max);

		if (result != FRAME_MORE) {
			take(s, result);
			budget--;
		} else if (!read_more(s, &dry)) {
			break;
		}
	}
	if (budget == 0 && !s->ending)
		s->again = s->in.at < s->in.len || (s->tls && tls_pending(s->tls) > 0);
	keep_rest(s);
}

static void shake_hands(struct stream *s)
{
	enum tls_io result = tls_handshake(s->tls);

	s->want_write = result == TLS_WANT_WRITE;
	s->handshaking = result == TLS_WANT_READ || result == TLS_WANT_WRITE;
	if (s->handshaking || result == TLS_DONE)
		return;
	stream_count(s->home, STREAMS_HANDSHAKES);
	s->dead = true;
}

/* Until the client has closed too, or said too much. */
static void throw_away(struct stream *s)
{
	ssize_t n = recv(s->fd, s->home->scratch, STREAM_READ, MSG_DONTWAIT);

	if (n > 0)
		s->lingered += (size_t)n;
	s->dead = n == 0 || s->lingered > STREAM_LINGER;
}

static void turn(struct stream *s, int events)
{
	/* closed both ways, and nothing is wanted that would say so */
	if ((events & LOOP_ERR) && !(s->events & LOOP_IN)) {
		s->dead = true;
		return;
	}
	if (s->bye) {
		throw_away(s);
		return;
	}
	if (s->handshaking)
		shake_hands(s);
	if (s->handshaking)
		return;
	stream_flush(s);
	if (!stream_has_output(s) && !s->ending && !s->dead)
		read_messages(s);
	stream_flush(s);
}

/* The loop gives each descriptor one turn a round.  Datagrams of all clients come by one, so
 * without this who has hundreds of connections would have hundreds of turns for one of theirs. */
static void let_others(struct streams *ss)
{
	int64_t now = ss->parts.clock->mono(ss->parts.clock);

	if (!ss->parts.between || now - ss->between_ms < STREAM_BETWEEN_MS)
		return;
	ss->parts.between(ss->parts.between_arg);
	ss->between_ms = ss->parts.clock->mono(ss->parts.clock);
}

void stream_on_event(void *arg, int fd, int events)
{
	struct stream *s = arg;
	struct streams *ss = s->home;

	(void)fd;
	s->in_turn = true;
	turn(s, events);
	s->in_turn = false;
	stream_settle(s);
	let_others(ss);
}
