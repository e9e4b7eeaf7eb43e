/*
 * A bucket an address: which addresses share one, a table that does not grow, and who is
 * forgotten when it is full.
 */
#include "redirector/call/sources.h"
#include "tests/check.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND ((int64_t)1000000)
#define NOW    (3600 * SECOND)

static struct addr at(const char *text)
{
	struct addr a = { .len = 0 };

	CHECK(addr_parse(sk_span_of(text), &a), "%s", text);
	return a;
}

static struct addr v4(uint32_t number)
{
	struct addr a = { .len = sizeof(struct sockaddr_in) };

	a.sa.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(number) };
	return a;
}

/* How many of `asks` at one time are within the rate. */
static unsigned ask(struct sources *s, const struct addr *a, unsigned asks, int64_t now)
{
	unsigned ok = 0;

	for (unsigned i = 0; i < asks; i++)
		ok += sources_take(s, a, 10, 5, now) == SOURCES_OK;
	return ok;
}

struct pair {
	const char *one, *two;
	bool shared; /* one bucket */
};

static const struct pair pairs[] = {
	{ "192.0.2.1:5060", "192.0.2.1:5060", true },
	{ "192.0.2.1:5060", "192.0.2.1:1024", true },
	{ "192.0.2.1:5060", "[::ffff:192.0.2.1]:5060", true },
	{ "[2001:db8::1]:5060", "[2001:db8::2]:5060", true },
	{ "[2001:db8:1:2:3:4:5:6]:5060", "[2001:db8:1:2:ffff::]:1", true },
	{ "192.0.2.1:5060", "192.0.2.2:5060", false },
	{ "192.0.2.1:5060", "193.0.2.1:5060", false },
	{ "[2001:db8:0:1::1]:5060", "[2001:db8:0:2::1]:5060", false },
	{ "192.0.2.1:5060", "[::c000:201]:5060", false },
	{ "192.0.2.1:5060", "[c000:201::]:5060", false },
	{ "0.0.0.1:5060", "[::1]:5060", false },
};

static void who_shares(void)
{
	for (size_t i = 0; i < SK_COUNT(pairs); i++) {
		struct addr one = at(pairs[i].one), two = at(pairs[i].two);
		struct sources *s = sources_new();
		unsigned left;

		CHECK(ask(s, &one, 100, NOW) == 5, "%s: the burst", pairs[i].one);
		left = ask(s, &two, 100, NOW);
		CHECK(left == (pairs[i].shared ? 0 : 5), "%s and %s: %u", pairs[i].one,
		      pairs[i].two, left);
		sources_free(s);
	}
}

static void over_and_flood(void)
{
	struct addr a = at("192.0.2.1:5060");
	struct sources *s = sources_new();
	unsigned ok = 0, over = 0, flood = 0;

	for (int i = 0; i < 1000; i++) {
		enum sources_say say = sources_take(s, &a, 10, 5, NOW);

		ok += say == SOURCES_OK;
		over += say == SOURCES_OVER;
		flood += say == SOURCES_FLOODS;
	}
	CHECK(ok == 5 && over == 100 && flood == 895, "%u, %u, %u", ok, over, flood);
	CHECK(ask(s, &a, 100, NOW + SECOND / 10) == 1, "a tenth of a second later: one");
	CHECK(ask(s, &a, 100, NOW + 10 * SECOND) == 5, "later: the burst again");
	CHECK(sources_take(s, &a, 0, 5, NOW) == SOURCES_OK, "no limit");
	CHECK(sources_take(s, &a, INT64_MAX, INT64_MAX, NOW) == SOURCES_OK, "senseless numbers");
	sources_free(s);
}

/* Kilobytes of this process. */
static long memory(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	CHECK(f && fscanf(f, "%*d %ld", &pages) == 1, "statm");
	if (f)
		fclose(f);
	return pages * 4;
}

/* What a million addresses do to one that asks 8 times a second, half of the time. */
static void a_million(void)
{
	struct addr good = at("198.51.100.7:5060");
	struct sources *s = sources_new();
	long before;
	unsigned refused = 0, shared = 0;

	CHECK(ask(s, &good, 1, NOW) == 1, "the good one is known");
	before = memory();
	for (uint32_t i = 0; i < 1000000; i++) {
		int64_t now = NOW + i * 10; /* 100,000 a second */
		struct addr bad = v4(0x0a000000 + i);

		shared += sources_take(s, &bad, 10, 5, now) != SOURCES_OK;
		if (i % 12500 == 0)
			refused += sources_take(s, &good, 10, 5, now) != SOURCES_OK;
	}
	CHECK(memory() - before < 512, "the table does not grow: %ld kB", memory() - before);
	CHECK(shared == 0, "%u had no bucket to themselves", shared);
	CHECK(refused == 0, "the good one was refused %u times", refused);
	sources_free(s);
}

/* Who floods stays known while the table is full of others: those that asked least go first. */
static void flooder_is_remembered(void)
{
	struct addr bad = at("203.0.113.9:5060");
	struct sources *s = sources_new();
	unsigned ok = 0, shared = 0;

	for (uint32_t i = 0; i < 400000; i++) {
		int64_t now = NOW + i * 10; /* 4 s; the flooder asks every 50 us */
		struct addr other = v4(0x0a000000 + i % 100000);

		shared += sources_take(s, &other, 10, 5, now) != SOURCES_OK;
		if (i % 5 == 0)
			ok += sources_take(s, &bad, 10, 5, now) == SOURCES_OK;
	}
	CHECK(shared == 0, "%u had no bucket to themselves", shared);
	CHECK(ok <= 5 + 4 * 10 + 1, "%u passed", ok);
	sources_free(s);
}

int main(void)
{
	who_shares();
	over_and_flood();
	a_million();
	flooder_is_remembered();
	sources_free(NULL);
	return check_result();
}
