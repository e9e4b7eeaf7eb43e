/**
 * @file http_state.h  Inside of the HTTP server: what its files share, and nobody else sees
 *
 *   listener   accepts, judges, counts by source
 *   engine     libmicrohttpd on our loop: when it is run, and when not
 *   connection how long each may take for what
 *   request    a request from its first line to its handler
 *   exchange   its answer
 */
#pragma once

#include "redirector/base/acceptor.h"
#include "redirector/call/sources.h"
#include "redirector/http/exchange.h"
#include "redirector/http/head.h"
#include "redirector/http/http.h"
#include "redirector/http/secure.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HTTP_SOURCE_SLOTS = 4096,
	HTTP_LATE_MS = 1000,   /**< past http.deadline, before we answer ourselves           */
	HTTP_LINGERS = 64,     /**< refused ones whose rest is read, at once                 */
	HTTP_HEALTH_MORE = 16, /**< connections to health over any limit, to ask how it is */
};

#define HTTP_RETRY_TEXT "1" /* seconds, for Retry-After */

/** What a connection is doing.  Each has a list of its own, the one that began first at the head,
 * so that the head is the next to be late. */
enum waits {
	WAITS_BEGIN,   /**< handshake and first request, from the connection on   */
	WAITS_REQUEST, /**< from the first line of a later request to its end     */
	WAITS_HANDLER, /**< somebody is to answer                                 */
	WAITS_SENDING, /**< the client is to take it                              */
	WAITS_IDLE,    /**< between two requests                                  */
	WAITS_LAST,
};

/** How many connections one address has (IPv6: one /64). */
struct http_source {
	struct http_source *next;
	uint8_t bytes[8];
	size_t len;
	int64_t count;
};

struct connection {
	struct http *home;
	struct engine *engine;
	struct MHD_Connection *mhd;         /* NULL: libmicrohttpd does not know it (any more) */
	struct connection *before, *behind; /* of the list of `waits` */
	enum waits waits;
	int64_t since_ms;
	struct addr source, local;
	struct http_source *from;
	struct secure *secure;     /* counted; NULL: plain */
	struct exchange *exchange; /* the one of now */
	int64_t idle_since_ms;
	uint64_t received; /* bytes, when it became idle */
	int fd;
	enum http_door door;
	bool listed;     /* in http.sources */
	bool handshaken; /* or plain */
	bool linger;     /* what the client still sends is read for a while after the end */
	bool names_read;
	size_t name_count;
	char *names_text; /* owned */
	struct sk_span names[SECURE_NAMES_MAX];
};

struct exchange {
	struct http *home;
	struct connection *connection; /* NULL: gone */
	struct MHD_Response *response; /* answered, but not handed over yet */
	unsigned status;
	const struct route *route;
	struct http_route_counts *counts;
	struct authorization *authorization; /* `request.client` lives in it */
	struct http_request request;
	struct addr source, local;
	char *target;     /* the same allocation as this */
	uint64_t written; /* to its connection before it began */
	char *body;
	size_t body_len, body_room;
	enum refusal refusal; /* with `refused`: told when the body has been read */
	bool refused, lost;   /* lost: there is no such path */
	bool begun;           /* its head was looked at */
	bool asked;           /* the handler was */
	bool answered;
	bool queued;
	bool suspended;
	bool inside;      /* we are called by libmicrohttpd for this one */
	bool handler_has; /* it will answer; until then this lives */
	bool chunked, close;
};

/** One libmicrohttpd: plain or TLS. */
struct engine {
	struct http *home;
	struct MHD_Daemon *daemon;
	struct watch *watch;
	struct timer *timer;
	struct engine *next; /* of those that only end what they have */
	size_t head_max, pool;
	size_t open;
	bool tls;
	bool running, kicked;
	unsigned idle_turns; /* it asked to be run at once, and nothing came of it */
	uint64_t progress, progress_seen;
};

struct http_listener {
	struct http *home;
	enum http_door door;
};

struct http {
	struct http_parts parts;
	struct conf *conf;
	struct authorization *authorization;
	struct secure *secure; /* NULL: no https */
	struct engine *plain, *tls, *old;
	struct {
		struct conf *conf; /* NULL: nothing is prepared */
		struct secure *secure;
		struct engine *plain, *tls; /* NULL: those that are there go on */
	} next;                             /* of the reload under way */
	struct http_listener listeners[HTTP_LISTEN_MAX];
	size_t listener_count;
	struct acceptor *acceptor;
	struct connection *first[WAITS_LAST], *last[WAITS_LAST];
	struct timer *late;
	int64_t late_at; /* when `late` fires; 0: it does not run */
	size_t open, exchanges;
	size_t strangers;            /* of the open ones: those that are not listed */
	struct connection *arriving; /* within MHD_add_connection() */
	struct http_source **by_source;
	uint64_t seed;
	struct sources *rates; /* NULL: no limit was ever set */
	struct http_route_counts *of_route[ROUTES_MAX], *of_none;
	struct lingers *lingers;
	bool draining;
};

