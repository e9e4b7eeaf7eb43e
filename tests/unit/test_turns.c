/*
 * Who may run when: three at once, two to one host, four in the queue; strangers' new
 * hosts in half of that, and ours beside it.
 */
#include "redirector/certs/turns.h"
#include "tests/check.h"

#define TURN(name) \
	{ \
		.host = SK_SPAN(name) \
	}

enum {
	NAMES = 200
};

/* Names that never repeat and never answer, as many as a stranger likes. */
static void new_names(void)
{
	static char names[NAMES][24];
	static struct turn flood[NAMES];
	struct turn known[] = { TURN("k.example"), TURN("l.example"), TURN("m.example") };
	struct turn list = { .host = SK_SPAN("pa.example"), .kind = TURN_OURS };
	struct turns t;
	size_t in = 0, run = 0;

	turns_init(&t, 9, 4, 20);
	for (size_t i = 0; i < NAMES; i++) {
		int len = snprintf(names[i], sizeof(names[i]), "n%zu.example", i);

		flood[i] = (struct turn){ .host = { names[i], (size_t)len }, .kind = TURN_NEW };
		in += turns_add(&t, &flood[i]) == TURNS_IN;
		while (turns_next(&t))
			run++;
	}
	CHECK(run == 5, "half of the places, not %zu", run);
	CHECK(in == 15, "and half of the queue, not %zu", in - run);
	CHECK(turns_add(&t, &known[0]) == TURNS_IN && turns_next(&t) == &known[0],
	      "a known host goes past them");
	turns_remove(&t, &flood[0]);
	CHECK(turns_next(&t) == &flood[5], "and they go on among themselves");
	CHECK(turns_add(&t, &flood[0]) == TURNS_IN && turns_add(&t, &flood[20]) == TURNS_FULL,
	      "one in for one out");
	CHECK(turns_add(&t, &known[1]) == TURNS_IN && turns_next(&t) == &known[1], "known again");
	turns_remove(&t, &known[0]);
	turns_remove(&t, &known[1]);
	CHECK(!turns_next(&t), "places for known hosts stay free");
	CHECK(turns_add(&t, &list) == TURNS_IN && turns_next(&t) == &list, "ours");
	turns_remove(&t, &list);
}

/* Ours have places of their own, whoever fills the others; and take none from them. */
static void ours(void)
{
	struct turn all[TURNS_OURS + 1],
		a[] = { TURN("a.example"), TURN("a.example"), TURN("a.example") };
	struct turns t;

	turns_init(&t, 1, 1, 1);
	CHECK(turns_add(&t, &a[0]) == TURNS_IN && turns_next(&t) == &a[0], "a stranger runs");
	CHECK(turns_add(&t, &a[1]) == TURNS_IN && turns_add(&t, &a[2]) != TURNS_IN, "all is full");
	for (size_t i = 0; i < SK_COUNT(all); i++) {
		all[i] = (struct turn)TURN("a.example");
		all[i].kind = TURN_OURS;
		CHECK(turns_add(&t, &all[i]) == TURNS_IN, "ours %zu: at the same host, too", i);
	}
	for (size_t i = 0; i < TURNS_OURS; i++)
		CHECK(turns_next(&t) == &all[i], "ours %zu runs", i);
	CHECK(!turns_next(&t), "the fifth waits for the others");
	turns_remove(&t, &a[0]);
	CHECK(turns_next(&t) == &a[1], "and strangers do not wait for ours");
	turns_remove(&t, &a[1]);
	turns_remove(&t, &all[0]);
	CHECK(turns_next(&t) == &all[TURNS_OURS], "the fifth");
	for (size_t i = 1; i < SK_COUNT(all); i++)
		turns_remove(&t, &all[i]);
	CHECK(turns_queued(&t) == 0 && t.active[TURN_OURS] == 0, "empty again");
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
	CHECK(!turns_free_for(&t, TURN_KNOWN, SK_SPAN("a.EXAMPLE")), "its host has its share");
	CHECK(turns_free_for(&t, TURN_KNOWN, SK_SPAN("b.example")), "another has not");
	CHECK(turns_add(&t, &a[2]) == TURNS_IN && turns_add(&t, &a[3]) == TURNS_IN, "two wait");
	CHECK(turns_add(&t, &a[4]) != TURNS_IN, "half of the queue is enough for one host");
	CHECK(!turns_next(&t), "no turn for that host");
	CHECK(turns_add(&t, &b[0]) == TURNS_IN && turns_next(&t) == &b[0],
	      "nobody waits behind a busy host");
	CHECK(turns_add(&t, &b[1]) == TURNS_IN && turns_add(&t, &b[2]) == TURNS_IN,
	      "the others fill the queue");
	CHECK(turns_add(&t, &b[3]) != TURNS_IN && turns_queued(&t) == 4, "full");
	CHECK(!turns_next(&t) && t.active[TURN_KNOWN] == 3, "three at once");

	turns_remove(&t, &b[0]);
	CHECK(turns_next(&t) == &b[1], "the oldest whose host has room");
	turns_remove(&t, &a[0]);
	CHECK(turns_next(&t) == &a[2], "in the order of coming");
	turns_remove(&t, &a[3]);
	CHECK(turns_queued(&t) == 1 && t.active[TURN_KNOWN] == 3, "gone from the queue");
	turns_remove(&t, &a[1]);
	turns_remove(&t, &a[2]);
	turns_remove(&t, &b[1]);
	CHECK(turns_next(&t) == &b[2] && !turns_next(&t), "the last");
	turns_remove(&t, &b[2]);
	CHECK(turns_queued(&t) == 0 && t.active[TURN_KNOWN] == 0, "empty again");

	turns_init(&t, 1, 1, 0);
	CHECK(turns_add(&t, &a[0]) == TURNS_IN && turns_next(&t) == &a[0],
	      "no queue: who can run, runs");
	CHECK(turns_add(&t, &b[0]) != TURNS_IN, "no queue: who cannot, may not");
	turns_init(&t, 0, 0, 0);
	CHECK(turns_add(&t, &a[1]) != TURNS_IN, "no fetches at all");
	new_names();
	ours();
	return check_result();
}
