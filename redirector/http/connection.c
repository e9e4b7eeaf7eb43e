/*
 * What a connection is doing, since when, and what becomes of it when that takes too long.
 *
 * libmicrohttpd's own limit is for silence alone: a byte a second would keep a connection for
 * ever.  Ours is for the whole.  It cannot see the first byte of a later request (libmicrohttpd
 * tells when the first line is complete), so an idle connection is looked at now and then: has the
 * kernel received anything since?
 */
#include "redirector/http/http_state.h"

#include <linux/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CLOSE_WAIT = 8, /* TCP_CLOSE_WAIT of netinet/tcp.h, which linux/tcp.h does not bear */
};

static int64_t limit_of(const struct http *http, enum waits waits)
{
	const struct http_conf *set = &http->conf->http;
	int64_t looks;

	switch (waits) {
	case WAITS_HANDLER:
		return set->deadline + HTTP_LATE_MS;
	case WAITS_SENDING:
		return set->send_time;
	case WAITS_IDLE:
		looks = (set->idle + set->request_time - 1) / set->request_time;
		return set->idle / looks;
	case WAITS_BEGIN:
	case WAITS_REQUEST:
	case WAITS_LAST:
	default:
		return set->request_time;
	}
}

static void set_late(struct http *http, int64_t at)
{
	int64_t in = at - http_now(http);

	if (http->late_at != 0 && http->late_at <= at)
		return;
	if (timer_set(http->late, in < 1 ? 1 : in))
		http->late_at = at;
}

static void take_out(struct connection *c)
{
	struct http *http = c->home;

	if (c->waits == WAITS_LAST)
		return;
	if (c->before)
		c->before->behind = c->behind;
	else
		http->first[c->waits] = c->behind;
	if (c->behind)
		c->behind->before = c->before;
	else
		http->last[c->waits] = c->before;
	c->before = c->behind = NULL;
	c->waits = WAITS_LAST;
}

static void put_in(struct connection *c, enum waits waits)
{
	struct http *http = c->home;

	c->waits = waits;
	c->before = http->last[waits];
	c->behind = NULL;
	if (c->before)
		c->before->behind = c;
	else
		http->first[waits] = c;
	http->last[waits] = c;
	c->since_ms = http_now(http);
	set_late(http, c->since_ms + limit_of(http, waits));
}

static struct tcp_info look_at(const struct connection *c)
{
	struct tcp_info info = { .tcpi_state = 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		info = (struct tcp_info){ .tcpi_state = 0 };
	return info;
}

uint64_t connection_written(const struct connection *c)
{
	struct tcp_info info = look_at(c);

	return info.tcpi_bytes_sent - info.tcpi_bytes_retrans + info.tcpi_notsent_bytes;
}

void connection_waits(struct connection *c, enum waits waits)
{
	take_out(c);
	put_in(c, waits);
	if (waits == WAITS_IDLE) {
		struct tcp_info info = look_at(c);

		c->idle_since_ms = c->since_ms;
		c->received = info.tcpi_bytes_received;
		/* The client closed its side with its request, and the event of that has gone by:
		 * another one.  Who has sent half a record of TLS besides is found by
		 * look_at_idle(). */
		if (info.tcpi_state == CLOSE_WAIT) {
			shutdown(c->fd, SHUT_RD);
			engine_kick(c->engine);
		}
	}
}

void connection_gone(struct connection *c)
{
	struct http *http = c->home;

	take_out(c);
	if (c->exchange)
		exchange_detach(c->exchange);
	if (c->linger)
		linger(http->lingers, dup(c->fd));
	if (c->door == DOOR_HTTPS && !c->handshaken)
		http_count(http, HTTP_TLS_FAILED);
	http_source_drop(http, c->from);
	secure_unref(c->secure);
	c->engine->open--;
	c->engine->progress++;
	http->open--;
	http->strangers -= !c->listed;
	atomic_fetch_sub_explicit(&http->parts.counts->open, 1, memory_order_relaxed);
	free(c->names_text);
	free(c);
}

void connection_cut(struct connection *c)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	/* nothing of it is kept, not even by the kernel */
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	shutdown(c->fd, SHUT_RDWR);
	c->linger = false;
	take_out(c);
	engine_kick(c->engine);
}

