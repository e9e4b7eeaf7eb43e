/*
 * /live.json: one object, a member for each part of the page.  Numbers are plain, times are
 * seconds since the epoch, spans are milliseconds or microseconds by name.
 */
#include "redirector/http/live_put.h"
#include "redirector/http/live_view.h"

#include "shaken/json.h"

#include <string.h>

static void open_list(struct sk_buf *out, const char *name)
{
	sk_json_put_name(out, name);
	sk_buf_putc(out, '[');
}

static void open_item(struct sk_buf *out)
{
	live_comma(out);
	sk_buf_putc(out, '{');
}

static void open_object(struct sk_buf *out, const char *name)
{
	sk_json_put_name(out, name);
	sk_buf_putc(out, '{');
}

static void put_problems(const struct live_view *view, struct sk_buf *out)
{
	static const char *const levels[] = { "note", "warn", "bad" };
	struct live_problem items[LIVE_PROBLEMS_MAX];
	size_t count = live_problems(view, items);

	open_list(out, "problems");
	for (size_t i = 0; i < count; i++) {
		open_item(out);
		live_text(out, "level", levels[items[i].level]);
		live_text(out, "see", items[i].see);
		live_text(out, "text", items[i].text);
		sk_buf_putc(out, '}');
	}
	sk_buf_putc(out, ']');
}

/* Calls a second between two looks. */
static double rate(const struct live_look *then, const struct live_look *now)
{
	if (then->at_ms == 0 || now->at_ms <= then->at_ms || now->calls < then->calls)
		return 0;
	return (double)(now->calls - then->calls) * 1000 / (double)(now->at_ms - then->at_ms);
}

static void put_rate(const struct live_view *view, struct sk_buf *out)
{
	const struct live_recent *r = view->recent;

	open_object(out, "rate");
	live_tenths(out, "now", rate(live_look_back(r, LIVE_RATE_LOOKS), live_look_back(r, 0)));
	open_list(out, "recent");
	for (size_t i = LIVE_RECENT; i > 0; i--) {
		const struct live_look *then = live_look_back(r, i);
		const struct live_look *now = live_look_back(r, i - 1);

		if (then == now || then->at_ms == 0)
			continue;
		live_comma(out);
		sk_buf_printf(out, "%.1f", rate(then, now));
	}
	sk_buf_puts(out, "]}");
}

static void put_totals(const struct live_view *view, struct sk_buf *out)
{
	const struct counters *c = &view->seen->counters;
	struct history_sums sums;

	live_sums(view->seen, &sums);
	open_object(out, "totals");
	for (int i = 0; i < HISTORY_LAST; i++)
		live_number(out, history_name(i), (int64_t)sums.n[i]);
	live_number(out, "signed", (int64_t)c->n[COUNT_SIGNED]);
	live_number(out, "repeats", (int64_t)c->n[COUNT_REPEATS]);
	live_number(out, "late", (int64_t)c->n[COUNT_LATE]);
	live_number(out, "waiting", (int64_t)view->seen->waiting);
	live_number(out, "streams_open", view->seen->streams_open);
	sk_buf_putc(out, '}');
}

static void put_steps(const struct live_view *view, struct sk_buf *out)
{
	struct history_sums sums;

	history_sum(view->history, view->seen->at_ms, LIVE_LATELY_MS, &sums);
	open_list(out, "steps");
	for (int i = 0; i < STEP_LAST; i++)
		live_step(out, step_name(i), sums.buckets[i]);
	sk_buf_putc(out, ']');
}

static void put_hosts(const struct snapshot *s, struct sk_buf *out)
{
	open_list(out, "hosts");
	for (size_t i = 0; i < s->host_count; i++) {
		const struct breaker_host *h = &s->hosts[i].host;
		bool known = h->err > 0 && h->err < SK_ERR_COUNT;

		open_item(out);
		live_text(out, "name", h->name);
		live_number(out, "failures", (int64_t)h->failures);
		live_text(out, "why", known ? sk_err_text((enum sk_err)h->err) : "");
		live_flag(out, "open", h->open);
		live_number(out, "since", h->since);
		live_number(out, "last", h->last);
		sk_buf_putc(out, '}');
	}
	sk_buf_putc(out, ']');
}

static void put_certs(const struct snapshot *s, struct sk_buf *out)
{
	const struct seen_certs *c = &s->certs;

	open_object(out, "certs");
	live_number(out, "total", (int64_t)c->total);
	live_number(out, "signers", (int64_t)c->signers);
	live_number(out, "able", (int64_t)c->signers_able);
	open_list(out, "items");
	for (size_t i = 0; i < c->count && i < LIVE_CERTS_MAX; i++) {
		open_item(out);
		live_text(out, "tenant", c->items[i].tenant);
		live_text(out, "credential", c->items[i].credential);
		live_flag(out, "next", c->items[i].next);
		live_number(out, "from", c->items[i].not_before);
		live_number(out, "until", c->items[i].not_after);
		sk_buf_putc(out, '}');
	}
	sk_buf_puts(out, "]}");
}

