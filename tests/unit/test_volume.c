/*
 * Tenants by volume: order, window, those that are too many, and memory that is not there.
 */
#include "redirector/http/volume.h"
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	MINUTE = 60000,
};

/* allocations left before one fails; negative: no limit */
static long budget = -1;

void *__real_calloc(size_t n, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

static bool spend(void)
{
	if (budget == 0)
		return false;
	if (budget > 0)
		budget--;
	return true;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return spend() ? __real_calloc(n, size) : NULL;
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return spend() ? __real_reallocarray(p, n, size) : NULL;
}

static struct tally_slot *slot_of(struct tally *t, const char *name)
{
	struct tally_slot *slot = tally_slot(t, sk_span_of(name));

	if (!slot)
		exit(1);
	return slot;
}

static void count(struct tally *t, const char *name, enum tally_count what, int times)
{
	struct tally_slot *slot = slot_of(t, name);

	for (int i = 0; i < times; i++)
		tally_add(slot, what);
	tally_drop(t, slot);
}

struct top {
	struct volume_row rows[VOLUME_TOP], sums;
	size_t count, others;
};

static struct top top_of(const struct volume *v)
{
	struct top t;

	t.count = volume_top(v, t.rows, &t.others, &t.sums);
	return t;
}

static void orders(void)
{
	struct tally *tally = tally_new(100);
	SK_CLEANUP(volume_free_p) struct volume *v = NULL;
	struct top t;

	count(tally, "older", TALLY_CALLS, 50); /* before there was anybody to look */
	v = volume_new(tally, 0);
	CHECK(v && top_of(v).count == 0, "what is older than it does not count");
	count(tally, "bravo", TALLY_CALLS, 3);
	count(tally, "alpha", TALLY_CALLS, 3);
	count(tally, "zulu", TALLY_CALLS, 9);
	count(tally, "zulu", TALLY_SIGNED, 4);
	count(tally, "older", TALLY_CALLS, 1);
	count(tally, "zulu/trunk", TALLY_CALLS, 99);
	count(tally, "silent", TALLY_SIGNED, 1);
	volume_add(v, 1000);
	t = top_of(v);
	CHECK(t.count == 4 && t.others == 0, "%zu of them", t.count);
	CHECK_STR(t.rows[0].name, "zulu", "most calls");
	CHECK_STR(t.rows[1].name, "alpha", "equal ones by name");
	CHECK_STR(t.rows[2].name, "bravo", "equal ones by name");
	CHECK_STR(t.rows[3].name, "older", "fewest");
	CHECK(t.rows[0].n[VOLUME_CALLS] == 9 && t.rows[0].n[VOLUME_SIGNED] == 4, "its counts");
	CHECK(t.rows[3].n[VOLUME_CALLS] == 1, "only what is new");
	tally_free(tally);
}

static void window(void)
{
	struct tally *tally = tally_new(10);
	SK_CLEANUP(volume_free_p) struct volume *v = volume_new(tally, 0);
	struct top t;

	for (int minute = 0; minute < 10; minute++) {
		count(tally, "steady", TALLY_CALLS, 10);
		if (minute == 1)
			count(tally, "burst", TALLY_CALLS, 1000);
		volume_add(v, minute * MINUTE + 1000);
	}
	t = top_of(v);
	CHECK(t.count == 1, "the burst is too old");
	CHECK(t.rows[0].n[VOLUME_CALLS] == 50, "%llu within the window",
	      (unsigned long long)t.rows[0].n[VOLUME_CALLS]);
	volume_add(v, 60 * MINUTE);
	CHECK(top_of(v).count == 0, "all are too old");
	volume_add(v, 0);
	count(tally, "steady", TALLY_CALLS, 2);
	volume_add(v, 1000);
	CHECK(top_of(v).rows[0].n[VOLUME_CALLS] == 2, "a clock that falls");
	tally_free(tally);
}

static void many(void)
{
	enum {
		TENANTS = 10000
	};
	struct tally *tally = tally_new(TENANTS);
	SK_CLEANUP(volume_free_p) struct volume *v = volume_new(tally, 0);
	uint64_t all = 0;
	struct top t;

	for (int i = 0; i < TENANTS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "tenant-%05d", i);
		count(tally, name, TALLY_CALLS, 1 + i % 50);
		all += 1 + (uint64_t)i % 50;
	}
	volume_add(v, 20000);
	t = top_of(v);
	CHECK(t.count == VOLUME_TOP && t.others == TENANTS - VOLUME_TOP, "%zu others", t.others);
	CHECK_STR(t.rows[0].name, "tenant-00049", "the first of the most");
	CHECK(t.sums.n[VOLUME_CALLS] + VOLUME_TOP * 50 == all, "nothing is lost");
	count(tally, "tenant-00000", TALLY_CALLS, 500);
	volume_add(v, 21000);
	CHECK_STR(top_of(v).rows[0].name, "tenant-00049", "so many are not looked at each time");
	volume_add(v, 31000);
	CHECK_STR(top_of(v).rows[0].name, "tenant-00000", "but soon");
	tally_free(tally);
}

/* Without memory a tenant is left out until there is some; nothing else changes. */
static void starved(void)
{
	struct tally *tally = tally_new(100);
	struct volume *v;

	budget = 0;
	v = volume_new(tally, 0);
	budget = -1;
	CHECK(v == NULL, "no memory for itself");
	v = volume_new(tally, 0);
	for (int i = 0; i < 40; i++) {
		char name[32];

		snprintf(name, sizeof(name), "t%d", i);
		count(tally, name, TALLY_CALLS, 5);
	}
	budget = 1; /* for sixteen of them */
	volume_add(v, 1000);
	budget = -1;
	CHECK(top_of(v).count == 16, "%zu", top_of(v).count);
	volume_add(v, 2000);
	CHECK(top_of(v).count == VOLUME_TOP && top_of(v).others == 40 - VOLUME_TOP, "now all");
	CHECK(top_of(v).rows[0].n[VOLUME_CALLS] == 5, "and whole");
	volume_free(v);
	volume_free(NULL);
	tally_free(tally);
}

int main(void)
{
	orders();
	window();
	many();
	starved();
	return check_result();
}
