/*
 * The history is written whether anybody looks or not; answers are made when the first one asks
 * and serve all who ask before the next look.
 */
#include "redirector/http/live.h"

#include "redirector/http/conditional.h"
#include "redirector/http/live_view.h"
#include "redirector/http/page.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	LOOK_MS = 1000,
};

#define POLICY \
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " \
	"img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* One of the two answers. */
struct data {
	void (*print)(const struct live_view *view, struct sk_buf *out);
	char *text;
	size_t size, len;
	int64_t made; /* number of the look it was made of; -1: never */
	char tag[48];
};

struct live {
	struct live_parts parts;
	struct history *history;
	struct volume *volume; /* NULL: no tally */
	struct timer *timer;
	struct live_recent recent;
	const struct snapshot *seen;
	int64_t looks;
	struct data now, hour;
};

static void remember(struct live *l)
{
	const struct snapshot *s = l->seen;

	l->recent.newest = (l->recent.newest + 1) % SK_COUNT(l->recent.looks);
	l->recent.looks[l->recent.newest] = (struct live_look){
		.at_ms = s->at_ms,
		.calls = s->counters.n[COUNT_INVITES] + s->counters.n[COUNT_QUESTIONS],
		.log_lost = s->log_lost,
		.tokens_failed = s->shown[SHOWN_TOKENS_FAILED] + s->shown[SHOWN_TOKENS_AWAY] +
				 s->shown[SHOWN_TOKENS_ABANDONED],
		.shed = s->counters.n[COUNT_SHED],
	};
}

/* The picture is a second old at most: it may be the one of the last look. */
static void look(struct live *l)
{
	struct history_sums sums;

	l->seen = monitor_look(l->parts.monitor);
	if (l->recent.looks[l->recent.newest].at_ms == l->seen->at_ms)
		return;
	live_sums(l->seen, &sums);
	history_add(l->history, l->seen->at_ms, &sums);
	if (l->volume)
		volume_add(l->volume, l->seen->at_ms);
	remember(l);
	l->looks++;
}

static void on_timer(void *arg)
{
	struct live *l = arg;

	look(l);
	if (!timer_set(l->timer, LOOK_MS))
		timer_stop(l->timer); /* no memory: whoever asks next looks, too */
}

static bool data_new(struct data *d, size_t size,
		     void (*print)(const struct live_view *view, struct sk_buf *out))
{
	*d = (struct data){ .print = print, .text = malloc(size), .size = size, .made = -1 };
	return d->text != NULL;
}

struct live *live_new(const struct live_parts *parts)
{
	SK_CLEANUP(live_free_p) struct live *l = calloc(1, sizeof(*l));
	int64_t now = parts->clock->mono(parts->clock);

	if (!l)
		return NULL;
	l->parts = *parts;
	l->history = history_at(parts->history, now);
	l->timer = timer_new(parts->loop, on_timer, l);
	if (parts->tally)
		l->volume = volume_new(parts->tally, now);
	if (!l->history || !l->timer || (parts->tally && !l->volume) ||
	    !data_new(&l->now, LIVE_DATA_SIZE, live_print) ||
	    !data_new(&l->hour, LIVE_HOUR_SIZE, live_print_hour) || !timer_set(l->timer, LOOK_MS))
		return NULL;
	return sk_steal(l);
}

void live_free(struct live *l)
{
	if (!l)
		return;
	timer_free(l->timer);
	volume_free(l->volume);
	history_free(l->history);
	free(l->now.text);
	free(l->hour.text);
	free(l);
}

/* @return false: it does not fit, which is a fault of ours */
static bool make(struct live *l, struct data *d)
{
	struct live_view view = { l->seen, &l->recent, l->history, l->volume, l->parts.version };
	struct sk_buf out;

	sk_buf_init(&out, d->text, d->size);
	d->print(&view, &out);
	d->len = out.len;
	d->made = out.overflow ? -1 : l->looks;
	snprintf(d->tag, sizeof(d->tag), "\"%llx-%llx\"", (unsigned long long)l->seen->at_ms,
		 (unsigned long long)l->seen->at_s);
	return !out.overflow;
}

static void answer(struct exchange *exchange, struct http_reply *reply, const char *tag)
{
	char mem[CONDITIONAL_SIZE];

	if (conditional_has(exchange_headers(exchange, "If-None-Match", mem, sizeof(mem)), tag,
			    false)) {
		reply->status = 304; /* Content-Length stays that of the body (RFC 9110, 8.6) */
		reply->type = NULL;
	}
	exchange_answer(exchange, reply);
}

static void serve(struct live *l, struct data *d, struct exchange *exchange)
{
	struct http_reply reply = {
		.status = 200,
		.type = "application/json",
		.headers = { { "Cache-Control", "no-store" },
			     { "ETag", d->tag },
			     { "Content-Security-Policy", POLICY },
			     { "Referrer-Policy", "no-referrer" } },
	};

	look(l);
	if (d->made != l->looks && !make(l, d)) {
		exchange_answer(exchange,
				&(struct http_reply){ .status = 500,
						      .type = "text/plain; charset=utf-8",
						      .body = SK_SPAN("the data do not fit\n") });
		return;
	}
	reply.body = (struct sk_span){ d->text, d->len };
	answer(exchange, &reply, d->tag);
}

static void on_now(void *arg, struct exchange *exchange)
{
	struct live *l = arg;

	serve(l, &l->now, exchange);
}

static void on_hour(void *arg, struct exchange *exchange)
{
	struct live *l = arg;

	serve(l, &l->hour, exchange);
}

static void on_asset(void *arg, struct exchange *exchange)
{
	const struct page_asset *a = arg;
	struct http_reply reply = {
		.status = 200,
		.type = a->type,
		.body = a->body,
		.kept = true,
		.headers = { { "Cache-Control", a == page_assets
							? "no-cache"
							: "public, max-age=31536000, immutable" },
			     { "ETag", a->tag },
			     { "Content-Security-Policy", POLICY },
			     { "Referrer-Policy", "no-referrer" },
			     { "Cross-Origin-Opener-Policy", "same-origin" },
			     { "Cross-Origin-Resource-Policy", "same-origin" } },
	};

	answer(exchange, &reply, a->tag);
}

void live_add(struct live *l, const bool *on, struct routes *routes)
{
	struct route route = { .methods = METHOD_GET, .on = on, .counted = "page" };

	route.who = ROUTE_LISTED;
	route.exact = true;
	route.handler = on_asset;
	for (size_t i = 0; i < page_asset_count; i++) {
		route.path = page_assets[i].path;
		route.arg = (void *)(uintptr_t)&page_assets[i];
		routes_add(routes, &route);
	}
	route.who = ROUTE_VIEWER;
	route.counted = "live";
	route.arg = l;
	route.path = "/live.json";
	route.handler = on_now;
	routes_add(routes, &route);
	route.path = "/live-hour.json";
	route.handler = on_hour;
	routes_add(routes, &route);
}
