#include "redirector/call/repeat.h"
#include "tests/check.h"

static const uint8_t one[16] = { 1, 2, 3 }, other[16] = { 2, 2, 3 };

/* @return the time it was first seen, 0 when it is new */
static int64_t seen(struct repeat *r, const uint8_t id[16], int64_t mono, int64_t wall)
{
	struct repeat_mark mark = repeat_seen(r, id, SK_SPAN("t"), mono, wall);

	CHECK(mark.is || mark.wall == wall, "a new one is of now");
	return mark.is ? mark.wall : 0;
}

static void in_time(void)
{
	struct repeat *r = repeat_new();

	CHECK(seen(r, one, 1000, 500) == 0, "new");
	CHECK(seen(r, one, 1500, 501) == 500, "a repeat, as of the first");
	CHECK(seen(r, other, 1500, 501) == 0, "another");
	CHECK(seen(r, one, 1000 + 31999, 531) == 500, "just in time");
	CHECK(seen(r, one, 1000 + 32000, 532) == 0, "too late: new");
	CHECK(seen(r, one, 1000 + 32001, 533) == 532, "and remembered anew");
	repeat_free(r);
}

static void odd_clocks(void)
{
	struct repeat *r = repeat_new();
	int64_t edge = (int64_t)1 << 32;

	CHECK(seen(r, one, edge - 10, edge - 1) == 0, "at the end of 32 bits");
	CHECK(seen(r, one, edge + 10, edge + 1) == edge - 1, "and over it");
	CHECK(seen(r, other, 5000, 10000) == 0, "new");
	CHECK(seen(r, other, 5001, 10000 - 3600) == 10000, "the wall clock went back");
	CHECK(seen(r, other, 5002, 10000 + 86400) == 10000, "and forward a day");
	repeat_free(r);
}

/* Ids of one set: the second half is the place. */
static void crowded(void)
{
	struct repeat *r = repeat_new();
	uint8_t id[16] = { 0 };

	for (uint8_t i = 0; i < 5; i++) {
		id[0] = (uint8_t)(i * 2);
		CHECK(seen(r, id, 1000 + i, 100 + i) == 0, "%u is new", i);
	}
	for (uint8_t i = 4; i > 0; i--) {
		id[0] = (uint8_t)(i * 2);
		CHECK(seen(r, id, 1010, 200) == 100 + i, "%u is remembered", i);
	}
	id[0] = 0;
	CHECK(seen(r, id, 1010, 200) == 0, "the oldest went");
	memset(id, 0, sizeof(id));
	id[8] = 9;
	CHECK(seen(r, id, 1, 1) == 0 && seen(r, id, 2, 2) == 1, "an id of zeros");
	repeat_free(r);
}

static void owners(void)
{
	struct repeat *r = repeat_new();
	struct repeat_mark a = repeat_seen(r, one, SK_SPAN("a"), 1000, 500);
	struct repeat_mark b = repeat_seen(r, one, SK_SPAN("b"), 1001, 501);

	CHECK(!a.is && !b.is, "the same request of two owners is two");
	repeat_set_over(r, &a);
	a = repeat_seen(r, one, SK_SPAN("a"), 1002, 502);
	b = repeat_seen(r, one, SK_SPAN("b"), 1002, 502);
	CHECK(a.is && a.over && a.wall == 500, "a's was over its limit");
	CHECK(b.is && !b.over && b.wall == 501, "b's was not");
	repeat_free(r);
}

/* As often as a client repeats, and on. */
static void too_often(void)
{
	struct repeat *r = repeat_new();
	struct repeat_mark mark = repeat_seen(r, one, SK_SPAN("a"), 1000, 500);

	repeat_set_over(r, &mark);
	for (int i = 1; i < 20; i++) {
		mark = repeat_seen(r, one, SK_SPAN("a"), 1000 + i, 500);
		CHECK(mark.is && mark.over && mark.wall == 500, "%d: a repeat", i);
		CHECK(mark.too_often == (i > REPEAT_TIMES), "%d: too often?", i);
	}
	mark = repeat_seen(r, one, SK_SPAN("a"), 1000 + REPEAT_MS, 532);
	CHECK(!mark.is && !mark.over && !mark.too_often, "forgotten");
	repeat_free(r);
}

/* Who went out of a full set is not marked, nor is who came in its place. */
static void marked_late(void)
{
	struct repeat *r = repeat_new();
	uint8_t id[16] = { 0 };
	struct repeat_mark first = repeat_seen(r, id, SK_SPAN("a"), 1000, 100), mark;

	for (uint8_t i = 1; i < 5; i++) {
		id[0] = (uint8_t)(i * 2);
		mark = repeat_seen(r, id, SK_SPAN("a"), 1000 + i, 100);
		CHECK(!mark.is, "%u is new", i);
	}
	repeat_set_over(r, &first);
	mark = repeat_seen(r, id, SK_SPAN("a"), 1010, 100);
	CHECK(mark.is && !mark.over, "not the other's mark");
	repeat_free(r);
}

int main(void)
{
	owners();
	too_often();
	marked_late();
	in_time();
	odd_clocks();
	crowded();
	repeat_free(NULL);
	return check_result();
}
