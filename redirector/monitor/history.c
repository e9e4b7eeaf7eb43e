/*
 * A slot is what the sums have grown by since its step began.  What they were then (the base) lies
 * in the region too, so that a slot can be written again and again: whoever is killed while he
 * writes leaves nothing counted twice.  There are two bases, so that the one in use stays whole
 * while the next one is written; each part has a checksum.
 */
#include "redirector/monitor/history.h"

#include <stdlib.h>
#include <string.h>

enum {
	VERSION = 1,
};

static const uint64_t MAGIC = UINT64_C(0x736b68697374) << 16 | VERSION; /* "skhist" */

struct base {
	uint64_t check;
	int64_t step, began_ms;
	struct history_sums sums;
};

struct region {
	uint64_t magic, bytes;
	struct base bases[2];
	struct history_slot slots[HISTORY_SLOTS];
};

struct history {
	struct region *region;
	struct base *base; /* in use; NULL: none yet */
	bool blank;        /* the region was new: the service is, too */
	bool looked;       /* `last` is set */
	int64_t last_ms;
	struct history_sums last;
};

const char *history_name(enum history_item item)
{
	static const char *const names[] = {
		[HISTORY_CALLS] = "calls",           [HISTORY_SIGNED_A] = "signed_a",
		[HISTORY_SIGNED_B] = "signed_b",     [HISTORY_SIGNED_C] = "signed_c",
		[HISTORY_PASSED] = "passed",         [HISTORY_FAILED] = "failed",
		[HISTORY_UNVERIFIED] = "unverified", [HISTORY_FAULTS] = "faults",
		[HISTORY_OVERLOAD] = "overload",     [HISTORY_UNFETCHED] = "unfetched",
	};

	return names[item];
}

size_t history_bytes(void)
{
	return sizeof(struct region);
}

/* Of all that follows the checksum itself; zeros alone are not right. */
static uint64_t checksum(const void *of, size_t bytes)
{
	const char *at = of;
	uint64_t hash = MAGIC, word;

	for (size_t i = sizeof(hash); i + sizeof(word) <= bytes; i += sizeof(word)) {
		memcpy(&word, at + i, sizeof(word));
		hash = (hash ^ word) * UINT64_C(1099511628211);
		hash ^= hash >> 29;
	}
	return hash;
}

_Static_assert(sizeof(struct history_slot) % sizeof(uint64_t) == 0, "all of it is checked");
_Static_assert(sizeof(struct base) % sizeof(uint64_t) == 0, "all of it is checked");

static bool is_base(const struct base *b, int64_t now_ms)
{
	return b->check == checksum(b, sizeof(*b)) && b->began_ms >= 0 && b->began_ms <= now_ms;
}

static bool is_slot(const struct history_slot *s, size_t place, int64_t now_ms)
{
	return s->check == checksum(s, sizeof(*s)) && s->step >= 0 &&
	       (size_t)(s->step % HISTORY_SLOTS) == place && s->began_ms >= 0 &&
	       s->began_ms <= s->ended_ms && s->ended_ms <= now_ms;
}

/* Takes what is whole of what the one before left. */
static void take_over(struct history *h, int64_t now_ms)
{
	struct region *r = h->region;

	for (size_t i = 0; i < HISTORY_SLOTS; i++)
		if (!is_slot(&r->slots[i], i, now_ms))
			memset(&r->slots[i], 0, sizeof(r->slots[i]));
	for (size_t i = 0; i < SK_COUNT(r->bases); i++)
		if (is_base(&r->bases[i], now_ms) &&
		    (!h->base || r->bases[i].began_ms > h->base->began_ms))
			h->base = &r->bases[i];
}

struct history *history_at(void *memory, int64_t now_ms)
{
	struct history *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->region = memory;
	h->blank = h->region->magic == 0 && h->region->bytes == 0;
	if (h->region->magic == MAGIC && h->region->bytes == sizeof(*h->region)) {
		take_over(h, now_ms);
		return h;
	}
	memset(h->region, 0, sizeof(*h->region));
	h->region->bytes = sizeof(*h->region);
	h->region->magic = MAGIC;
	return h;
}

void history_free(struct history *h)
{
	free(h);
}

static uint32_t grown(uint64_t now, uint64_t before)
{
	if (now <= before)
		return 0;
	return now - before < UINT32_MAX ? (uint32_t)(now - before) : UINT32_MAX;
}

