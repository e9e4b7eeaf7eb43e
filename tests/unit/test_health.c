/*
 * Alive and ready, by a picture that the test makes; and metrics, made once a second.
 */
#include "redirector/http/health.h"
#include "redirector/http/metrics.h"
#include "redirector/monitor/prometheus.h"
#include "tests/check.h"

#include <stdlib.h>

static struct snapshot picture;
static unsigned status, answers, looks;
static char body[1 << 16], type[64];
static int64_t now_ms = 1000;
static long fail_at;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	if (fail_at > 0 && --fail_at == 0)
		return NULL;
	return __real_calloc(n, size);
}

void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size)
{
	if (fail_at > 0 && --fail_at == 0)
		return NULL;
	return __real_realloc(p, size);
}

const struct snapshot *__wrap_monitor_look(struct monitor *monitor);
const struct snapshot *__wrap_monitor_look(struct monitor *monitor)
{
	(void)monitor;
	looks++;
	return &picture;
}

const struct http_counts *__wrap_monitor_http(const struct monitor *monitor);
const struct http_counts *__wrap_monitor_http(const struct monitor *monitor)
{
	static const struct http_counts none;

	(void)monitor;
	return &none;
}

const char *__wrap_monitor_version(const struct monitor *monitor);
const char *__wrap_monitor_version(const struct monitor *monitor)
{
	(void)monitor;
	return "1";
}

void __wrap_exchange_answer(struct exchange *exchange, const struct http_reply *reply);
void __wrap_exchange_answer(struct exchange *exchange, const struct http_reply *reply)
{
	(void)exchange;
	answers++;
	status = reply->status;
	snprintf(type, sizeof(type), "%s", reply->type);
	snprintf(body, sizeof(body), "%.*s", (int)reply->body.len, reply->body.ptr);
}

static int64_t mono_of(const struct clock *c)
{
	(void)c;
	return now_ms;
}

static const struct clock still = { .mono = mono_of };

static unsigned ask(const struct routes *routes, const char *path)
{
	const struct route *r = routes_find(routes, sk_span_of(path));

	if (!r)
		return 404;
	answers = 0;
	r->handler(r->arg, NULL);
	CHECK(answers == 1, "%s: one answer", path);
	return status;
}

static void well(void)
{
	memset(&picture, 0, sizeof(picture));
	picture.ready = picture.workers_configured = 2;
	picture.process_count = 2;
	picture.processes[0] = (struct seen_process){ .pid = 1, .phase = WORKER_READY };
	picture.processes[1] = (struct seen_process){ .pid = 2, .phase = WORKER_READY };
	picture.certs.signers = picture.certs.signers_able = 3;
	picture.certs.verifiers = 3;
	picture.anchors = 4;
	picture.anchors_known = true;
}

static void expect(const struct routes *routes, const char *path, unsigned want, const char *says,
		   const char *what)
{
	unsigned got = ask(routes, path);

	CHECK(got == want, "%s: %u", what, got);
	CHECK(strstr(body, says), "%s: %s", what, body);
	CHECK(strncmp(body, want == 200 ? "{\"status\": \"ok\"" : "{\"status\": \"fail\"", 15) == 0,
	      "%s: its first word", what);
	CHECK(strcmp(type, "application/json") == 0, "%s", type);
}

static void alive(const struct routes *r)
{
	well();
	expect(r, "/healthz", 200, "2 of 2 processes", "all well");
	picture.supervisor_silent_ms = -1;
	expect(r, "/healthz", 200, "there is none", "alone");
	picture.supervisor_silent_ms = HEALTH_SILENT_MS;
	expect(r, "/healthz", 200, "15 s old", "just");
	picture.supervisor_silent_ms = HEALTH_SILENT_MS + 1;
	expect(r, "/healthz", 503, "\"supervisor\", \"ok\": false", "the supervisor is stuck");
	well();
	picture.processes[1].silent_ms = HEALTH_SILENT_MS + 1;
	expect(r, "/healthz", 503, "1 of 2 processes", "one is stuck");
	picture.processes[1].phase = WORKER_DRAINING;
	expect(r, "/healthz", 200, "1 of 1 processes", "who drains may be slow");
	well();
	picture.ready = 0;
	picture.anchors = 0;
	expect(r, "/healthz", 200, "ok", "not ready is alive");
}

