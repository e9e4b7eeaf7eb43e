/*
 * The text format: names, escapes, numbers, bounds, and memory that does not come.
 */
#include "redirector/monitor/prometheus.h"
#include "tests/check.h"

#include <stdint.h>
#include <stdlib.h>

static long fail_at; /* the how manyth realloc() from now on fails; 0: none */

void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size)
{
	if (fail_at > 0 && --fail_at == 0)
		return NULL;
	return __real_realloc(p, size);
}

static const char *text_of(struct prometheus *p)
{
	static char copy[1 << 20];

	snprintf(copy, sizeof(copy), "%.*s", (int)p->len, p->text ? p->text : "");
	return copy;
}

static bool has(struct prometheus *p, const char *line)
{
	return strstr(text_of(p), line) != NULL;
}

/* --- names --- */

static bool is_name(const char *name)
{
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

static bool ends_in(const char *name, const char *end)
{
	size_t a = strlen(name), b = strlen(end);

	return a >= b && strcmp(name + a - b, end) == 0;
}

static void names(void)
{
	for (int i = 0; i < METRIC_LAST; i++) {
		const struct metric_name *m = &metric_names[i];

		CHECK(m->name && m->type && m->help, "metric %d is there", i);
		if (!m->name)
			continue;
		CHECK(strncmp(m->name, "shaken_", 7) == 0 && is_name(m->name), "%s", m->name);
		CHECK(ends_in(m->name, "_total") == (strcmp(m->type, "counter") == 0), "%s",
		      m->name);
		CHECK(!strchr(m->help, '\\') && !strchr(m->help, '\n'), "%s: its help", m->name);
		for (int k = 0; k < i; k++)
			CHECK(strcmp(metric_names[k].name, m->name) != 0, "%s: once", m->name);
	}
}

/* --- labels --- */

static void labels(void)
{
	static const struct {
		const char *value, *want;
	} rows[] = {
		{ "plain", "shaken_tenants{tenant=\"plain\"} 7\n" },
		{ "", "shaken_tenants{tenant=\"\"} 7\n" },
		{ "a\"b", "shaken_tenants{tenant=\"a\\\"b\"} 7\n" },
		{ "a\\b", "shaken_tenants{tenant=\"a\\\\b\"} 7\n" },
		{ "a\nb", "shaken_tenants{tenant=\"a\\nb\"} 7\n" },
		{ "a\r\tb\x7f", "shaken_tenants{tenant=\"a??b?\"} 7\n" },
		{ "\"} 1\nx{y=\"", "shaken_tenants{tenant=\"\\\"} 1\\nx{y=\\\"\"} 7\n" },
		{ "\xc3\xa4", "shaken_tenants{tenant=\"\xc3\xa4\"} 7\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct label one[] = { { "tenant", rows[i].value }, { NULL, NULL } };
		struct prometheus p = { .metric = METRIC_TENANTS };

		prometheus_number(&p, one, 7);
		CHECK_STR(text_of(&p), rows[i].want, "a label");
		prometheus_deinit(&p);
	}
}

static void several(void)
{
	const struct label two[] = { { "a", "1" }, { "b", "2" }, { NULL, NULL } };
	struct prometheus p = { .metric = METRIC_TENANTS };

	prometheus_number(&p, two, UINT64_MAX);
	CHECK_STR(text_of(&p), "shaken_tenants{a=\"1\",b=\"2\"} 18446744073709551615\n", "two");
	p.len = 0;
	prometheus_number(&p, NULL, 0);
	CHECK_STR(text_of(&p), "shaken_tenants 0\n", "none");
	prometheus_deinit(&p);
}

/* --- numbers --- */

static void seconds(void)
{
	static const struct {
		int64_t us;
		const char *want;
	} rows[] = {
		{ 0, "0" },
		{ 1, "0.000001" },
		{ 10, "0.00001" },
		{ 500000, "0.5" },
		{ 1000000, "1" },
		{ 10000000, "10" },
		{ 5000001, "5.000001" },
		{ -1500000, "-1.5" },
		{ -1, "-0.000001" },
		{ INT64_MIN, "-9223372036854.775808" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct prometheus p = { .metric = METRIC_CLOCK_OFFSET };
		char want[80];

		snprintf(want, sizeof(want), "shaken_clock_offset_seconds %s\n", rows[i].want);
		prometheus_us(&p, NULL, rows[i].us);
		CHECK_STR(text_of(&p), want, "seconds");
		prometheus_deinit(&p);
	}
}

static void histogram(void)
{
	const struct label step[] = { { "step", "sign" }, { NULL, NULL } };
	struct steps steps = { 0 };
	struct prometheus p = { 0 };
	static const int64_t took[] = { -5, 0, 10, 11, 1000, 4999999, 5000000, 5000001, 9999999 };

	for (size_t i = 0; i < sizeof(took) / sizeof(took[0]); i++)
		steps_add(&steps, STEP_SIGN, took[i]);
	prometheus_begin(&p, METRIC_STEP_SECONDS);
	prometheus_steps(&p, step, &steps.step[STEP_SIGN]);
	CHECK(has(&p, "_bucket{step=\"sign\",le=\"0.00001\"} 3\n"), "at a bound");
	CHECK(has(&p, "_bucket{step=\"sign\",le=\"0.00002\"} 4\n"), "above it");
	CHECK(has(&p, "_bucket{step=\"sign\",le=\"0.001\"} 5\n"), "cumulated");
	CHECK(has(&p, "_bucket{step=\"sign\",le=\"5\"} 7\n"), "the last bound");
	CHECK(has(&p, "_bucket{step=\"sign\",le=\"+Inf\"} 9\n"), "beyond");
	CHECK(has(&p, "_sum{step=\"sign\"} 25.00102\n"), "sum");
	CHECK(has(&p, "_count{step=\"sign\"} 9\n"), "count");
	CHECK(!has(&p, "step=\"verify\""), "and nothing else");
	steps_add(NULL, STEP_SIGN, 1);
	prometheus_deinit(&p);
}

/* --- everything --- */

static struct snapshot *snapshot_full(void)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		exit(1);
	s->certs.count = s->certs.total = MONITOR_CERTS_MAX;
	s->tenants.count = MONITOR_TENANTS_MAX;
	s->list_count = SHOWN_LISTS_MAX;
	s->host_count = SHOWN_HOSTS_MAX;
	s->process_count = SEATS_MAX;
	snprintf(s->tenants.others.name, MONITOR_NAME_SIZE, "other");
	for (int i = 0; i < MONITOR_TENANTS_MAX; i++) {
		memset(s->tenants.items[i].name, '\n', MONITOR_NAME_SIZE - 5);
		snprintf(s->tenants.items[i].name + 60, 12, "%d", i);
		memset(s->certs.items[i].tenant, '"', MONITOR_NAME_SIZE - 5);
		snprintf(s->certs.items[i].tenant + 60, 12, "%d", i);
	}
	for (int i = 0; i < SHOWN_LISTS_MAX; i++) {
		memset(s->lists[i].name, '\\', LISTS_NAME_SIZE - 5);
		snprintf(s->lists[i].name + 150, 10, "%d", i);
	}
	for (int i = 0; i < SHOWN_HOSTS_MAX; i++)
		snprintf(s->hosts[i].host.name, BREAKER_HOST_SIZE, "secret%d.example", i);
	for (int i = 0; i < ANSWER_CODES; i++)
		s->counters.codes[i] = UINT64_MAX;
	return s;
}

static size_t count_of(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

static struct http_counts http;

static void all(void)
{
	struct snapshot *s = snapshot_full();
	struct prometheus p = { 0 };

	memset(http.routes[0].name, 'x', HTTP_ROUTE_NAME);
	prometheus_print(&p, s, &http, "1\"2");
	CHECK(!p.failed, "it fits");
	CHECK(p.len < 600000, "bounded: %zu bytes", p.len);
	for (int i = 0; i < METRIC_LAST; i++) {
		char line[128];

		snprintf(line, sizeof(line), "# TYPE %s %s\n", metric_names[i].name,
			 metric_names[i].type);
		CHECK(count_of(text_of(&p), line) == 1, "%s stands there once",
		      metric_names[i].name);
	}
	CHECK(has(&p, "shaken_build_info{version=\"1\\\"2\"} 1\n"), "version");
	CHECK(has(&p, "route=\"xxxxxxxxxxxxxxxxxxxxxxx\""), "a name without an end is cut");
	CHECK(!has(&p, "secret"), "no host of a stranger's x5u");
	CHECK(has(&p, "shaken_repositories_failing 32\n"), "but how many");
	CHECK(count_of(text_of(&p), "shaken_answers_total{") == ANSWER_CODES, "all codes");
	prometheus_deinit(&p);
	free(s);
}

static void nothing(void)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	struct prometheus p = { 0 };

	if (!s)
		exit(1);
	memset(&http, 0, sizeof(http));
	prometheus_print(&p, s, &http, "0");
	CHECK(has(&p, "shaken_answers_total{code=\"302\"} 0\n"), "302 is always there");
	CHECK(count_of(text_of(&p), "shaken_answers_total{") == 1, "and no other");
	CHECK(!has(&p, "\nshaken_clock_synchronised "), "an unknown clock says nothing");
	CHECK(has(&p, "shaken_clock_known 0\n"), "but that");
	CHECK(!has(&p, "\nshaken_trust_anchors "), "no worker, no trust");
	CHECK(has(&p, "shaken_reload_ok 1\n"), "no reload is no bad one");
	prometheus_deinit(&p);
	free(s);
}

/* A tenant that is named as the rest is. */
static void other(void)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	struct prometheus p = { 0 };

	if (!s)
		exit(1);
	s->tenants.count = 1;
	snprintf(s->tenants.items[0].name, MONITOR_NAME_SIZE, "other");
	snprintf(s->tenants.others.name, MONITOR_NAME_SIZE, "other");
	s->tenants.items[0].n[TALLY_CALLS] = 3;
	s->tenants.others.n[TALLY_CALLS] = 4;
	prometheus_print(&p, s, &http, "0");
	CHECK(count_of(text_of(&p), "shaken_tenant_calls_total{tenant=\"other\"}") == 1, "once");
	CHECK(has(&p, "shaken_tenant_calls_total{tenant=\"other\"} 7\n"), "together");
	prometheus_deinit(&p);
	free(s);
}

static void too_much(void)
{
	const struct label one[] = {
		{ "a", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" }, { NULL, NULL }
	};
	struct prometheus p = { 0 };
	int n = 0;

	while (!p.failed && n++ < 1000000)
		prometheus_number(&p, one, 1);
	CHECK(p.failed, "an end is there");
	CHECK(p.room <= PROMETHEUS_MAX && p.len <= p.room, "no more than that");
	prometheus_one(&p, METRIC_TENANTS, 1);
	CHECK(p.failed && p.len <= p.room, "and stays");
	prometheus_deinit(&p);
}

static void no_memory(void)
{
	struct snapshot *s = snapshot_full();
	bool ended = false;

	for (long i = 1; i < 100 && !ended; i++) {
		struct prometheus p = { 0 };

		fail_at = i;
		prometheus_print(&p, s, &http, "0");
		ended = fail_at > 0;
		fail_at = 0;
		CHECK(p.failed == !ended, "realloc %ld", i);
		/* the same object again, when there is memory */
		p.len = 0;
		p.failed = false;
		prometheus_print(&p, s, &http, "0");
		CHECK(!p.failed, "after realloc %ld", i);
		prometheus_deinit(&p);
	}
	CHECK(ended, "all were tried");
	free(s);
}

int main(void)
{
	names();
	labels();
	several();
	seconds();
	histogram();
	all();
	nothing();
	other();
	too_much();
	no_memory();
	return check_result();
}