void connection_end(struct connection *c)
{
	shutdown(c->fd, SHUT_RD); /* libmicrohttpd sees its end, and closes it */
	c->linger = false;
	take_out(c);
	engine_kick(c->engine);
}

/* It was silent for a while.  @return true: it is cut */
static bool look_at_idle(struct connection *c)
{
	struct http *http = c->home;
	struct tcp_info info = look_at(c);

	if (http_now(http) - c->idle_since_ms >= http->conf->http.idle ||
	    info.tcpi_state == CLOSE_WAIT)
		return true;
	take_out(c);
	/* if the next request has begun, and its first line is not there yet */
	put_in(c, info.tcpi_bytes_received != c->received ? WAITS_REQUEST : WAITS_IDLE);
	return false;
}

static void on_late(struct connection *c)
{
	struct http *http = c->home;

	switch (c->waits) {
	case WAITS_HANDLER:
		exchange_late(c->exchange);
		return;
	case WAITS_IDLE:
		if (look_at_idle(c))
			connection_cut(c);
		return;
	case WAITS_BEGIN:
	case WAITS_REQUEST:
	case WAITS_SENDING:
	case WAITS_LAST:
	default:
		http_count(http, HTTP_TIMED_OUT);
		connection_cut(c);
	}
}

void connections_late(void *arg)
{
	struct http *http = arg;
	int64_t now = http_now(http);

	http->late_at = 0;
	for (unsigned i = 0; i < WAITS_LAST; i++) {
		while (http->first[i] && http->first[i]->since_ms + limit_of(http, i) <= now)
			on_late(http->first[i]);
		if (http->first[i])
			set_late(http, http->first[i]->since_ms + limit_of(http, i));
	}
}

bool connection_listed(const struct connection *c)
{
	return c->door == DOOR_HEALTH || net_list_has(&c->home->conf->http.sources, &c->source);
}

bool connection_admitted(const struct connection *c)
{
	return c->listed || c->home->conf->hosting.serve;
}

void connections_relist(struct http *http)
{
	for (unsigned i = 0; i < WAITS_LAST; i++) {
		struct connection *next;

		for (struct connection *c = http->first[i]; c; c = next) {
			next = c->behind;
			http->strangers -= !c->listed;
			c->listed = connection_listed(c);
			http->strangers += !c->listed;
			/* what was asked before is answered still */
			if (!connection_admitted(c) && i != WAITS_HANDLER && i != WAITS_SENDING)
				connection_cut(c);
		}
	}
}

const struct sk_span *connection_names(struct connection *c, size_t *count)
{
	const union MHD_ConnectionInfo *info;

	if (!c->names_read && c->door == DOOR_HTTPS) {
		c->names_read = true;
		info = MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
		if (info && info->tls_session)
			c->name_count = secure_names(info->tls_session, c->names, &c->names_text);
	}
	*count = c->name_count;
	return c->names;
}

static int on_handshake(gnutls_session_t session, unsigned int type, unsigned int when,
			unsigned int incoming, const gnutls_datum_t *message)
{
	struct connection *c = gnutls_session_get_ptr(session);

	(void)type, (void)when, (void)message;
	if (c && incoming)
		c->handshaken = true;
	return 0;
}

static void begin_session(struct connection *c, gnutls_session_t session)
{
	gnutls_session_set_ptr(session, c);
	gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST,
					   on_handshake);
	c->secure = secure_ref(c->home->secure);
	if (!secure_session(c->secure, session))
		connection_cut(c);
}

void connection_event(void *arg, struct MHD_Connection *mhd, void **socket,
		      enum MHD_ConnectionNotificationCode what)
{
	const struct engine *e = arg;
	struct connection *c = *socket;
	const union MHD_ConnectionInfo *info;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		c = e->home->arriving;
		*socket = c;
		if (!c)
			return;
		c->mhd = mhd;
		info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
		if (c->door == DOOR_HTTPS && info && info->tls_session)
			begin_session(c, info->tls_session);
	} else if (c) {
		*socket = NULL;
		if (e->home->arriving == c)
			e->home->arriving = NULL;
		connection_gone(c);
	}
}