static void ready(const struct routes *r)
{
	well();
	expect(r, "/readyz", 200, "trusted authorities: 4", "all well");
	picture.ready = 1;
	expect(r, "/readyz", 200, "1 of 2 SIP workers", "one is enough");
	picture.ready = 0;
	expect(r, "/readyz", 503, "\"workers\", \"ok\": false", "no worker");
	well();
	picture.certs.signers_able = 1;
	expect(r, "/readyz", 200, "1 of 3 tenants", "one can sign");
	picture.certs.signers_able = 0;
	expect(r, "/readyz", 503, "\"keys\", \"ok\": false", "nobody can");
	picture.certs.signers = 0;
	expect(r, "/readyz", 200, "no tenant signs", "nobody wants to");
	well();
	picture.anchors = 0;
	expect(r, "/readyz", 503, "no authority is trusted", "no trust");
	picture.certs.verifiers = 0;
	expect(r, "/readyz", 200, "no tenant verifies", "nobody needs it");
	well();
	picture.crls_missing = true;
	expect(r, "/readyz", 503, "crl-required", "a list is missing");
	well();
	picture.anchors_known = false;
	expect(r, "/readyz", 503, "no worker is there to tell", "nobody knows");
	well();
	picture.draining = 1;
	expect(r, "/readyz", 200, "\"draining\", \"ok\": true", "one of several drains");
	picture.draining = 2;
	picture.ready = 0;
	expect(r, "/readyz", 503, "the service ends", "all drain");
	well();
	picture.draining = picture.workers_configured = SIZE_MAX;
	picture.certs.signers = SIZE_MAX;
	picture.certs.signers_able = 0;
	picture.ready = 0;
	picture.anchors = UINT64_MAX;
	expect(r, "/readyz", 503, "]}", "the longest fits");
}

static void drains(void)
{
	struct routes routes = { .count = 0 };
	struct health *h = health_new(NULL);

	health_add(h, &routes);
	alive(&routes);
	ready(&routes);
	well();
	health_set_draining(h);
	expect(&routes, "/readyz", 503, "the service ends", "it ends");
	expect(&routes, "/healthz", 200, "ok", "and lives");
	for (size_t i = 0; i < routes.count; i++)
		CHECK(routes.items[i].on_health && routes.items[i].who == ROUTE_LISTED &&
			      routes.items[i].methods == METHOD_GET,
		      "%s", routes.items[i].path);
	health_free(h);
	fail_at = 1;
	CHECK(!health_new(NULL), "no memory");
	fail_at = 0;
	health_free(NULL);
}

static void metrics(void)
{
	static const bool on = true;
	struct routes routes = { .count = 0 };
	struct metrics *m = metrics_new(NULL, &still);

	metrics_add(m, &on, &routes);
	CHECK(routes.items[0].who == ROUTE_VIEWER && !routes.items[0].on_health &&
		      routes.items[0].on == &on,
	      "for viewers");
	well();
	looks = 0;
	CHECK(ask(&routes, "/metrics") == 200 && strcmp(type, PROMETHEUS_TYPE) == 0, "%s", type);
	CHECK(strstr(body, "shaken_workers_ready 2\n"), "metrics");
	picture.ready = 1;
	now_ms += 999;
	CHECK(ask(&routes, "/metrics") == 200 && looks == 1, "once a second");
	CHECK(strstr(body, "shaken_workers_ready 2\n"), "for all");
	now_ms += 1;
	CHECK(ask(&routes, "/metrics") == 200 && looks == 2, "then again");
	CHECK(strstr(body, "shaken_workers_ready 1\n"), "anew");
	metrics_free(m);

	m = metrics_new(NULL, &still);
	routes.count = 0;
	metrics_add(m, &on, &routes);
	fail_at = 1;
	CHECK(ask(&routes, "/metrics") == 500 && strstr(body, "out of memory"), "%s", body);
	fail_at = 0;
	CHECK(ask(&routes, "/metrics") == 200, "the next one is served");
	metrics_free(m);
	fail_at = 1;
	CHECK(!metrics_new(NULL, &still), "no memory");
	fail_at = 0;
	metrics_free(NULL);
}

int main(void)
{
	drains();
	metrics();
	return check_result();
}
