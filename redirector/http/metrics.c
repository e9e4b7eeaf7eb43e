#include "redirector/http/metrics.h"

#include "redirector/monitor/prometheus.h"

#include <stdlib.h>

enum {
	KEEP_MS = 1000,
};

struct metrics {
	struct monitor *monitor;
	const struct clock *clock;
	struct prometheus text;
	bool made;
	int64_t made_ms;
};

struct metrics *metrics_new(struct monitor *monitor, const struct clock *clock)
{
	struct metrics *m = calloc(1, sizeof(*m));

	if (m)
		*m = (struct metrics){ .monitor = monitor, .clock = clock };
	return m;
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	prometheus_deinit(&metrics->text);
	free(metrics);
}

/* The memory of the last one is used again; one that failed is tried again by whoever asks next. */
static void make(struct metrics *m, int64_t now)
{
	m->text.len = 0;
	m->text.failed = false;
	prometheus_print(&m->text, monitor_look(m->monitor), monitor_http(m->monitor),
			 monitor_version(m->monitor));
	m->made = !m->text.failed;
	m->made_ms = now;
}

static void answer(void *arg, struct exchange *exchange)
{
	struct metrics *m = arg;
	int64_t now = m->clock->mono(m->clock);
	struct http_reply reply = { .status = 200,
				    .type = PROMETHEUS_TYPE,
				    .headers = { { "Cache-Control", "no-store" } } };

	if (!m->made || now - m->made_ms >= KEEP_MS)
		make(m, now);
	if (m->made) {
		reply.body = (struct sk_span){ m->text.text, m->text.len };
	} else {
		reply.status = 500;
		reply.type = "text/plain; charset=utf-8";
		reply.body = sk_span_of("out of memory, or more than 4 MiB of metrics\n");
	}
	exchange_answer(exchange, &reply);
}

void metrics_add(struct metrics *metrics, const bool *on, struct routes *routes)
{
	const struct route route = { .path = "/metrics",
				     .methods = METHOD_GET,
				     .who = ROUTE_VIEWER,
				     .counted = "metrics",
				     .handler = answer,
				     .arg = metrics,
				     .on = on };

	routes_add(routes, &route);
}
