/*
 * /live-hour.json: columns, one number for each slot of the history, oldest first; and the sums.
 */
#include "redirector/http/live_put.h"
#include "redirector/http/live_view.h"

#include "shaken/json.h"

enum {
	HOUR_MS = 3600000,
};

/* What is printed of each slot, one after the other. */
struct column {
	struct sk_buf *out;
	const struct snapshot *seen;
	int item;     /* of enum history_item, or of enum step */
	double share; /* of a percentile */
};

static void put_began(void *arg, const struct history_slot *slot)
{
	const struct column *c = arg;

	live_comma(c->out);
	sk_buf_put_number(c->out, c->seen->at_s - (c->seen->at_ms - slot->began_ms) / 1000);
}

static void put_span(void *arg, const struct history_slot *slot)
{
	const struct column *c = arg;

	live_comma(c->out);
	sk_buf_put_number(c->out, slot->ended_ms - slot->began_ms);
}

static void put_count(void *arg, const struct history_slot *slot)
{
	const struct column *c = arg;

	live_comma(c->out);
	sk_buf_put_number(c->out, slot->n[c->item]);
}

static void put_percentile(void *arg, const struct history_slot *slot)
{
	const struct column *c = arg;
	uint64_t buckets[STEP_BOUNDS + 1];

	for (int i = 0; i <= STEP_BOUNDS; i++)
		buckets[i] = slot->buckets[c->item][i];
	live_comma(c->out);
	sk_buf_put_number(c->out, history_percentile(buckets, c->share));
}

static void put_column(const struct live_view *view, const char *name, struct column column,
		       void (*visit)(void *arg, const struct history_slot *slot))
{
	sk_json_put_name(column.out, name);
	sk_buf_putc(column.out, '[');
	history_each(view->history, view->seen->at_ms, visit, &column);
	sk_buf_putc(column.out, ']');
}

/* One object for each step that there was within the hour. */
static void put_latency(const struct live_view *view, const struct history_sums *sums,
			struct sk_buf *out)
{
	sk_json_put_name(out, "latency");
	sk_buf_putc(out, '{');
	for (int i = 0; i < STEP_LAST; i++) {
		struct column column = { out, view->seen, i, 0.5 };

		if (history_percentile(sums->buckets[i], 1) < 0)
			continue;
		sk_json_put_name(out, step_name(i));
		sk_buf_putc(out, '{');
		put_column(view, "p50", column, put_percentile);
		column.share = 0.95;
		put_column(view, "p95", column, put_percentile);
		column.share = 0.99;
		put_column(view, "p99", column, put_percentile);
		sk_buf_putc(out, '}');
	}
	sk_buf_putc(out, '}');
}

void live_step(struct sk_buf *out, const char *name, const uint64_t buckets[STEP_BOUNDS + 1])
{
	uint64_t count = 0;

	for (int i = 0; i <= STEP_BOUNDS; i++)
		count += buckets[i];
	live_comma(out);
	sk_buf_putc(out, '{');
	live_text(out, "name", name);
	live_number(out, "count", (int64_t)count);
	live_number(out, "p50", history_percentile(buckets, 0.5));
	live_number(out, "p95", history_percentile(buckets, 0.95));
	live_number(out, "p99", history_percentile(buckets, 0.99));
	sk_buf_putc(out, '}');
}

static void put_sums(const struct history_sums *sums, struct sk_buf *out)
{
	sk_json_put_name(out, "sums");
	sk_buf_putc(out, '{');
	for (int i = 0; i < HISTORY_LAST; i++)
		live_number(out, history_name(i), (int64_t)sums->n[i]);
	sk_json_put_name(out, "steps");
	sk_buf_putc(out, '[');
	for (int i = 0; i < STEP_LAST; i++)
		live_step(out, step_name(i), sums->buckets[i]);
	sk_buf_puts(out, "]}");
}

void live_print_hour(const struct live_view *view, struct sk_buf *out)
{
	struct history_sums sums;

	history_sum(view->history, view->seen->at_ms, HOUR_MS, &sums);
	sk_buf_putc(out, '{');
	live_number(out, "at", view->seen->at_s);
	live_number(out, "step", view->seen->at_ms / HISTORY_STEP_MS);
	put_column(view, "began", (struct column){ out, view->seen, 0, 0 }, put_began);
	put_column(view, "ms", (struct column){ out, view->seen, 0, 0 }, put_span);
	for (int i = 0; i < HISTORY_LAST; i++)
		put_column(view, history_name(i), (struct column){ out, view->seen, i, 0 },
			   put_count);
	put_latency(view, &sums, out);
	put_sums(&sums, out);
	sk_buf_puts(out, "}\n");
}
