/*
 * The last hour: wrap, gaps, clocks, what a kill leaves, and percentiles against a plain count.
 */
#include "redirector/monitor/history.h"
#include "tests/check.h"

#include <stdlib.h>

enum {
	STEP = HISTORY_STEP_MS,
	HOUR = 3600000,
};

struct seen {
	size_t count;
	uint64_t calls;
	struct history_slot first, last;
	bool in_order;
};

static void note(void *arg, const struct history_slot *slot)
{
	struct seen *s = arg;

	if (s->count == 0)
		s->first = *slot;
	s->in_order = s->in_order && (s->count == 0 || slot->began_ms >= s->last.ended_ms);
	s->last = *slot;
	s->calls += slot->n[HISTORY_CALLS];
	s->count++;
}

static struct seen look(const struct history *h, int64_t now_ms)
{
	struct seen s = { .in_order = true };

	history_each(h, now_ms, note, &s);
	return s;
}

static void *region(void)
{
	void *memory = calloc(1, history_bytes());

	if (!memory)
		exit(1);
	return memory;
}

static struct history *at(void *memory, int64_t now_ms)
{
	struct history *h = history_at(memory, now_ms);

	if (!h)
		exit(1);
	return h;
}

/* `calls` from the start on, at that time. */
static void add(struct history *h, int64_t now_ms, uint64_t calls)
{
	struct history_sums sums = { .n = { [HISTORY_CALLS] = calls } };

	sums.buckets[STEP_SIGN][3] = calls;
	history_add(h, now_ms, &sums);
}

/* Ten calls a second for two hours: the older one is gone. */
static void wraps(void)
{
	SK_CLEANUP(history_free_p) struct history *h = NULL;
	void *memory = region();
	struct history_sums sums;
	struct seen s;
	int64_t now = 5000;

	h = at(memory, now);
	for (int i = 0; i < 7200; i++, now += 1000)
		add(h, now, (uint64_t)i * 10);
	now -= 1000;
	s = look(h, now);
	CHECK(s.count == HISTORY_SLOTS, "%zu slots", s.count);
	CHECK(s.in_order, "in order");
	CHECK(s.last.ended_ms == now, "until now");
	CHECK(s.first.ended_ms > now - HOUR - STEP, "not before the hour");
	CHECK(s.calls > 35800 && s.calls <= 36010, "%llu calls", (unsigned long long)s.calls);
	history_sum(h, now, 60000, &sums);
	CHECK(sums.n[HISTORY_CALLS] >= 600 && sums.n[HISTORY_CALLS] <= 700, "of a minute");
	CHECK(sums.buckets[STEP_SIGN][3] == sums.n[HISTORY_CALLS], "buckets, too");
	s = look(h, now + HOUR + STEP);
	CHECK(s.count == 0, "all of it gets old: %zu", s.count);
	free(memory);
}

/* What was counted is in exactly one slot, however irregular the looks are. */
static void loses_nothing(void)
{
	static const int64_t pauses[] = {
		1000, 200, 9999, 1, 10000, 35000, 1000, 61000, 999, 20000
	};
	void *memory = region();
	struct history *h = at(memory, 0);
	uint64_t calls = 0;
	int64_t now = 0;

	for (int i = 0; i < 100; i++) {
		now += pauses[i % SK_COUNT(pauses)];
		calls += (uint64_t)i;
		add(h, now, calls);
		if (i % 7 == 3) { /* its process is killed */
			history_free(h);
			h = at(memory, now + 500);
		}
	}
	CHECK(look(h, now).calls == calls, "%llu of %llu", (unsigned long long)look(h, now).calls,
	      (unsigned long long)calls);
	CHECK(look(h, now).in_order, "in order");
	history_free(h);
	free(memory);
}

static void gaps(void)
{
	void *memory = region();
	struct history *h = at(memory, 1000);
	struct seen s;

	add(h, 1000, 10);
	add(h, 2000, 20);
	add(h, 95000, 1000); /* nobody looked: one slot that says how long it is */
	s = look(h, 95000);
	CHECK(s.count == 2, "%zu slots", s.count);
	CHECK(s.last.began_ms == 2000 && s.last.ended_ms == 95000, "its span");
	CHECK(s.last.n[HISTORY_CALLS] == 980, "its calls");
	history_free(h);

	h = at(memory, 300000); /* another process, much later */
	add(h, 300000, 5000);
	add(h, 301000, 5001);
	s = look(h, 301000);
	CHECK(s.count == 3, "%zu slots", s.count);
	CHECK(s.last.n[HISTORY_CALLS] == 1, "its own");
	CHECK(s.calls == 5001, "nothing lost: %llu", (unsigned long long)s.calls);
	history_free(h);
	free(memory);
}

/* A counter that falls, and a clock that does, are no reason for large numbers. */
static void backward(void)
{
	void *memory = region();
	struct history *h = at(memory, 500000);
	struct seen s;

	add(h, 500000, 100);
	add(h, 501000, 50);
	s = look(h, 501000);
	CHECK(s.calls == 50, "a sum that falls: %llu", (unsigned long long)s.calls);
	add(h, 100000, 60);
	add(h, 101000, 61);
	s = look(h, 101000);
	CHECK(s.calls == 1, "a clock that falls: %llu", (unsigned long long)s.calls);
	CHECK(s.last.ended_ms == 101000, "its time");
	add(h, 102000, UINT64_MAX);
	s = look(h, 102000);
	CHECK(s.last.n[HISTORY_CALLS] == UINT32_MAX, "no wrap");
	history_free(h);
	free(memory);
}