static void put_lists(const struct snapshot *s, struct sk_buf *out)
{
	static const char *const kinds[] = { "authorities", "revocations", "revocations, file" };
	static const char *const states[] = { "awaited", "good", "failed" };

	open_object(out, "trust");
	live_number(out, "anchors", (int64_t)s->anchors);
	live_flag(out, "crls_missing", s->crls_missing);
	open_list(out, "lists");
	for (size_t i = 0; i < s->list_count; i++) {
		const struct lists_status *l = &s->lists[i];

		open_item(out);
		live_text(out, "name", l->name);
		live_text(out, "kind", (size_t)l->kind < SK_COUNT(kinds) ? kinds[l->kind] : "");
		live_text(out, "state",
			  (size_t)l->state < SK_COUNT(states) ? states[l->state] : "");
		live_flag(out, "counts", l->counts);
		live_number(out, "failures", (int64_t)l->failures);
		live_number(out, "fetched", l->fetched);
		live_number(out, "until", l->until == INT64_MAX ? -1 : l->until);
		sk_buf_putc(out, '}');
	}
	sk_buf_puts(out, "]}");
}

static void put_row(struct sk_buf *out, const struct volume_row *row)
{
	static const char *const names[] = { "calls",      "signed",  "passed",  "failed",
					     "unverified", "blocked", "limited", "faults" };

	for (int i = 0; i < VOLUME_LAST; i++)
		live_number(out, names[i], (int64_t)row->n[i]);
}

static void put_tenants(const struct live_view *view, struct sk_buf *out)
{
	struct volume_row rows[VOLUME_TOP], sums;
	size_t others = 0, count = 0;

	if (view->volume)
		count = volume_top(view->volume, rows, &others, &sums);
	open_object(out, "tenants");
	live_number(out, "minutes", VOLUME_MINUTES);
	live_number(out, "total", (int64_t)view->seen->tenants.total);
	open_list(out, "rows");
	for (size_t i = 0; i < count; i++) {
		open_item(out);
		live_text(out, "name", rows[i].name);
		put_row(out, &rows[i]);
		sk_buf_putc(out, '}');
	}
	sk_buf_putc(out, ']');
	live_number(out, "others", (int64_t)others);
	if (others > 0) {
		open_object(out, "rest");
		put_row(out, &sums);
		sk_buf_putc(out, '}');
	}
	sk_buf_putc(out, '}');
}

static void put_workers(const struct snapshot *s, struct sk_buf *out)
{
	static const char *const phases[] = { "gone", "starting", "ready", "draining", "dead" };

	open_list(out, "workers");
	for (size_t i = 0; i < s->process_count; i++) {
		const struct seen_process *p = &s->processes[i];

		if (p->pid == 0)
			continue;
		open_item(out);
		live_flag(out, "web", p->web);
		live_number(out, "pid", p->pid);
		live_text(out, "phase",
			  (size_t)p->phase < SK_COUNT(phases) ? phases[p->phase] : "");
		live_number(out, "started", p->started_s);
		live_number(out, "spawned", (int64_t)p->spawned);
		live_number(out, "silent_ms", p->silent_ms);
		live_number(out, "calls", (int64_t)p->invites);
		live_number(out, "cpu_us", (int64_t)p->cpu_us);
		live_number(out, "resident", (int64_t)p->resident);
		live_number(out, "waiting", (int64_t)p->waiting);
		sk_buf_putc(out, '}');
	}
	sk_buf_putc(out, ']');
}

static void put_service(const struct live_view *view, struct sk_buf *out)
{
	const struct snapshot *s = view->seen;

	live_text(out, "version", view->version ? view->version : "");
	live_number(out, "at", s->at_s);
	live_number(out, "started", s->started_s);
	live_number(out, "step", s->at_ms / HISTORY_STEP_MS);
	live_number(out, "ready", (int64_t)s->ready);
	live_number(out, "places", (int64_t)s->workers);
	live_number(out, "starts", (int64_t)s->starts[0]);
	live_number(out, "web_starts", (int64_t)s->starts[1]);
	live_number(out, "log_lost", (int64_t)s->log_lost);
	open_object(out, "reload");
	live_number(out, "ok", (int64_t)s->reloads_ok);
	live_number(out, "failed", (int64_t)s->reloads_failed);
	live_number(out, "at", s->reloaded_s);
	live_flag(out, "good", s->reload_ok);
	live_text(out, "findings", s->findings);
	sk_buf_putc(out, '}');
	open_object(out, "clock");
	live_flag(out, "known", s->clock.known);
	live_flag(out, "synchronised", s->clock.synchronised);
	live_number(out, "error_us", s->clock.error_us);
	live_number(out, "offset_us", s->clock.offset_us);
	sk_buf_putc(out, '}');
}

void live_print(const struct live_view *view, struct sk_buf *out)
{
	sk_buf_putc(out, '{');
	put_service(view, out);
	put_problems(view, out);
	put_rate(view, out);
	put_totals(view, out);
	put_steps(view, out);
	put_hosts(view->seen, out);
	put_certs(view->seen, out);
	put_lists(view->seen, out);
	put_tenants(view, out);
	put_workers(view->seen, out);
	sk_buf_puts(out, "}\n");
}
