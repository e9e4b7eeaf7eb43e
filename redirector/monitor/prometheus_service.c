/* Of the service: its processes, connections, HTTP, reloads and the clock. */
#include "redirector/monitor/prometheus.h"

#include <string.h>

static const struct metric_row streams[] = {
	{ METRIC_CONNECTIONS_ACCEPTED, NULL, NULL, STREAMS_ACCEPTED },
	{ METRIC_CONNECTIONS_CLOSED, "reason", "stranger", STREAMS_STRANGERS },
	{ METRIC_CONNECTIONS_CLOSED, "reason", "over", STREAMS_OVER },
	{ METRIC_CONNECTIONS_CLOSED, "reason", "source_over", STREAMS_SOURCE_OVER },
	{ METRIC_CONNECTIONS_CLOSED, "reason", "no_descriptor", STREAMS_FULL },
	{ METRIC_CONNECTIONS_CLOSED, "reason", "no_sip", STREAMS_GARBAGE },
	{ METRIC_CONNECTIONS_CLOSED, "reason", "slow", STREAMS_SLOW },
	{ METRIC_CONNECTIONS_CLOSED, "reason", "idle", STREAMS_IDLE },
	{ METRIC_CONNECTIONS_CLOSED, "reason", "unread", STREAMS_UNREAD },
	{ METRIC_CONNECTIONS_CLOSED, "reason", "handshake", STREAMS_HANDSHAKES },
	{ METRIC_CONNECTION_MESSAGES, NULL, NULL, STREAMS_MESSAGES },
};

static const struct metric_row web[] = {
	{ METRIC_HTTP_ACCEPTED, NULL, NULL, HTTP_ACCEPTED },
	{ METRIC_HTTP_CLOSED, "reason", "stranger", HTTP_CLOSED_SOURCE },
	{ METRIC_HTTP_CLOSED, "reason", "over", HTTP_CLOSED_FULL },
	{ METRIC_HTTP_CLOSED, "reason", "slow", HTTP_TIMED_OUT },
	{ METRIC_HTTP_CLOSED, "reason", "handshake", HTTP_TLS_FAILED },
	{ METRIC_HTTP_REFUSED, "reason", "malformed", HTTP_MALFORMED },
	{ METRIC_HTTP_REFUSED, "reason", "unknown_client", HTTP_UNKNOWN },
	{ METRIC_HTTP_REFUSED, "reason", "not_allowed", HTTP_REFUSED },
	{ METRIC_HTTP_REFUSED, "reason", "rate", HTTP_LIMITED },
	{ METRIC_HTTP_REFUSED, "reason", "late", HTTP_LATE },
	{ METRIC_HTTP_BYTES, "direction", "in", HTTP_BYTES_IN },
	{ METRIC_HTTP_BYTES, "direction", "out", HTTP_BYTES_OUT },
};

