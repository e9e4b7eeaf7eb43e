/*
 * Who comes in.  All that can be known of a connection without reading from it is judged first;
 * who is refused is reset, so that nothing of it stays with us.
 */
#include "redirector/http/http_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

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

static void take_in(void *arg, void *listener, int fd, const struct addr *source)
{
	struct http *http = arg;
	const struct http_listener *l = listener;
	struct connection *c = calloc(1, sizeof(*c));
	enum http_count why = HTTP_CLOSED_FULL;

	if (!c) {
		http_count(http, why);
		acceptor_refuse(fd);
		return;
	}
	*c = (struct connection){
		.home = http, .fd = fd, .door = l->door, .source = *source, .waits = WAITS_LAST
	};
	if (!admit(l, c, &why)) {
		http_count(http, why);
		acceptor_refuse(fd);
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

static void on_shortage(void *arg)
{
	http_count(arg, HTTP_CLOSED_FULL);
}

bool listeners_new(struct http *http)
{
	http->acceptor = acceptor_new(http->parts.loop, take_in, on_shortage, http);
	return http->acceptor != NULL;
}

bool listener_open(struct http *http, const struct http_socket *socket, char why[256])
{
	struct http_listener *l;
	char reason[256];

	if (http->listener_count == HTTP_LISTEN_MAX) {
		snprintf(why, 256, "http.listen: more than %d", HTTP_LISTEN_MAX);
		return false;
	}
	l = &http->listeners[http->listener_count];
	*l = (struct http_listener){ .home = http, .door = socket->door };
	if (!acceptor_listen(http->acceptor, socket->fd, l, reason)) {
		snprintf(why, 256, "http.listen: %.200s", reason);
		return false;
	}
	http->listener_count++;
	return true;
}

void listeners_close(struct http *http)
{
	if (http->acceptor)
		acceptor_stop(http->acceptor);
	http->listener_count = 0;
}
