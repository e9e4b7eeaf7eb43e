#include "redirector/http/http.h"

#include "redirector/http/http_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* The place of that name; the last one is for all that find none. */
static struct http_route_counts *place_of(struct http_counts *counts, const char *name)
{
	struct http_route_counts *place = NULL;

	for (size_t i = 0; i < HTTP_ROUTES_MAX; i++) {
		place = &counts->routes[i];
		if (place->name[0] == '\0')
			snprintf(place->name, sizeof(place->name), "%s", name);
		if (strncmp(place->name, name, sizeof(place->name) - 1) == 0)
			return place;
	}
	return place;
}

static void place_routes(struct http *http)
{
	const struct routes *routes = http->parts.routes;

	http->of_none = place_of(http->parts.counts, "other");
	for (size_t i = 0; i < routes->count; i++)
		http->of_route[i] = place_of(http->parts.counts, routes->items[i].counted);
}

static bool open_sockets(struct http *http, const struct http_socket *sockets, size_t count,
			 char why[256])
{
	bool tls = false;

	for (size_t i = 0; i < count; i++)
		tls |= sockets[i].door == DOOR_HTTPS;
	if (tls && !secure_new(&http->conf->http, &http->secure, why))
		return false;
	http->plain = engine_new(http, false, why);
	if (!http->plain)
		return false;
	if (tls) {
		http->tls = engine_new(http, true, why);
		if (!http->tls)
			return false;
	}
	for (size_t i = 0; i < count; i++)
		if (!listener_open(http, &sockets[i], why))
			return false;
	return true;
}

/* The limit by rate is there as soon as it was set once. */
static bool want_rates(struct http *http, const struct conf *conf)
{
	if (!http->rates && conf->http.rate > 0)
		http->rates = sources_new();
	return http->rates || conf->http.rate == 0;
}

static bool fill(struct http *http)
{
	http->by_source = calloc(HTTP_SOURCE_SLOTS, sizeof(struct http_source *));
	http->lingers = lingers_new(http->parts.loop);
	http->late = timer_new(http->parts.loop, connections_late, http);
	return http->by_source && http->lingers && http->late && listeners_new(http) &&
	       getrandom(&http->seed, sizeof(http->seed), 0) == sizeof(http->seed) &&
	       want_rates(http, http->conf);
}

bool http_new(const struct http_parts *parts, struct conf *conf,
	      struct authorization *authorization, const struct http_socket *sockets, size_t count,
	      struct http **out, char why[256])
{
	SK_CLEANUP(http_free_p) struct http *http = calloc(1, sizeof(*http));

	snprintf(why, 256, "http: out of memory");
	if (!http)
		return false;
	http->parts = *parts;
	http->conf = conf_ref(conf);
	http->authorization = authorization ? authorization_ref(authorization) : NULL;
	if (!fill(http))
		return false;
	place_routes(http);
	if (!open_sockets(http, sockets, count, why))
		return false;
	*out = sk_steal(http);
	return true;
}

/* Whoever waits for a handler would be in the way of libmicrohttpd's end. */
static void wake_all(struct http *http)
{
	while (http->first[WAITS_HANDLER]) {
		struct connection *c = http->first[WAITS_HANDLER];
		struct exchange *x = c->exchange;

		connection_waits(c, WAITS_SENDING);
		if (x && x->suspended) {
			x->suspended = false;
			MHD_resume_connection(c->mhd);
		}
	}
}

void http_free(struct http *http)
{
	if (!http)
		return;
	listeners_close(http);
	for (struct engine *e = http->old; e; e = e->next)
		engine_flush(e);
	engine_flush(http->plain);
	engine_flush(http->tls);
	wake_all(http);
	while (http->old) {
		struct engine *e = http->old;

		http->old = e->next;
		engine_free(e);
	}
	engine_free(http->plain);
	engine_free(http->tls);
	lingers_free(http->lingers);
	timer_free(http->late);
	acceptor_free(http->acceptor);
	sources_free(http->rates);
	http_drop(http);
	secure_unref(http->secure);
	authorization_unref(http->authorization);
	conf_unref(http->conf);
	free(http->by_source);
	free(http);
}

/* Those that are there go on in the old ones, until they end. */
static void retire(struct http *http, struct engine *e)
{
	if (!e)
		return;
	e->next = http->old;
	http->old = e;
}

static void free_retired(struct http *http)
{
	struct engine **place = &http->old;

	while (*place) {
		struct engine *e = *place;

		if (e->open > 0 || e->running) {
			place = &e->next;
			continue;
		}
		*place = e->next;
		engine_free(e);
	}
}

void http_drop(struct http *http)
{
	secure_unref(sk_steal(http->next.secure));
	engine_free(sk_steal(http->next.plain));
	engine_free(sk_steal(http->next.tls));
	conf_unref(sk_steal(http->next.conf));
}

/* How long a head may be is libmicrohttpd's from its start on. */
static bool make_engines(struct http *http, struct conf *conf, char why[256])
{
	struct conf *before = http->conf;

	if (conf->http.header_max == before->http.header_max)
		return true;
	http->conf = conf;
	http->next.plain = engine_new(http, false, why);
	if (http->next.plain && http->tls)
		http->next.tls = engine_new(http, true, why);
	http->conf = before;
	return http->next.plain && (!http->tls || http->next.tls);
}

static bool wants_tls(const struct conf *conf)
{
	for (size_t i = 0; i < conf->http.listen.count; i++)
		if (strncmp(conf->http.listen.items[i], "https:", 6) == 0)
			return true;
	return false;
}

bool http_prepare(struct http *http, struct conf *conf, char why[256])
{
	http_drop(http);
	/* with https that a restart would add, too: then it is to be found out now */
	if (wants_tls(conf) && !secure_new(&conf->http, &http->next.secure, why))
		return false;
	snprintf(why, 256, "http: out of memory");
	if (!want_rates(http, conf) || !make_engines(http, conf, why)) {
		http_drop(http);
		return false;
	}
	why[0] = '\0';
	http->next.conf = conf_ref(conf);
	return true;
}

void http_swap(struct http *http, struct authorization *authorization)
{
	if (!http->next.conf)
		return;
	conf_unref(http->conf);
	http->conf = sk_steal(http->next.conf);
	free_retired(http);
	if (http->next.plain) {
		retire(http, http->plain);
		retire(http, http->tls);
		http->plain = sk_steal(http->next.plain);
		http->tls = sk_steal(http->next.tls);
	}
	if (http->secure && http->next.secure) {
		secure_unref(http->secure);
		http->secure = sk_steal(http->next.secure);
	}
	if (authorization)
		authorization_ref(authorization);
	authorization_unref(http->authorization);
	http->authorization = authorization;
	http_drop(http);
	connections_relist(http);
	connections_late(http);
}

void http_drain(struct http *http)
{
	http->draining = true;
	listeners_close(http);
	while (http->first[WAITS_IDLE])
		connection_end(http->first[WAITS_IDLE]);
}

size_t http_open(const struct http *http)
{
	return http->open;
}

bool http_check(const struct conf *conf, int64_t *not_after, char why[256])
{
	SK_CLEANUP(secure_unref_p) struct secure *secure = NULL;

	if (wants_tls(conf) && !secure_new(&conf->http, &secure, why))
		return false;
	if (not_after)
		*not_after = secure ? secure_not_after(secure) : 0;
	return true;
}

int64_t http_not_after(const struct http *http)
{
	return http->secure ? secure_not_after(http->secure) : 0;
}
