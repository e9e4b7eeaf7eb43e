#include "redirector/monitor/prometheus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROOM = 64 << 10, /* at first */
};

static bool make_room(struct prometheus *p, size_t more)
{
	size_t room = p->room ? p->room : ROOM;
	char *text;

	if (p->failed)
		return false;
	if (p->len + more <= p->room)
		return true;
	while (room < p->len + more)
		room *= 2;
	text = room <= PROMETHEUS_MAX ? realloc(p->text, room) : NULL;
	if (!text) {
		p->failed = true;
		return false;
	}
	p->text = text;
	p->room = room;
	return true;
}

static void put(struct prometheus *p, const char *text, size_t len)
{
	if (!make_room(p, len))
		return;
	memcpy(p->text + p->len, text, len);
	p->len += len;
}

static void puts_to(struct prometheus *p, const char *text)
{
	put(p, text, strlen(text));
}

/* Backslash, quote and line feed; other control characters say nothing to anybody. */
static void put_value(struct prometheus *p, const char *value)
{
	for (const char *c = value; *c; c++) {
		if (*c == '\\')
			put(p, "\\\\", 2);
		else if (*c == '"')
			put(p, "\\\"", 2);
		else if (*c == '\n')
			put(p, "\\n", 2);
		else if ((unsigned char)*c < ' ' || *c == 0x7f)
			put(p, "?", 1);
		else
			put(p, c, 1);
	}
}

static void put_name(struct prometheus *p, const char *suffix, const struct label *labels,
		     const char *le)
{
	const char *before = "{";

	puts_to(p, metric_names[p->metric].name);
	puts_to(p, suffix);
	for (; labels && labels->name; labels++) {
		puts_to(p, before);
		puts_to(p, labels->name);
		puts_to(p, "=\"");
		put_value(p, labels->value);
		puts_to(p, "\"");
		before = ",";
	}
	if (le) {
		puts_to(p, before);
		puts_to(p, "le=\"");
		puts_to(p, le);
		puts_to(p, "\"");
		before = ",";
	}
	puts_to(p, before[0] == ',' ? "} " : " ");
}

static void put_number(struct prometheus *p, uint64_t value)
{
	char text[24];

	put(p, text, (size_t)snprintf(text, sizeof(text), "%llu\n", (unsigned long long)value));
}

/* Seconds without needless zeros: no double, and no locale. */
static void print_us(char out[32], int64_t us)
{
	uint64_t abs = us < 0 ? -(uint64_t)us : (uint64_t)us;
	int n = snprintf(out, 32, "%s%llu.%06llu", us < 0 ? "-" : "",
			 (unsigned long long)(abs / 1000000), (unsigned long long)(abs % 1000000));

	while (n > 0 && out[n - 1] == '0')
		out[--n] = '\0';
	if (n > 0 && out[n - 1] == '.')
		out[--n] = '\0';
}

static void put_us(struct prometheus *p, int64_t us)
{
	char text[32];

	print_us(text, us);
	puts_to(p, text);
	put(p, "\n", 1);
}

void prometheus_begin(struct prometheus *p, enum metric metric)
{
	const struct metric_name *m = &metric_names[metric];

	p->metric = metric;
	puts_to(p, "# HELP ");
	puts_to(p, m->name);
	puts_to(p, " ");
	puts_to(p, m->help);
	puts_to(p, "\n# TYPE ");
	puts_to(p, m->name);
	puts_to(p, " ");
	puts_to(p, m->type);
	puts_to(p, "\n");
}

void prometheus_number(struct prometheus *p, const struct label *labels, uint64_t value)
{
	put_name(p, "", labels, NULL);
	put_number(p, value);
}

void prometheus_us(struct prometheus *p, const struct label *labels, int64_t us)
{
	put_name(p, "", labels, NULL);
	put_us(p, us);
}

void prometheus_steps(struct prometheus *p, const struct label *labels,
		      const struct step_counts *counts)
{
	uint64_t sum = 0;
	char le[32];

	for (int i = 0; i < STEP_BOUNDS; i++) {
		sum += counts->buckets[i];
		print_us(le, step_bounds_us[i]);
		put_name(p, "_bucket", labels, le);
		put_number(p, sum);
	}
	sum += counts->buckets[STEP_BOUNDS];
	put_name(p, "_bucket", labels, "+Inf");
	put_number(p, sum);
	prometheus_sum(p, labels, counts->us, sum);
}

void prometheus_sum(struct prometheus *p, const struct label *labels, uint64_t us, uint64_t count)
{
	put_name(p, "_sum", labels, NULL);
	put_us(p, (int64_t)us);
	put_name(p, "_count", labels, NULL);
	put_number(p, count);
}

void prometheus_one(struct prometheus *p, enum metric metric, uint64_t value)
{
	prometheus_begin(p, metric);
	prometheus_number(p, NULL, value);
}

void prometheus_rows(struct prometheus *p, const struct metric_row *rows, size_t count,
		     const uint64_t *numbers)
{
	for (size_t i = 0; i < count; i++) {
		const struct label labels[] = { { rows[i].label, rows[i].value }, { NULL, NULL } };

		if (i == 0 || rows[i].metric != rows[i - 1].metric)
			prometheus_begin(p, rows[i].metric);
		prometheus_number(p, labels, numbers[rows[i].index]);
	}
}

void prometheus_print(struct prometheus *p, const struct snapshot *s,
		      const struct http_counts *http, const char *version)
{
	prometheus_calls(p, s);
	prometheus_certs(p, s);
	prometheus_service(p, s, http, version);
}

void prometheus_deinit(struct prometheus *p)
{
	free(p->text);
	*p = (struct prometheus){ 0 };
}
