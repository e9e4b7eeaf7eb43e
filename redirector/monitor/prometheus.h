/**
 * @file prometheus.h  The text format 0.0.4 of Prometheus: lines of samples, and what they are of
 *
 * A text that grows up to PROMETHEUS_MAX; what does not fit, or a lack of memory, spoils all of
 * it: half a page of counters is worse than none.
 */
#pragma once

#include "redirector/monitor/monitor.h"
#include "redirector/monitor/names.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PROMETHEUS_MAX = 4 << 20, /**< bytes                     */
	PROMETHEUS_LABELS = 4,    /**< most of a sample          */
};

#define PROMETHEUS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/** Zeros at first. */
struct prometheus {
	char *text;
	size_t len, room;
	bool failed; /**< out of memory, or too long: `text` is worth nothing */
	enum metric metric;
};

/** A label; names and values are borrowed.  A list of them ends with one without a name. */
struct label {
	const char *name, *value;
};

/** HELP and TYPE.  All samples of the metric follow, and no other's. */
void prometheus_begin(struct prometheus *p, enum metric metric);

/** A whole number.  @param labels  NULL: none */
void prometheus_number(struct prometheus *p, const struct label *labels, uint64_t value);

/** Microseconds, printed as seconds. */
void prometheus_us(struct prometheus *p, const struct label *labels, int64_t us);

/** A histogram of microseconds, with `labels` (at most one). */
void prometheus_steps(struct prometheus *p, const struct label *labels,
		      const struct step_counts *counts);

/** A summary without quantiles: sum in microseconds, and count. */
void prometheus_sum(struct prometheus *p, const struct label *labels, uint64_t us, uint64_t count);

/** One metric with one sample. */
void prometheus_one(struct prometheus *p, enum metric metric, uint64_t value);

/** A row of a table of counters. */
struct metric_row {
	enum metric metric;
	const char *label, *value; /**< NULL: none             */
	int index;                 /**< of the table's numbers */
};

/** Rows of one metric stand together. */
void prometheus_rows(struct prometheus *p, const struct metric_row *rows, size_t count,
		     const uint64_t *numbers);

/** Everything.  @param version  Of the program */
void prometheus_print(struct prometheus *p, const struct snapshot *s,
		      const struct http_counts *http, const char *version);

void prometheus_deinit(struct prometheus *p);

/* prometheus_calls.c, prometheus_certs.c, prometheus_service.c: parts of prometheus_print() */
void prometheus_calls(struct prometheus *p, const struct snapshot *s);
void prometheus_certs(struct prometheus *p, const struct snapshot *s);
void prometheus_service(struct prometheus *p, const struct snapshot *s,
			const struct http_counts *http, const char *version);
