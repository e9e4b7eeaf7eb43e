/*
 * With 10,000 tenants only those with the most calls have names; the rest is one.  Who has a name
 * keeps it until somebody has twice its calls, so that series do not come and go; and whoever
 * changes between the two takes its past along, so that no count falls.
 */
#include "redirector/monitor/monitor_state.h"

#include <stdio.h>
#include <string.h>

struct visit {
	struct tenants_watch *watch;
	struct seen_tenants *out;
	const struct tally_slot *best; /* of those without a name */
	uint64_t best_calls;
};

static uint64_t count(const struct tally_slot *slot, int what)
{
	return atomic_load_explicit(&slot->n[what], memory_order_relaxed);
}

static size_t find(const struct tenants_watch *watch, const struct tally_slot *slot)
{
	size_t i = 0;

	while (i < watch->count && watch->slots[i] != slot)
		i++;
	return i;
}

static size_t smallest(const struct tenants_watch *watch)
{
	size_t least = 0;

	for (size_t i = 1; i < watch->count; i++)
		if (count(watch->slots[i], TALLY_CALLS) < count(watch->slots[least], TALLY_CALLS))
			least = i;
	return least;
}

/* Trunks have slots, too: "TENANT/TRUNK". */
static bool is_tenant(const struct tally_slot *slot)
{
	return !strchr(slot->name, '/') && slot->name[0] != '?'; /* "?": half written (tally.c) */
}

static void set(struct seen_tenant *to, const struct tally_slot *slot)
{
	snprintf(to->name, sizeof(to->name), "%.*s", (int)sizeof(to->name) - 1, slot->name);
	for (int i = 0; i < TALLY_LAST; i++)
		to->n[i] = count(slot, i);
}

static void look_at(void *arg, const struct tally_slot *slot)
{
	struct visit *v = arg;
	size_t at;

	if (!is_tenant(slot))
		return;
	v->out->total++;
	at = find(v->watch, slot);
	if (at == v->watch->count && at < MONITOR_TENANTS_MAX)
		v->watch->slots[v->watch->count++] = slot;
	if (at < v->watch->count) {
		set(&v->out->items[at], slot);
		return;
	}
	for (int i = 0; i < TALLY_LAST; i++)
		v->out->others.n[i] += count(slot, i);
	if (!v->best || count(slot, TALLY_CALLS) > v->best_calls) {
		v->best = slot;
		v->best_calls = count(slot, TALLY_CALLS);
	}
}

/* The first look: those with the most. */
static void choose(void *arg, const struct tally_slot *slot)
{
	struct tenants_watch *watch = arg;
	size_t least;

	if (!is_tenant(slot))
		return;
	if (watch->count < MONITOR_TENANTS_MAX) {
		watch->slots[watch->count++] = slot;
		return;
	}
	least = smallest(watch);
	if (count(slot, TALLY_CALLS) > count(watch->slots[least], TALLY_CALLS))
		watch->slots[least] = slot;
}

/* One that has no name yet gets one; from the next look on. */
static void promote(struct tenants_watch *watch, const struct tally_slot *slot)
{
	const size_t at = smallest(watch);
	const struct tally_slot *old = watch->slots[at];

	if (count(slot, TALLY_CALLS) / 2 <= count(old, TALLY_CALLS))
		return;
	for (int i = 0; i < TALLY_LAST; i++)
		watch->kept[i] += count(slot, i) - count(old, i);
	watch->slots[at] = slot;
}

void monitor_tenants(struct tenants_watch *watch, struct tally *tally, struct seen_tenants *out)
{
	struct visit v = { .watch = watch, .out = out };

	if (!watch->begun)
		tally_each(tally, choose, watch);
	watch->begun = true;
	out->total = 0;
	memset(&out->others, 0, sizeof(out->others));
	tally_each(tally, look_at, &v);
	out->count = watch->count;
	for (int i = 0; i < TALLY_LAST; i++)
		out->others.n[i] += watch->kept[i];
	snprintf(out->others.name, sizeof(out->others.name), "other");
	if (v.best)
		promote(watch, v.best);
}
