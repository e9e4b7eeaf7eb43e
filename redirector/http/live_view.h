/**
 * @file live_view.h  What the live page's data are printed from; for the files of live.c alone
 */
#pragma once

#include "redirector/http/volume.h"
#include "redirector/monitor/history.h"
#include "redirector/monitor/monitor.h"
#include "shaken/buf.h"

#include <stddef.h>
#include <stdint.h>

enum {
	LIVE_RECENT = 60,       /**< looks that are kept, about a second apart     */
	LIVE_RATE_LOOKS = 3,    /**< over so many the rate of now is taken         */
	LIVE_LATELY_MS = 60000, /**< what is wrong "lately", and the latency of now */
	LIVE_PROBLEMS_MAX = 24,
	LIVE_CERTS_MAX = 20,
	LIVE_DATA_SIZE = 128 * 1024,
	LIVE_HOUR_SIZE = 384 * 1024,
};

/** One look. */
struct live_look {
	int64_t at_ms; /**< monotonic; 0: none */
	uint64_t calls, log_lost, tokens_failed, shed;
};

/** The last looks; `newest` is the index of the last one. */
struct live_recent {
	struct live_look looks[LIVE_RECENT + 1];
	size_t newest;
};

struct live_view {
	const struct snapshot *seen;
	const struct live_recent *recent;
	const struct history *history;
	const struct volume *volume; /**< NULL: none */
	const char *version;
};

/** The look of so many before the newest; the oldest there is if there were fewer. */
const struct live_look *live_look_back(const struct live_recent *recent, size_t looks);

/** Sums for the history, of a snapshot. */
void live_sums(const struct snapshot *seen, struct history_sums *out);

enum live_level {
	LIVE_NOTE, /**< worth knowing                        */
	LIVE_WARN, /**< soon, or partly, wrong               */
	LIVE_BAD,  /**< calls suffer now                     */
};

struct live_problem {
	enum live_level level;
	const char *see; /**< a heading of docs/monitoring.md; lives for ever */
	char text[200];
};

/** What is wrong right now, the worst first.  @return How many */
size_t live_problems(const struct live_view *view, struct live_problem out[LIVE_PROBLEMS_MAX]);

/** {"name":..., "count":..., "p50":..., "p95":..., "p99":...}, microseconds; -1: there were none */
void live_step(struct sk_buf *out, const char *name, const uint64_t buckets[STEP_BOUNDS + 1]);

/** /live.json; `out` overflows when it has no room. */
void live_print(const struct live_view *view, struct sk_buf *out);

/** /live-hour.json */
void live_print_hour(const struct live_view *view, struct sk_buf *out);