/* Bytes that a kill or a stranger left.  Whatever they are: no number that was never counted. */
static void torn(void)
{
	size_t bytes = history_bytes();
	unsigned char *memory = region(), *copy = region();
	struct history *h = at(memory, 0);
	size_t bad = 0, kept = 0;

	for (int i = 0; i <= 300; i++)
		add(h, i * 1000, (uint64_t)i * 10);
	history_free(h);
	for (size_t i = 0; i < bytes; i += 97) {
		struct seen s;

		memcpy(copy, memory, bytes);
		copy[i] ^= 0x5a;
		h = at(copy, 300500);
		add(h, 301000, 3010);
		s = look(h, 301000);
		bad += s.calls > 3010 || !s.in_order;
		kept += s.calls > 2800;
		history_free(h);
	}
	CHECK(bad == 0, "%zu times garbage", bad);
	CHECK(kept > bytes / 97 * 9 / 10, "%zu of %zu times nearly all is kept", kept, bytes / 97);
	free(copy);
	free(memory);
}

static void foreign(void)
{
	unsigned char *memory = region();
	unsigned seed = 1;

	for (int round = 0; round < 20; round++) {
		struct history *h;

		for (size_t i = 0; i < history_bytes(); i++) {
			seed = seed * 1103515245 + 12345;
			memory[i] = (unsigned char)(seed >> 16);
		}
		h = at(memory, 1000000);
		CHECK(look(h, 1000000).count == 0, "round %d: begins anew", round);
		add(h, 1000000, 7777);
		CHECK(look(h, 1000000).calls == 0, "round %d: what was counted before is not new",
		      round);
		add(h, 1001000, 7780);
		CHECK(look(h, 1001000).calls == 3, "round %d: from then on", round);
		history_free(h);
	}
	free(memory);
}

/* A region of the next boot, or of another machine: times that are yet to come. */
static void later(void)
{
	void *memory = region();
	struct history *h = at(memory, 900000);
	struct seen s;

	add(h, 900000, 10);
	add(h, 901000, 20);
	history_free(h);
	h = at(memory, 5000);
	s = look(h, 5000);
	CHECK(s.count == 0, "nothing of the future");
	add(h, 5000, 3);
	add(h, 6000, 5);
	CHECK(look(h, 6000).calls == 2, "from then on");
	history_free(h);
	free(memory);
}

/* The time of the n-th of `count` values in a sorted list, by counting. */
static int64_t plain(const int64_t *sorted, int count, double share)
{
	int rank = (int)(share * count + 0.999999);

	return sorted[rank > 0 ? rank - 1 : 0];
}

static int bucket_of(int64_t us)
{
	int i = 0;

	while (i < STEP_BOUNDS && us > step_bounds_us[i])
		i++;
	return i;
}

static int by_size(const void *a, const void *b)
{
	int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

	return one < other ? -1 : one > other;
}

static void percentiles(void)
{
	static const double shares[] = { 0.01, 0.5, 0.95, 0.99, 1 };
	unsigned seed = 42;

	for (int round = 0; round < 50; round++) {
		enum {
			COUNT = 500
		};
		uint64_t buckets[STEP_BOUNDS + 1] = { 0 };
		int64_t values[COUNT];

		for (int i = 0; i < COUNT; i++) {
			seed = seed * 1103515245 + 12345;
			values[i] = 1 + (int64_t)(seed >> 8) % (10 << (round % 18));
			buckets[bucket_of(values[i])]++;
		}
		qsort(values, COUNT, sizeof(values[0]), by_size);
		for (size_t k = 0; k < SK_COUNT(shares); k++) {
			int64_t got = history_percentile(buckets, shares[k]);
			int64_t want = plain(values, COUNT, shares[k]);
			int in = bucket_of(want);

			CHECK(bucket_of(got) == in, "round %d, %.2f: %lld, want about %lld", round,
			      shares[k], (long long)got, (long long)want);
		}
	}
}

static void percentile_edges(void)
{
	uint64_t none[STEP_BOUNDS + 1] = { 0 }, beyond[STEP_BOUNDS + 1] = { 0 };
	uint64_t one[STEP_BOUNDS + 1] = { [4] = 1 };

	beyond[STEP_BOUNDS] = 3;
	CHECK(history_percentile(none, 0.5) == -1, "none");
	CHECK(history_percentile(beyond, 0.5) == step_bounds_us[STEP_BOUNDS - 1], "beyond");
	CHECK(history_percentile(one, 1) == step_bounds_us[4], "the only one, at most");
	CHECK(history_percentile(one, 0.5) > step_bounds_us[3], "within its bucket");
}

static void names(void)
{
	for (int i = 0; i < HISTORY_LAST; i++) {
		CHECK(history_name(i) && history_name(i)[0], "name %d", i);
		for (int k = 0; k < i; k++)
			CHECK(strcmp(history_name(i), history_name(k)) != 0, "%d and %d", i, k);
	}
}

int main(void)
{
	wraps();
	loses_nothing();
	gaps();
	backward();
	torn();
	foreign();
	later();
	percentiles();
	percentile_edges();
	names();
	return check_result();
}
