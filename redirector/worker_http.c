/*
 * What surprises: `on`.  A route asks at each request whether its interface is there, so a reload
 * turns interfaces on and off and no route is added or taken away while somebody is in it.
 */
#include "redirector/worker_http.h"

#include "redirector/expiry.h"
#include "redirector/http/authorization.h"
#include "redirector/http/desk.h"
#include "redirector/http/http.h"
#include "redirector/http/serving.h"
#include "redirector/http/unreached.h"
#include "redirector/monitor/monitor.h"
#include "redirector/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

struct worker_http {
	struct worker *w;
	struct desk *desk;
	struct atis *atis;
	struct ms *ms;
	struct secsipidx *secsipidx;
	struct hosting *hosting;
	struct monitor *monitor;
	struct metrics *metrics;
	struct health *health;
	struct live *live;
	struct http *http;
	struct routes routes;
	struct serving on;
};

static bool no_memory(char why[WHY_SIZE])
{
	snprintf(why, WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
	return false;
}

static bool open_desk(struct worker_http *h, char why[WHY_SIZE])
{
	struct worker *w = h->w;
	const struct desk_parts parts = {
		.loop = w->loop,
		.log = w->log,
		.clock = &w->clock,
		.certs = supply_certs(w->supply),
		.counters = &w->page->counters,
		.tokens = w->tokens,
		.records = w->records,
		.tally = w->tally,
		.seen = w->given.seen,
		.tag_key = ((const struct pages *)w->given.pages.at)->tag_key,
		.trace = w->trace,
		.steps = &w->page->steps,
	};

	return desk_new(&parts, w->directory, &h->desk, why);
}

static bool open_interfaces(struct worker_http *h, char why[WHY_SIZE])
{
	struct worker *w = h->w;
	const struct api_parts parts = { .desk = h->desk, .log = w->log, .clock = &w->clock };

	h->atis = atis_new(&parts);
	h->ms = ms_new(&parts, w->start->http.ms_root);
	h->secsipidx = secsipidx_new(&parts);
	if (!h->atis || !h->ms || !h->secsipidx)
		return no_memory(why);
	return true;
}

/* Metrics, health, the page: all of one picture. */
static bool open_monitor(struct worker_http *h, char why[WHY_SIZE])
{
	struct worker *w = h->w;
	const struct monitor_parts monitor = { .clock = &w->clock,
					       .pages = w->given.pages.at,
					       .tally = w->tally,
					       .version = SHAKEN_VERSION };
	struct live_parts live = { .loop = w->loop,
				   .clock = &w->clock,
				   .tally = w->tally,
				   .history = w->given.history.at,
				   .version = SHAKEN_VERSION };

	h->monitor = monitor_new(&monitor);
	if (!h->monitor)
		return no_memory(why);
	monitor_set_directory(h->monitor, w->directory);
	live.monitor = h->monitor;
	h->metrics = metrics_new(h->monitor, &w->clock);
	h->health = health_new(h->monitor);
	h->live = live_new(&live);
	if (!h->metrics || !h->health || !h->live)
		return no_memory(why);
	return true;
}

static bool open_hosting(struct worker_http *h, char why[WHY_SIZE])
{
	struct worker *w = h->w;
	const struct hosting_parts hosting = { .clock = &w->clock, .log = w->log };

	if (!hosting_new(&hosting, &h->hosting))
		return no_memory(why);
	if (!hosting_prepare(h->hosting, w->directory, why))
		return false;
	hosting_swap(h->hosting);
	return true;
}

static void add_routes(struct worker_http *h)
{
	const struct servers servers = {
		.atis = h->atis,
		.ms = h->ms,
		.secsipidx = h->secsipidx,
		.hosting = h->hosting,
		.metrics = h->metrics,
		.health = h->health,
		.live = h->live,
	};

	serving_add(&h->on, &servers, &h->routes);
}

/* Calls go on: who is left out learns it from the log. */
static void tell_unreached(const struct worker_http *h, const struct directory *directory)
{
	if (h->on.hosting)
		unreached_log(directory, &h->routes, h->w->log);
}

static void tell_listening(const struct worker *w, const struct http_socket *socket)
{
	static const char *const words[] = {
		[DOOR_HTTP] = "http",
		[DOOR_HTTPS] = "https",
		[DOOR_HEALTH] = "health",
	};
	struct addr at = { .len = sizeof(at.sa) };
	char text[ADDR_TEXT_SIZE];

	if (getsockname(socket->fd, &at.sa.any, &at.len) < 0)
		return;
	addr_print(&at, text);
	log_print(w->log, LEVEL_INFO, "event=listen address=%s:%s", words[socket->door], text);
}

static bool open_server(struct worker_http *h, struct authorization *authorization,
			char why[WHY_SIZE])
{
	struct worker *w = h->w;
	struct pages *pages = w->given.pages.at;
	const struct http_parts parts = { .loop = w->loop,
					  .log = w->log,
					  .clock = &w->clock,
					  .counts = &pages->http,
					  .routes = &h->routes };

	add_routes(h);
	if (!http_new(&parts, w->start, authorization, w->given.http.items, w->given.http.count,
		      &h->http, why))
		return false;
	for (size_t i = 0; i < w->given.http.count; i++)
		tell_listening(w, &w->given.http.items[i]);
	return true;
}

/* One client's fault is no reason not to start; a reload is refused. */
static void client_left_out(void *arg, const char *why)
{
	const struct worker *w = arg;

	log_print(w->log, LEVEL_ERROR, "event=client result=left-out msg=\"%s\"", why);
}

bool worker_http_new(struct worker *w, struct worker_http **out, char why[WHY_SIZE])
{
	SK_CLEANUP(authorization_unref_p) struct authorization *authorization = NULL;
	struct worker_http *h = calloc(1, sizeof(*h));

	if (!h)
		return no_memory(why);
	h->w = w;
	serving_set(&h->on, w->start);
	authorization = authorization_start(w->directory, client_left_out, w, why);
	if (authorization && open_desk(h, why) && open_interfaces(h, why) && open_hosting(h, why) &&
	    open_monitor(h, why) && open_server(h, authorization, why)) {
		tell_unreached(h, w->directory);
		*out = h;
		return true;
	}
	worker_http_free(h);
	return false;
}

void worker_http_free(struct worker_http *h)
{
	if (!h)
		return;
	if (h->desk) {
		desk_drain(h->desk);   /* what is read meanwhile does not wait */
		desk_give_up(h->desk); /* answers through the server */
	}
	http_free(h->http);
	live_free(h->live);
	health_free(h->health);
	metrics_free(h->metrics);
	monitor_free(h->monitor);
	hosting_free(h->hosting);
	secsipidx_free(h->secsipidx);
	ms_free(h->ms);
	atis_free(h->atis);
	desk_free(h->desk);
	free(h);
}

void worker_http_drop(struct worker_http *h)
{
	if (!h)
		return;
	http_drop(h->http);
	hosting_drop(h->hosting);
}

bool worker_http_prepare(struct worker_http *h, struct directory *directory, char why[WHY_SIZE])
{
	return !h || (http_prepare(h->http, directory_conf(directory), why) &&
		      hosting_prepare(h->hosting, directory, why));
}

void worker_http_swap(struct worker_http *h, struct directory *directory,
		      struct authorization *authorization)
{
	if (!h)
		return;
	http_swap(h->http, authorization);
	hosting_swap(h->hosting);
	desk_set_directory(h->desk, directory);
	monitor_set_directory(h->monitor, directory);
	serving_set(&h->on, directory_conf(directory));
	tell_unreached(h, directory);
}

void worker_http_set_numbers(struct worker_http *h, const struct numbers *numbers)
{
	if (h)
		desk_set_numbers(h->desk, numbers);
}

void worker_http_leave(struct worker_http *h)
{
	if (h)
		health_set_draining(h->health);
}

void worker_http_refuse(struct worker_http *h)
{
	if (h)
		desk_drain(h->desk);
}

void worker_http_drain(struct worker_http *h)
{
	if (h)
		http_drain(h->http);
}

size_t worker_http_busy(const struct worker_http *h)
{
	return h ? desk_waiting(h->desk) + http_open(h->http) : 0;
}

size_t worker_http_waiting(const struct worker_http *h)
{
	return h ? desk_waiting(h->desk) : 0;
}

void worker_http_give_up(struct worker_http *h)
{
	if (h)
		desk_give_up(h->desk);
}

int64_t worker_http_ends(const struct worker_http *h)
{
	return h ? http_not_after(h->http) : 0;
}

void worker_http_tell_expiry(const struct worker_http *h)
{
	if (h)
		expiry_listener("http", worker_http_ends(h),
				directory_conf(h->w->directory)->http.certificate,
				h->w->clock.wall(&h->w->clock), h->w->log);
}
