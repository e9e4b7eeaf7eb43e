/*
 * Which owner a number has: the longest pattern, whatever the order they came in.
 */
#include "redirector/keys/patterns.h"
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>

/* clang-format off */
static const struct {
	const char *text;
	bool good;
} texts[] = {
	{ "+1*", true },
	{ "+1404555*", true },
	{ "+14045550100", true },
	{ "+14045550100-+14045550199", true },
	{ "+14045550100-+14045550100", true },
	{ "+999999999999999*", true },
	{ "+000000000000000", true },
	{ "", false },
	{ "*", false },
	{ "+", false },
	{ "+*", false },
	{ "1404*", false },
	{ "14045550100", false },
	{ "+1404**", false },
	{ "+1*4", false },
	{ "+1404x*", false },
	{ "+1 404*", false },
	{ "+1234567890123456", false },
	{ "+1234567890123456*", false },
	{ "+14045550100-", false },
	{ "+14045550100-14045550199", false },
	{ "-+14045550199", false },
	{ "+14045550199-+14045550100", false },
	{ "+1404555010-+14045550199", false },
	{ "+14045550100-+14045550199-+14045550299", false },
	{ "+14045550100-+1404555*", false },
};

static const struct {
	const char *number;
	int owner; /* -1: nobody */
} numbers[] = {
	{ "14045550100", 3 },
	{ "14045550150", 3 },
	{ "14045550199", 3 },
	{ "14045550200", 4 },
	{ "14045550201", 2 },
	{ "14045550099", 2 },
	{ "1404555", 2 },
	{ "140455501500", 2 }, /* longer than the range's numbers */
	{ "1404555015", 2 },   /* shorter */
	{ "14045560000", 1 },
	{ "1404", 1 },
	{ "140", 0 },
	{ "1", 0 },
	{ "12125551212", 0 },
	{ "44", -1 },
	{ "", -1 },
	{ "1404555010a", -1 },
	{ "1234567890123456", -1 },
	{ "33140000000", 5 },
	{ "33140000005", 5 },
	{ "33140000015", 5 },
	{ "33140000016", -1 },
	{ "0014", 6 },
	{ "014", -1 },
};

static const struct {
	const char *a, *b;
	const char *shared; /* NULL: they share nothing */
} pairs[] = {
	{ "+1404*", "+1405*", NULL },
	{ "+1404*", "+14045*", NULL },
	{ "+1404*", "+1404*", "+1404*" },
	{ "+14045550100", "+1404*", NULL },
	{ "+14045550100", "+14045550100*", NULL },
	{ "+14045550100", "+14045550100", "+14045550100" },
	{ "+14045550100-+14045550199", "+14045550150", "+14045550150" },
	{ "+14045550150", "+14045550100-+14045550199", "+14045550150" },
	{ "+14045550100-+14045550199", "+14045550199-+14045550299", "+14045550199" },
	{ "+14045550100-+14045550199", "+14045550200-+14045550299", NULL },
	{ "+10-+19", "+100-+199", NULL },
	{ "+00", "+0", NULL },
};
/* clang-format on */

static void reading(void)
{
	for (size_t i = 0; i < SK_COUNT(texts); i++) {
		SK_CLEANUP(patterns_free_p) struct patterns *p = patterns_new();
		char why[PATTERNS_WHY_SIZE] = "";
		bool ok = patterns_add(p, sk_span_of(texts[i].text), 0, why);

		CHECK(ok == texts[i].good, "\"%s\"", texts[i].text);
		CHECK(ok || strstr(why, "is neither"), "\"%s\": %s", texts[i].text, why);
	}
}

static void add(struct patterns *p, const char *text, size_t owner)
{
	char why[PATTERNS_WHY_SIZE];

	CHECK(patterns_add(p, sk_span_of(text), owner, why), "%s", text);
}

static void finding(void)
{
	SK_CLEANUP(patterns_free_p) struct patterns *p = patterns_new();
	char why[PATTERNS_WHY_SIZE] = "";
	size_t both[2];

	add(p, "+14045550200", 4);
	add(p, "+1404*", 1);
	add(p, "+14045550100-+14045550199", 3);
	add(p, "+1*", 0);
	add(p, "+1404555*", 2);
	/* one owner's may lie over and within each other */
	add(p, "+33140000000-+33140000010", 5);
	add(p, "+33140000002-+33140000003", 5);
	add(p, "+33140000009-+33140000015", 5);
	add(p, "+00*", 6);
	CHECK(patterns_settle(p, both, why), "%s", why);
	for (size_t i = 0; i < SK_COUNT(numbers); i++) {
		size_t owner = 99;
		bool found = patterns_find(p, sk_span_of(numbers[i].number), &owner);

		CHECK(found == (numbers[i].owner >= 0) &&
			      (!found || owner == (size_t)numbers[i].owner),
		      "%s: %d", numbers[i].number, found ? (int)owner : -1);
	}
}

static void sharing(void)
{
	for (size_t i = 0; i < SK_COUNT(pairs); i++) {
		SK_CLEANUP(patterns_free_p) struct patterns *p = patterns_new();
		char why[PATTERNS_WHY_SIZE] = "";
		size_t both[2] = { 9, 9 };

		add(p, pairs[i].a, 0);
		add(p, pairs[i].b, 1);
		CHECK(patterns_settle(p, both, why) == !pairs[i].shared, "%s and %s", pairs[i].a,
		      pairs[i].b);
		CHECK_STR(why, pairs[i].shared ? pairs[i].shared : "", pairs[i].a);
		CHECK(!pairs[i].shared || both[0] + both[1] == 1, "%s: both are named", pairs[i].a);
	}
}

/* As many as a tenant may have, against a plain search. */
static void many(void)
{
	SK_CLEANUP(patterns_free_p) struct patterns *p = patterns_new();
	char why[PATTERNS_WHY_SIZE], text[32];
	size_t both[2], owner;
	int wrong = 0;

	for (unsigned i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "+1404%06u*", i);
		wrong += !patterns_add(p, sk_span_of(text), i % 256, why);
	}
	CHECK(patterns_settle(p, both, why), "settled");
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "1404%06u7", i);
		wrong += !patterns_find(p, sk_span_of(text), &owner) || owner != i % 256;
	}
	CHECK(wrong == 0, "%d wrong", wrong);
}

int main(void)
{
	reading();
	finding();
	sharing();
	many();
	return check_result();
}
