/*
 * A block at a time.  Most have no overlap and go through as they are; where two ranges of
 * one customer overlap, they are painted over each other, the widest first.  Ranges with
 * dates stay as they are: which of them counts is only known when a call comes.
 */
#include "redirector/numbers/build.h"

#include <stdlib.h>

struct work {
	const struct dictionary *names;
	struct tables *to;
	struct item *items; /* of one block */
	size_t count, room;
	struct run *runs;
	size_t run_count, run_room;
	bool *rule_used, *tenant_used;
	struct table_stats *stats; /* by tenant and list */
	build_progress_h *progress;
	void *arg;
	uint64_t numbers, told;
};

static bool add_item(struct work *w, const struct item *item)
{
	if (w->count == w->room) {
		size_t room = w->room ? w->room * 2 : 1024;
		struct item *more = reallocarray(w->items, room, sizeof(*more));

		if (!more)
			return false;
		w->items = more;
		w->room = room;
	}
	w->items[w->count++] = *item;
	return true;
}

/* Joined with the one before it when it goes on with the same rule; `from` is where its customer's
 * runs start. */
static bool add_run(struct work *w, size_t from, uint16_t first, uint16_t last, uint32_t rule)
{
	struct run *before = w->run_count > from ? &w->runs[w->run_count - 1] : NULL;

	if (before && before->rule == rule && before->last + 1 == first) {
		before->last = last;
		return true;
	}
	if (w->run_count == w->run_room) {
		size_t room = w->run_room ? w->run_room * 2 : 1024;
		struct run *more = reallocarray(w->runs, room, sizeof(*more));

		if (!more)
			return false;
		w->runs = more;
		w->run_room = room;
	}
	w->runs[w->run_count++] = (struct run){ first, last, rule };
	w->rule_used[rule] = true;
	return true;
}

static int widest_first(const void *x, const void *y)
{
	const struct item *a = x, *b = y;

	if (a->width != b->width)
		return a->width > b->width ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static bool paint(struct work *w, struct item *items, size_t count)
{
	static uint32_t owner[BLOCK]; /* item + 1; 0: nobody */
	size_t from = w->run_count;

	memset(owner, 0, sizeof(owner));
	qsort(items, count, sizeof(*items), widest_first);
	for (size_t i = 0; i < count; i++)
		for (size_t n = items[i].first; n <= items[i].last; n++)
			owner[n] = (uint32_t)i + 1;
	for (size_t n = 0; n < BLOCK; n++)
		if (owner[n] &&
		    !add_run(w, from, (uint16_t)n, (uint16_t)n, items[owner[n] - 1].rule))
			return false;
	return true;
}

static bool is_dated(const struct dictionary *names, const struct item *item)
{
	const struct rule *rule = dictionary_rule_at(names, item->rule);

	return rule->from != 0 || rule->until != 0;
}

/* No two of these are joined: each keeps its width, by which the narrower one is found. */
static bool add_dated(struct work *w, const struct item *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!add_run(w, w->run_count, items[i].first, items[i].last, items[i].rule))
			return false;
	return true;
}

/* The items of one customer, those without dates or those with them, by first number. */
static bool add_customer(struct work *w, struct item *items, size_t count)
{
	size_t from = w->run_count;

	if (is_dated(w->names, &items[0]))
		return add_dated(w, items, count);
	for (size_t i = 1; i < count; i++)
		if (items[i].first <= items[i - 1].last)
			return paint(w, items, count);
	for (size_t i = 0; i < count; i++)
		if (!add_run(w, from, items[i].first, items[i].last, items[i].rule))
			return false;
	return true;
}

static _Thread_local const struct dictionary *sorting; /* qsort() has no argument for it */

