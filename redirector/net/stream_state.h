/**
 * @file stream_state.h  What the files of net/stream*.c share
 *
 *   stream.c          the connection that others hold, and what it sends
 *   stream_turn.c     one event of a connection: read, cut into messages, hand on
 *   stream_io.c       the same bytes by TCP or by TLS
 *   streams.c         all connections, and their deadlines
 *   streams_accept.c  who comes in
 *   streams_source.c  how many of whom are there
 */
#pragma once

#include "redirector/base/acceptor.h"
#include "redirector/net/frame.h"
#include "redirector/net/streams.h"

enum {
	STREAM_READ = 64 << 10,     /* bytes of one read, and the longest message           */
	STREAM_OUT = 64 << 10,      /* room for answers that a connection starts with       */
	STREAM_OUT_MAX = 256 << 10, /* answers that a client leaves unread                  */
	STREAM_TURN = 64,           /* messages, then it is somebody else's turn            */
	STREAM_BETWEEN_MS = 2,      /* for turns of connections, then datagrams have one    */
	STREAM_LINGER = 1 << 20,    /* bytes that are thrown away after a last answer       */
	STREAM_SOURCES = 1024,      /* buckets of the table of sources                      */
	STREAM_LISTENERS = 16,
	STREAM_SOURCE_BYTES = 8, /* of an address: all of IPv4, the /64 of IPv6              */
};

/** What a connection waits for; each stands in the list of one of them, the oldest first. */
enum stream_wait {
	STREAM_HANDSHAKE,
	STREAM_IDLE,    /* a message's first byte                                      */
	STREAM_MESSAGE, /* ... its last                                                */
	STREAM_SEND,    /* its answers to leave                                        */
	STREAM_CLOSED,  /* those who still hold it: no deadline                        */
	STREAM_WAITS,   /* in no list                                                  */
};

/** Bytes from `at` to `len` count. */
struct stream_buf {
	char *bytes;
	size_t at, len, size;
};

/** An address and how many connections it has. */
struct stream_source {
	struct stream_source *next;
	uint8_t bytes[STREAM_SOURCE_BYTES];
	size_t bytes_len, count;
};

struct stream {
	size_t refs;          /* one is ours while it is open                               */
	struct streams *home; /* NULL: all is over                                          */
	int fd;               /* -1: closed                                                 */
	int events;           /* what is watched for                                        */
	struct watch *watch;
	struct tls_session *tls; /* NULL: TCP                                               */
	struct addr source, local;
	struct stream_source *from;
	struct frame frame;        /* of the message at in.at                               */
	struct stream_buf in, out; /* without bytes there is no memory                      */
	size_t lingered;

	enum stream_wait wait;
	int64_t since; /* monotonic ms: when it began to wait                               */
	struct stream *prev, *next;

	bool in_turn;     /* its event is being handled: nothing closes it now              */
	bool handshaking; /* TLS is not there yet                                           */
	bool want_write;  /* TLS must write before it can read, or shake hands              */
	bool want_read;   /* ... read before it can write                                   */
	bool progress;    /* a message or a ping came since it began to wait                */
	bool again;       /* there is more in hand than one turn takes                      */
	bool ending;      /* nothing more is read; closed when all answers have left        */
	bool lingers;     /* ... but what still comes is read and thrown away               */
	bool bye;         /* we have said that nothing more comes                           */
	bool dead;        /* closed at the end of its turn                                  */
};

struct stream_listener {
	struct streams *home;
	int fd;
	bool tls;
	struct addr local;
};

struct stream_list {
	struct stream *first, *last;
};

struct streams {
	struct streams_parts parts;
	struct streams_limits limits;
	struct tls *tls; /* NULL: none yet                                                  */
	struct stream_listener listeners[STREAM_LISTENERS];
	size_t listener_count;
	struct stream_list waits[STREAM_WAITS];
	size_t count;
	struct acceptor *acceptor;
	struct timer *deadline;
	int64_t armed; /* when `deadline` fires; 0: not at all                              */
	bool draining;
	int64_t between_ms; /* when `between` had its last turn                             */
	uint64_t seed;
	struct stream_source *sources[STREAM_SOURCES];
	char *scratch;   /* STREAM_READ bytes: who leaves nothing over needs no buffer      */
	char *spare_out; /* STREAM_OUT bytes, NULL: in use                                  */
};

static inline void stream_count(struct streams *ss, enum streams_count what)
{
	_Atomic uint64_t *n = &ss->parts.counts[what];

	/* one writer: cheaper than a locked addition */
	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

static inline bool stream_has_output(const struct stream *s)
{
	return s->out.at < s->out.len;
}

/* stream_io.c: as tls_read() and the like, whatever the connection speaks */
enum tls_io stream_read(struct stream *s, char *out, size_t size, size_t *got);
enum tls_io stream_write(struct stream *s, const char *bytes, size_t len, size_t *put);
/** No more than these were there: another read is not worth it now. */
bool stream_read_all(const struct stream *s, size_t got, size_t size);

/* stream.c */
void stream_flush(struct stream *s);
/** After anything that happened: closes it when it is time to, or waits for what is next. */
void stream_settle(struct stream *s);
void stream_close(struct stream *s);
/** Nothing more is read of it; closes it when nothing is in hand. */
void stream_end(struct stream *s);

/* stream_turn.c */
void stream_on_event(void *stream, int fd, int events);

/* streams.c */
/** Puts it at the end of that list; it begins to wait now if it comes from another, or `fresh`. */
void stream_set_wait(struct stream *s, enum stream_wait wait, bool fresh);

/* streams_accept.c */
SK_MUSTCHECK
bool streams_accept_new(struct streams *ss);
/** Nobody comes in any more; its sockets are closed. */
void streams_accept_stop(struct streams *ss);

/* streams_source.c */
enum stream_source_say {
	STREAM_SOURCE_OK,
	STREAM_SOURCE_OVER,
	STREAM_SOURCE_NO_MEMORY,
};
enum stream_source_say stream_source_take(struct streams *ss, const struct addr *addr,
					  struct stream_source **out);
void stream_source_drop(struct streams *ss, struct stream_source *source);
