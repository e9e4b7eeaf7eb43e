/**
 * @file streams.h  All connections of one worker: accepting, limits, deadlines
 *
 * Whoever may not speak is closed before a byte is read.  Without descriptors accepting pauses,
 * and is tried again when a connection has closed or after a while; nothing spins.
 */
#pragma once

#include "redirector/base/clock.h"
#include "redirector/base/loop.h"
#include "redirector/net/packet.h"
#include "redirector/net/stream.h"
#include "redirector/net/tls.h"
#include "shaken/macro.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** Times in milliseconds. */
struct streams_limits {
	int64_t connections;  /**< at once, of all workers together    */
	int64_t per_source;   /**< of one address, or IPv6 /64, in this worker */
	int64_t message_time; /**< from a message's first byte to its last */
	int64_t idle;         /**< without a message                   */
	int64_t send_time;    /**< for an answer to be taken           */
	int64_t handshake;    /**< for TLS's                           */
	size_t message_max;   /**< longest message, bytes              */
};

enum streams_count {
	STREAMS_ACCEPTED,
	STREAMS_STRANGERS,   /**< closed at once: may not speak                 */
	STREAMS_OVER,        /**< ... over streams.connections                  */
	STREAMS_SOURCE_OVER, /**< ... over streams.per-source, or sip.source-rate */
	STREAMS_FULL,        /**< times that there was no descriptor or memory  */
	STREAMS_MESSAGES,
	STREAMS_PINGS,      /**< empty lines  */
	STREAMS_GARBAGE,    /**< closed: no SIP                                */
	STREAMS_SLOW,       /**< closed: message_time                          */
	STREAMS_IDLE,       /**< closed: idle                                  */
	STREAMS_UNREAD,     /**< closed: send_time                             */
	STREAMS_HANDSHAKES, /**< closed: a TLS handshake failed or took too long */
	STREAMS_GONE,       /**< answers whose connection was gone             */
	STREAMS_LAST,
};

struct streams;

/** All of it must outlive the object. */
struct streams_parts {
	struct loop *loop;
	const struct clock *clock;
	packet_h *handler;
	bool (*admits)(void *arg, const struct addr *source);
	/** Of who may speak: a connection has its price.  With handler_arg; NULL: it has none. */
	bool (*pays)(void *arg, const struct addr *source, bool tls);
	void (*between)(void *arg); /**< a turn of whoever has no connection; NULL: nobody  */
	void *handler_arg, *admits_arg, *between_arg;
	_Atomic int64_t *open; /**< one for each worker: connections that are open    */
	size_t workers;
	size_t self;              /**< which of them is ours                             */
	_Atomic uint64_t *counts; /**< STREAMS_LAST of them                            */
};

SK_MUSTCHECK
bool streams_new(const struct streams_parts *parts, const struct streams_limits *limits,
		 struct streams **out, char why[256]);

/** Closes all connections. */
void streams_free(struct streams *streams);
SK_DEFINE_CLEANUP(struct streams, streams_free)

/**
 * Accept from a listening socket, which is the caller's (a supervisor may hold it too): it is
 * made non-blocking, and closed by streams_free().
 *
 * @param tls  Speak TLS; streams_set_tls() gives it the context
 */
SK_MUSTCHECK
bool streams_listen(struct streams *streams, int fd, bool tls, char why[256]);

/** Another context for connections that come from now on; a reference is taken. */
void streams_set_tls(struct streams *streams, struct tls *tls);

void streams_set_limits(struct streams *streams, const struct streams_limits *limits);

/** How many of one source each of so many workers may have, if `wanted` are: each counts for
 * itself, and all of them together leave half of all `connections` to others. */
int64_t streams_per_source(int64_t wanted, int64_t connections, size_t workers);

/** No new connections; each closes when its answers have left. */
void streams_drain(struct streams *streams);

size_t streams_count(const struct streams *streams);

/** "accepted", "strangers", ...: stable, for logs and metrics. */
const char *streams_count_name(enum streams_count what);