static inline void http_count(struct http *http, enum http_count which)
{
	atomic_fetch_add_explicit(&http->parts.counts->n[which], 1, memory_order_relaxed);
}

static inline int64_t http_now(const struct http *http)
{
	return http->parts.clock->mono(http->parts.clock);
}

/* --- listener.c, source.c: who comes in --- */
SK_MUSTCHECK
bool listeners_new(struct http *http);
SK_MUSTCHECK
bool listener_open(struct http *http, const struct http_socket *socket, char why[256]);
void listeners_close(struct http *http);
/**
 * @param more  So many over http.per-source
 * @return NULL: one too many (`over`), or out of memory
 */
struct http_source *http_source_take(struct http *http, const struct addr *addr, int64_t more,
				     bool *over);
void http_source_drop(struct http *http, struct http_source *source);

/* --- engine.c --- */
struct engine *engine_new(struct http *http, bool tls, char why[256]);
void engine_free(struct engine *engine);
/** Something is to be done there, soon. */
void engine_kick(struct engine *engine);
/** Sends what is answered, as far as that goes at once.  NULL is allowed. */
void engine_flush(struct engine *engine);
/** Gives it the connection, which may be gone when this returns. */
void engine_add(struct engine *engine, struct connection *connection);

/* --- connection.c --- */
/** Puts it at the end of a list. */
void connection_waits(struct connection *c, enum waits waits);
/** Bytes that the kernel was given for the client, ever. */
uint64_t connection_written(const struct connection *c);
/** Takes it out of its list, and frees it. */
void connection_gone(struct connection *c);
/** Ends it now: both ways, nothing is sent any more. */
void connection_cut(struct connection *c);
/** Ends an idle one; what the kernel has of its last answer is still sent. */
void connection_end(struct connection *c);
void connections_late(void *http);
/** Is its address in http.sources, and may it be here at all? */
bool connection_listed(const struct connection *c);
bool connection_admitted(const struct connection *c);
/** http.sources may have changed: who is not listed any more loses what that gave him. */
void connections_relist(struct http *http);
const struct sk_span *connection_names(struct connection *c, size_t *count);

/* --- request.c: libmicrohttpd's calls --- */
void *request_first_line(void *engine, const char *target, struct MHD_Connection *mhd);
enum MHD_Result request_turn(void *engine, struct MHD_Connection *mhd, const char *target,
			     const char *method, const char *version, const char *bytes,
			     size_t *len, void **exchange);
void request_ended(void *engine, struct MHD_Connection *mhd, void **exchange,
		   enum MHD_RequestTerminationCode why);
void connection_event(void *engine, struct MHD_Connection *mhd, void **socket,
		      enum MHD_ConnectionNotificationCode what);

/* --- exchange.c, refusal.c --- */
struct exchange *exchange_new(struct connection *connection, const char *target);
/** The connection is done with it; it goes when its handler has answered, too. */
void exchange_detach(struct exchange *exchange);
/** Hands what was answered to libmicrohttpd, from within its call. */
enum MHD_Result exchange_send(struct exchange *exchange);
/** Answers, from whoever. */
void exchange_respond(struct exchange *exchange, const struct http_reply *reply);
/** Answers with a refusal, in the route's words. */
void exchange_refuse(struct exchange *exchange, enum refusal why);
/** Answers with a status and a line of plain text. */
void exchange_plain(struct exchange *exchange, unsigned status, const char *text);
/** It took too long: answers instead of the handler. */
void exchange_late(struct exchange *exchange);

/* --- pieces.c: long answers by TLS --- */
bool pieces_wanted(const struct engine *engine, const struct http_reply *reply);
struct MHD_Response *pieces_response(struct engine *engine, const struct http_reply *reply);

/* --- linger.c: whoever was refused may still be sending --- */
struct lingers *lingers_new(struct loop *loop);
void lingers_free(struct lingers *lingers);
/** @param fd  A copy of the connection's; ours from here on */
void linger(struct lingers *lingers, int fd);
