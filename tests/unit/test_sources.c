/*
 * A bucket an address: which addresses share one, a table that does not grow, and who is
 * forgotten when it is full.
 */
#include "redirector/call/sources.h"
#include "tests/check.h"

#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* What costs more than one passes while one is left, and is paid for afterwards. */
static void dear(void)
{
	/* clang-format off */
	static const struct {
		int64_t rate, burst, cost;
		unsigned at_once;  /* pass in one moment       */
		unsigned a_second; /* ... and in each second after */
	} rows[] = {
		{ 100, 100, 10, 10, 10 },
		{ 100, 100, 1, 100, 100 },
		{ 100, 10, 10, 2, 20 }, /* half of the burst */
		{ 100, 1, 10, 1, 100 },
		{ 1000, 25, 10, 3, 100 }, /* the third owes five */
	};
	/* clang-format on */

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct addr a = at("192.0.2.1:5060");
		struct sources *s = sources_new();
		unsigned passed = 0, later = 0;

		for (int n = 0; n < 1000; n++)
			passed += sources_take_dear(s, &a, rows[i].rate, rows[i].burst,
						    rows[i].cost, NOW);
		CHECK(passed == rows[i].at_once, "row %zu: %u at once", i, passed);
		for (int n = 1; n <= 10000; n++)
			later += sources_take_dear(s, &a, rows[i].rate, rows[i].burst, rows[i].cost,
						   NOW + n * SECOND / 1000);
		CHECK(later >= rows[i].a_second * 10 - 1 && later <= rows[i].a_second * 10 + 1,
		      "row %zu: %u in ten seconds", i, later);
		sources_free(s);
	}
}

/* It is the bucket of the requests, too, and a small one is not all gone for a connection. */
static void dear_and_cheap(void)
{
	struct addr a = at("192.0.2.1:5060"), b = at("192.0.2.2:5060");
	struct sources *s = sources_new();

	CHECK(sources_take_dear(s, &a, 100, 20, 10, NOW), "a connection");
	for (int i = 0; i < 10; i++)
		CHECK(sources_take(s, &a, 100, 20, NOW) == SOURCES_OK, "request %d beside it", i);
	CHECK(sources_take(s, &a, 100, 20, NOW) == SOURCES_OVER, "one request too many");
	CHECK(sources_take_dear(s, &b, 5, 5, 10, NOW), "a small bucket");
	CHECK(sources_take(s, &b, 5, 5, NOW) == SOURCES_OK, "has room for a call");
	CHECK(sources_take_dear(s, &b, 0, 5, 10, NOW), "no limit");
	while (sources_take(s, &b, 5, 5, NOW) == SOURCES_OK)
		continue;
	CHECK(!sources_take_dear(s, &b, 5, 5, 10, NOW), "nothing left");
	CHECK(sources_take_dear(s, &b, INT64_MAX, INT64_MAX, INT64_MAX, NOW), "senseless numbers");
	sources_free(s);
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

/* --- several processes at one table --- */

enum {
	PROCESSES = 4,
	ASKS = 50000,
	CROWD = 3000000, /* addresses that push each other out */
};

static void *shared(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	return p;
}

/* Asks for ten addresses that all processes have in common, and for a crowd. */
static void hammer(void *table, _Atomic unsigned *passed, unsigned which)
{
	static const uint8_t key[SK_MAC_KEY] = { 1 };
	struct sources *s = sources_new_in(table, key);

	for (uint32_t i = 0; s && i < ASKS; i++) {
		struct addr one = v4(0xc0000200 + i % 10);
		struct addr other = v4(0x0a000000 + (i * 2654435761u + which) % CROWD);

		if (sources_take(s, &one, 10, 5, NOW) == SOURCES_OK)
			atomic_fetch_add(passed, 1);
		if (i % 2 == 0 && sources_take(s, &other, 10, 5, NOW) == SOURCES_FLOODS)
			atomic_fetch_add(passed, 1000000); /* it had somebody else's bucket */
	}
	sources_free(s);
	_exit(s ? 0 : 1);
}

static void wait_for(pid_t *pids, bool killed)
{
	for (size_t i = 0; i < PROCESSES; i++) {
		int status = -1;

		CHECK(waitpid(pids[i], &status, 0) == pids[i], "process %zu", i);
		CHECK(killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0), "%x", status);
	}
}

static void start(pid_t *pids, void *table, _Atomic unsigned *passed)
{
	for (unsigned i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			hammer(table, passed, i);
		CHECK(pids[i] > 0, "a process");
	}
}

static void one_rate_for_all(void)
{
	_Atomic unsigned *passed = shared(sizeof(*passed));
	void *table = shared(sources_bytes());
	pid_t pids[PROCESSES];

	start(pids, table, passed);
	wait_for(pids, false);
	/* ten addresses, five at once each; the crowd may push one out, which then starts anew */
	CHECK(*passed >= 50 && *passed <= 60, "%u passed", *passed);
	munmap(table, sources_bytes());
	munmap(passed, sizeof(*passed));
}

/* Whoever is killed in the middle leaves a table that works. */
static void killed_in_the_middle(void)
{
	static const uint8_t key[SK_MAC_KEY] = { 1 };
	_Atomic unsigned *passed = shared(sizeof(*passed));
	void *table = shared(sources_bytes());
	struct sources *s = sources_new_in(table, key);

	for (int round = 0; round < 20; round++) {
		pid_t pids[PROCESSES];

		start(pids, table, passed);
		usleep(1000 + (unsigned)round * 300);
		for (size_t i = 0; i < PROCESSES; i++)
			kill(pids[i], SIGKILL);
		wait_for(pids, true);
		for (uint32_t i = 0; i < 100; i++) {
			struct addr fresh = v4(0xc6336400 + (uint32_t)round * 100 + i);

			CHECK(ask(s, &fresh, 20, NOW + round) == 5, "%d: %u", round, i);
		}
	}
	sources_free(s);
	munmap(table, sources_bytes());
	munmap(passed, sizeof(*passed));
}

int main(void)
{
	one_rate_for_all();
	killed_in_the_middle();
	who_shares();
	over_and_flood();
	dear();
	dear_and_cheap();
	a_million();
	flooder_is_remembered();
	sources_free(NULL);
	return check_result();
}
