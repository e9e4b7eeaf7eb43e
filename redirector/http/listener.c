/*
 * Who comes in.  All that can be known of a connection without reading from it is judged first;
 * who is refused is reset, so that nothing of it stays with us.
 *
 * What surprises: one descriptor is kept in reserve.  When there is no other, it is given up for
 * a moment to take those who wait and turn them away, who would wait for us in vain.
 */
#include "redirector/http/http_state.h"

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
};

static void refuse(int fd)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
}

static void watch_all(struct http *http, int events)
{
	for (size_t i = 0; i < http->listener_count; i++)
		if (http->listeners[i].watch && !watch_set(http->listeners[i].watch, events))
			log_print(http->parts.log, LEVEL_ERROR,
				  "msg=\"http: a listening socket cannot be watched\"");
}

void listener_resume(void *arg)
{
	struct http *http = arg;

	http->paused = false;
	if (http->spare < 0)
		http->spare = eventfd(0, EFD_CLOEXEC);
	watch_all(http, LOOP_IN);
}

/* Were they still watched, the loop would come back here at once, and for ever. */
static void pause_accepting(struct http *http)
{
	http_count(http, HTTP_CLOSED_FULL);
	if (http->paused || !timer_set(http->resume, RESUME_MS))
		return;
	http->paused = true;
	watch_all(http, 0);
}

static void turn_away(struct http *http, int listener)
{
	for (unsigned i = 0; i < ACCEPT_TURN && http->spare >= 0; i++) {
		int fd;

		close(http->spare);
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			refuse(fd);
		http->spare = eventfd(0, EFD_CLOEXEC);
		if (fd < 0)
			return;
	}
}

static struct engine *engine_of(const struct http *http, enum http_door door)
{
	return door == DOOR_HTTPS ? http->tls : http->plain;
}

/* @return true, with `c` filled; or what is counted */
static bool admit(const struct http_listener *l, struct connection *c, enum http_count *why)
{
	struct http *http = l->home;
	int64_t more = l->door == DOOR_HEALTH ? HTTP_HEALTH_MORE : 0;
	bool over;

	c->listed = connection_listed(c);
	*why = HTTP_CLOSED_SOURCE;
	if (!connection_admitted(c))
		return false;
	*why = HTTP_CLOSED_FULL;
	if ((int64_t)http->open >= http->conf->http.connections + more)
		return false;
	/* strangers must not keep those out who are listed */
	if (!c->listed && (int64_t)http->strangers >= (http->conf->http.connections + 1) / 2)
		return false;
	c->engine = engine_of(http, l->door);
	if (!c->engine)
		return false;
	c->from = http_source_take(http, &c->source, more, &over);
	return c->from != NULL;
}

static void take_in(const struct http_listener *l, int fd, const struct addr *source)
{
	struct http *http = l->home;
	struct connection *c = calloc(1, sizeof(*c));
	enum http_count why = HTTP_CLOSED_FULL;

	if (!c) {
		http_count(http, why);
		refuse(fd);
		return;
	}
	*c = (struct connection){
		.home = http, .fd = fd, .door = l->door, .source = *source, .waits = WAITS_LAST
	};
	if (!admit(l, c, &why)) {
		http_count(http, why);
		refuse(fd);
		free(c);
		return;
	}
	c->local.len = sizeof(c->local.sa);
	if (getsockname(fd, &c->local.sa.any, &c->local.len) < 0)
		c->local = c->source;
	http_count(http, HTTP_ACCEPTED);
	http->open++;
	http->strangers += !c->listed;
	c->engine->open++;
	atomic_fetch_add_explicit(&http->parts.counts->open, 1, memory_order_relaxed);
	connection_waits(c, WAITS_BEGIN);
	engine_add(c->engine, c);
}

static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void on_connection(void *arg, int fd, int events)
{
	const struct http_listener *l = arg;

	(void)events;
	for (unsigned i = 0; i < ACCEPT_TURN; i++) {
		struct addr source = { .len = sizeof(source.sa) };
		int taken = accept4(fd, &source.sa.any, &source.len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (taken >= 0) {
			take_in(l, taken, &source);
		} else if (is_shortage(errno)) {
			turn_away(l->home, fd);
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
	};

	for (size_t i = 0; i < SK_COUNT(options); i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			   sizeof(options[i].value));
}

bool listener_open(struct http *http, const struct http_socket *socket, char why[256])
{
	struct http_listener *l;
	int flags = fcntl(socket->fd, F_GETFL);

	if (http->listener_count == HTTP_LISTEN_MAX) {
		snprintf(why, 256, "http.listen: more than %d", HTTP_LISTEN_MAX);
		return false;
	}
	if (flags < 0 || fcntl(socket->fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		snprintf(why, 256, "http.listen: %s", strerror(errno));
		return false;
	}
	set_options(socket->fd);
	l = &http->listeners[http->listener_count];
	*l = (struct http_listener){ .home = http, .fd = socket->fd, .door = socket->door };
	l->watch = watch_new(http->parts.loop, socket->fd, LOOP_IN, on_connection, l);
	if (!l->watch) {
		snprintf(why, 256, "http.listen: a listening socket cannot be watched");
		return false;
	}
	http->listener_count++;
	return true;
}

void listeners_close(struct http *http)
{
	for (size_t i = 0; i < http->listener_count; i++) {
		watch_free(http->listeners[i].watch);
		http->listeners[i].watch = NULL;
	}
	http->listener_count = 0;
	if (http->resume)
		timer_stop(http->resume);
}