/* From then on: into the base that is not in use. */
static void begin(struct history *h, int64_t now_ms, int64_t began_ms,
		  const struct history_sums *sums)
{
	struct base *b = &h->region->bases[h->base == &h->region->bases[0]];

	b->check = 0;
	b->step = now_ms / HISTORY_STEP_MS;
	b->began_ms = began_ms;
	b->sums = *sums;
	b->check = checksum(b, sizeof(*b));
	h->base = b;
}

static void write_slot(struct history *h, int64_t now_ms, const struct history_sums *sums)
{
	const struct base *b = h->base;
	struct history_slot *s = &h->region->slots[b->step % HISTORY_SLOTS];

	s->check = 0;
	s->step = b->step;
	s->began_ms = b->began_ms;
	s->ended_ms = now_ms;
	for (int i = 0; i < HISTORY_LAST; i++)
		s->n[i] = grown(sums->n[i], b->sums.n[i]);
	for (int i = 0; i < STEP_LAST; i++)
		for (int k = 0; k <= STEP_BOUNDS; k++)
			s->buckets[i][k] = grown(sums->buckets[i][k], b->sums.buckets[i][k]);
	s->check = checksum(s, sizeof(*s));
}

/* The step is another than that of the base. */
static void begin_next(struct history *h, int64_t now_ms, const struct history_sums *sums)
{
	if (h->looked) {
		begin(h, now_ms, h->last_ms, &h->last);
		return;
	}
	/* nobody was here: what was counted belongs to the step that was under way */
	write_slot(h, now_ms, sums);
	begin(h, now_ms, now_ms, sums);
}

void history_add(struct history *h, int64_t now_ms, const struct history_sums *sums)
{
	static const struct history_sums nothing;

	if (h->base && now_ms < h->base->began_ms)
		h->base = NULL; /* no clock of ours does that */
	if (!h->base)
		begin(h, now_ms, now_ms, h->blank ? &nothing : sums);
	else if (now_ms / HISTORY_STEP_MS != h->base->step)
		begin_next(h, now_ms, sums);
	write_slot(h, now_ms, sums);
	h->blank = false;
	h->looked = true;
	h->last_ms = now_ms;
	h->last = *sums;
}

void history_each(const struct history *h, int64_t now_ms,
		  void (*visit)(void *arg, const struct history_slot *slot), void *arg)
{
	int64_t last = now_ms / HISTORY_STEP_MS;

	for (int64_t step = last - HISTORY_SLOTS + 1; step <= last; step++) {
		const struct history_slot *s;

		if (step < 0)
			continue;
		s = &h->region->slots[step % HISTORY_SLOTS];
		if (s->check != 0 && s->step == step && s->ended_ms <= now_ms)
			visit(arg, s);
	}
}

struct adding {
	int64_t since_ms;
	struct history_sums *out;
};

static void add_slot(void *arg, const struct history_slot *s)
{
	struct adding *a = arg;

	if (s->ended_ms <= a->since_ms)
		return;
	for (int i = 0; i < HISTORY_LAST; i++)
		a->out->n[i] += s->n[i];
	for (int i = 0; i < STEP_LAST; i++)
		for (int k = 0; k <= STEP_BOUNDS; k++)
			a->out->buckets[i][k] += s->buckets[i][k];
}

void history_sum(const struct history *h, int64_t now_ms, int64_t ms, struct history_sums *out)
{
	struct adding adding = { now_ms - ms, out };

	memset(out, 0, sizeof(*out));
	history_each(h, now_ms, add_slot, &adding);
}

int64_t history_percentile(const uint64_t buckets[STEP_BOUNDS + 1], double share)
{
	uint64_t all = 0, below = 0;
	double rank;

	for (int i = 0; i <= STEP_BOUNDS; i++)
		all += buckets[i];
	if (all == 0)
		return -1;
	rank = share * (double)all;
	for (int i = 0; i < STEP_BOUNDS; i++) {
		int64_t low = i > 0 ? step_bounds_us[i - 1] : 0;

		if (buckets[i] > 0 && (double)(below + buckets[i]) >= rank)
			return low + 1 +
			       (int64_t)((double)(step_bounds_us[i] - low - 1) *
					 (rank - (double)below) / (double)buckets[i]);
		below += buckets[i];
	}
	return step_bounds_us[STEP_BOUNDS - 1];
}