static uint64_t load(const _Atomic uint64_t *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

/* A name is there as a whole once its first letter is; the last is a terminator in any case. */
static void copy_name(char out[HTTP_ROUTE_NAME], const struct http_route_counts *r)
{
	memcpy(out, r->name, HTTP_ROUTE_NAME);
	out[HTTP_ROUTE_NAME - 1] = '\0';
}

static uint64_t of_route(struct prometheus *p, const struct http_route_counts *r, const char *name)
{
	static const char *const classes[] = { "", "1xx", "2xx", "3xx", "4xx", "5xx" };
	uint64_t sum = 0;

	for (int i = 1; i < 6; i++) {
		const struct label labels[] = { { "route", name },
						{ "class", classes[i] },
						{ NULL, NULL } };
		uint64_t n = load(&r->answers[i]);

		sum += n;
		if (p && (n > 0 || i == 2))
			prometheus_number(p, labels, n);
	}
	return sum;
}

static void routes(struct prometheus *p, const struct http_counts *http)
{
	char name[HTTP_ROUTE_NAME];

	prometheus_begin(p, METRIC_HTTP_REQUESTS);
	for (int i = 0; i < HTTP_ROUTES_MAX; i++) {
		copy_name(name, &http->routes[i]);
		if (name[0] != '\0')
			(void)of_route(p, &http->routes[i], name);
	}
	prometheus_begin(p, METRIC_HTTP_SECONDS);
	for (int i = 0; i < HTTP_ROUTES_MAX; i++) {
		const struct label labels[] = { { "route", name }, { NULL, NULL } };

		copy_name(name, &http->routes[i]);
		if (name[0] != '\0')
			prometheus_sum(p, labels, load(&http->routes[i].us),
				       of_route(NULL, &http->routes[i], name));
	}
}

static void http_counted(struct prometheus *p, const struct http_counts *http)
{
	uint64_t n[HTTP_COUNT_LAST];
	int64_t open = atomic_load(&http->open);

	for (int i = 0; i < HTTP_COUNT_LAST; i++)
		n[i] = load(&http->n[i]);
	prometheus_rows(p, web, sizeof(web) / sizeof(web[0]), n);
	prometheus_one(p, METRIC_HTTP_CONNECTIONS, open > 0 ? (uint64_t)open : 0);
	routes(p, http);
}

static void by_kind(struct prometheus *p, enum metric metric, const uint64_t n[2])
{
	static const char *const kinds[] = { "sip", "web" };

	prometheus_begin(p, metric);
	for (int i = 0; i < 2; i++) {
		const struct label labels[] = { { "kind", kinds[i] }, { NULL, NULL } };

		if (metric == METRIC_CPU_SECONDS)
			prometheus_us(p, labels, (int64_t)n[i]);
		else
			prometheus_number(p, labels, n[i]);
	}
}

static void processes(struct prometheus *p, const struct snapshot *s)
{
	uint64_t cpu[2] = { 0 }, resident[2] = { 0 };
	int64_t silent = 0;

	for (size_t i = 0; i < s->process_count; i++) {
		const struct seen_process *one = &s->processes[i];

		cpu[one->web] += one->cpu_us;
		resident[one->web] += one->resident;
		if (one->pid != 0 && one->silent_ms > silent)
			silent = one->silent_ms;
	}
	prometheus_one(p, METRIC_WORKERS_CONFIGURED, s->workers_configured);
	prometheus_one(p, METRIC_WORKERS_READY, s->ready);
	prometheus_one(p, METRIC_WORKERS_DRAINING, s->draining);
	prometheus_one(p, METRIC_WEB_READY, s->web_ready);
	by_kind(p, METRIC_WORKER_STARTS, s->starts);
	by_kind(p, METRIC_CPU_SECONDS, cpu);
	by_kind(p, METRIC_RESIDENT, resident);
	prometheus_begin(p, METRIC_LOOP_SILENT);
	prometheus_us(p, NULL, silent * 1000);
	prometheus_one(p, METRIC_LOG_LOST, s->log_lost);
}

static void reloads(struct prometheus *p, const struct snapshot *s)
{
	const struct label ok[] = { { "result", "ok" }, { NULL, NULL } };
	const struct label failed[] = { { "result", "failed" }, { NULL, NULL } };

	prometheus_begin(p, METRIC_RELOADS);
	prometheus_number(p, ok, s->reloads_ok);
	prometheus_number(p, failed, s->reloads_failed);
	prometheus_one(p, METRIC_RELOAD_OK, s->reloaded_s == 0 || s->reload_ok);
	prometheus_one(p, METRIC_RELOAD_TIME, (uint64_t)s->reloaded_s);
}

static void clock_shown(struct prometheus *p, const struct clock_state *c)
{
	prometheus_one(p, METRIC_CLOCK_KNOWN, c->known);
	prometheus_begin(p, METRIC_CLOCK_SYNCHRONISED);
	if (c->known)
		prometheus_number(p, NULL, c->synchronised);
	prometheus_begin(p, METRIC_CLOCK_ERROR);
	if (c->known)
		prometheus_us(p, NULL, c->error_us);
	prometheus_begin(p, METRIC_CLOCK_OFFSET);
	if (c->known)
		prometheus_us(p, NULL, c->offset_us);
}

void prometheus_service(struct prometheus *p, const struct snapshot *s,
			const struct http_counts *http, const char *version)
{
	const struct label build[] = { { "version", version }, { NULL, NULL } };

	prometheus_begin(p, METRIC_BUILD_INFO);
	prometheus_number(p, build, 1);
	prometheus_one(p, METRIC_START_TIME, s->started_s > 0 ? (uint64_t)s->started_s : 0);
	prometheus_rows(p, streams, sizeof(streams) / sizeof(streams[0]), s->streams);
	prometheus_one(p, METRIC_CONNECTIONS, s->streams_open > 0 ? (uint64_t)s->streams_open : 0);
	http_counted(p, http);
	processes(p, s);
	reloads(p, s);
	clock_shown(p, &s->clock);
}
