/*
 * Who may run when: three at once, two to one host, four in the queue.
 */
#include "redirector/certs/turns.h"
#include "tests/check.h"

#define TURN(name) \
	{ \
		.host = SK_SPAN(name) \
	}

int main(void)
{
	struct turn a[] = { TURN("a.example"), TURN("A.example"), TURN("a.example"),
			    TURN("a.example"), TURN("a.example") };
	struct turn b[] = { TURN("b.example"), TURN("b.example"), TURN("b.example"),
			    TURN("b.example") };
	struct turns t;

	turns_init(&t, 3, 2, 4);
	CHECK(!turns_next(&t), "nobody");
	CHECK(turns_add(&t, &a[0]) == TURNS_IN && turns_next(&t) == &a[0], "the first runs");
	CHECK(turns_add(&t, &a[1]) == TURNS_IN && turns_next(&t) == &a[1], "the second runs");
	CHECK(!turns_free_for(&t, SK_SPAN("a.EXAMPLE")), "its host has its share");
	CHECK(turns_free_for(&t, SK_SPAN("b.example")), "another has not");
	CHECK(turns_add(&t, &a[2]) == TURNS_IN && turns_add(&t, &a[3]) == TURNS_IN, "two wait");
	CHECK(turns_add(&t, &a[4]) != TURNS_IN, "half of the queue is enough for one host");
	CHECK(!turns_next(&t), "no turn for that host");
	CHECK(turns_add(&t, &b[0]) == TURNS_IN && turns_next(&t) == &b[0],
	      "nobody waits behind a busy host");
	CHECK(turns_add(&t, &b[1]) == TURNS_IN && turns_add(&t, &b[2]) == TURNS_IN,
	      "the others fill the queue");
	CHECK(turns_add(&t, &b[3]) != TURNS_IN && t.queued == 4, "full");
	CHECK(!turns_next(&t) && t.active == 3, "three at once");

	turns_remove(&t, &b[0]);
	CHECK(turns_next(&t) == &b[1], "the oldest whose host has room");
	turns_remove(&t, &a[0]);
	CHECK(turns_next(&t) == &a[2], "in the order of coming");
	turns_remove(&t, &a[3]);
	CHECK(t.queued == 1 && t.active == 3, "gone from the queue");
	turns_remove(&t, &a[1]);
	turns_remove(&t, &a[2]);
	turns_remove(&t, &b[1]);
	CHECK(turns_next(&t) == &b[2] && !turns_next(&t), "the last");
	turns_remove(&t, &b[2]);
	CHECK(t.queued == 0 && t.active == 0, "empty again");

	turns_init(&t, 1, 1, 0);
	CHECK(turns_add(&t, &a[0]) == TURNS_IN && turns_next(&t) == &a[0],
	      "no queue: who can run, runs");
	CHECK(turns_add(&t, &b[0]) != TURNS_IN, "no queue: who cannot, may not");
	turns_init(&t, 0, 0, 0);
	CHECK(turns_add(&t, &a[1]) != TURNS_IN, "no fetches at all");
	return check_result();
}