static int by_customer(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	uint32_t of_a = dictionary_customer(sorting, a->rule);
	uint32_t of_b = dictionary_customer(sorting, b->rule);

	if (of_a != of_b)
		return of_a < of_b ? -1 : 1;
	if (is_dated(sorting, a) != is_dated(sorting, b))
		return is_dated(sorting, b) ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static int by_first(const void *x, const void *y)
{
	const struct run *a = x, *b = y;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return a->rule < b->rule ? -1 : a->rule > b->rule;
}

static void count_runs(struct work *w, const struct block_at *at)
{
	struct table_stats *stats = &w->stats[at->tenant * LIST_KINDS + at->list];

	for (size_t i = 0; i < w->run_count; i++) {
		uint64_t numbers = (uint64_t)w->runs[i].last - w->runs[i].first + 1;

		stats->numbers += numbers;
		w->numbers += numbers;
	}
	stats->runs += w->run_count;
	w->tenant_used[at->tenant] = true;
	if (w->progress && w->numbers - w->told >= 100000) {
		w->told = w->numbers;
		w->progress(w->arg, w->numbers);
	}
}

static bool end_block(struct work *w)
{
	if (w->count == 0)
		return true;
	w->run_count = 0;
	sorting = w->names;
	qsort(w->items, w->count, sizeof(*w->items), by_customer);
	for (size_t i = 0, end; i < w->count; i = end) {
		uint32_t customer = dictionary_customer(w->names, w->items[i].rule);
		bool dated = is_dated(w->names, &w->items[i]);

		for (end = i + 1; end < w->count; end++)
			if (dictionary_customer(w->names, w->items[end].rule) != customer ||
			    is_dated(w->names, &w->items[end]) != dated)
				break;
		if (!add_customer(w, w->items + i, end - i))
			return false;
	}
	qsort(w->runs, w->run_count, sizeof(*w->runs), by_first);
	count_runs(w, &w->items[0].at);
	w->count = 0;
	return tables_put_block(w->to, &w->items[0].at, w->runs, w->run_count);
}

static bool is_same(const struct block_at *a, const struct block_at *b)
{
	return a->tenant == b->tenant && a->list == b->list && a->digits == b->digits &&
	       a->block == b->block;
}

static bool put_blocks(struct work *w, struct merge *from)
{
	struct item item;
	bool failed;

	while (merge_next(from, &item, &failed)) {
		if (w->count > 0 && !is_same(&w->items[0].at, &item.at) && !end_block(w))
			return false;
		if (!add_item(w, &item))
			return false;
	}
	return !failed && end_block(w);
}

static bool put_names(struct work *w)
{
	for (uint32_t i = 0; i < dictionary_rules(w->names); i++)
		if (w->rule_used[i] && !tables_put_rule(w->to, i, dictionary_rule_at(w->names, i)))
			return false;
	for (uint32_t i = 0; i < dictionary_tenants(w->names); i++) {
		const char *name = dictionary_tenant_name(w->names, i);

		if (w->tenant_used[i] && !tables_put_tenant(w->to, name, i))
			return false;
		for (int list = 0; list < LIST_KINDS; list++) {
			const struct table_stats *stats =
				&w->stats[i * LIST_KINDS + (unsigned)list];

			if (stats->runs > 0 &&
			    !tables_put_stats(w->to, name, (enum list_kind)list, stats))
				return false;
		}
	}
	return true;
}

bool build_tables(struct merge *from, const struct dictionary *names, struct tables *to,
		  build_progress_h *progress, void *arg)
{
	struct work w = { .names = names, .to = to, .progress = progress, .arg = arg };
	bool ok;

	/* the rules of an older store are looked up as its blocks come: more than there are now */
	w.rule_used = calloc(DICTIONARY_RULES, sizeof(*w.rule_used));
	w.tenant_used = calloc(dictionary_tenants(names) + 1, sizeof(*w.tenant_used));
	w.stats = calloc((dictionary_tenants(names) + 1) * LIST_KINDS, sizeof(*w.stats));
	ok = w.rule_used && w.tenant_used && w.stats && put_blocks(&w, from) && put_names(&w);
	free(w.rule_used);
	free(w.tenant_used);
	free(w.stats);
	free(w.items);
	free(w.runs);
	return ok;
}
