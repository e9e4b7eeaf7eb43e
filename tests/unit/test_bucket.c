/*
 * How many pass, by a clock of our own: steady, standing, going back, at the ends of 64 bits,
 * and with two processes at one bucket.
 */
#include "redirector/base/bucket.h"
#include "shaken/macro.h"
#include "tests/check.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND ((int64_t)1000000)

/* Asks `asks` times, evenly spread over `us`.  @return how many passed */
static int64_t ask(_Atomic int64_t *at, int64_t per_ms, int64_t rate, int64_t burst, int64_t asks,
		   int64_t us)
{
	static int64_t start = 5 * SECOND;
	int64_t passed = 0;

	start += 100 * 3600 * SECOND; /* each row later than the ones before */
	for (int64_t i = 0; i < asks; i++)
		passed += bucket_take(at, per_ms, rate, burst, start + i * us / asks);
	return passed;
}

struct row {
	int64_t per_ms, rate, burst, asks, us;
	int64_t least, most;
};

/* clang-format off */
static const struct row rows[] = {
	/* nothing is limited */
	{ 1000, 0, 1, 1000, 1, 1000, 1000 },
	{ 1000, -5, 1, 1000, 1, 1000, 1000 },
	/* all at once: the burst */
	{ 1000, 10, 1, 100, 1, 1, 1 },
	{ 1000, 10, 5, 100, 1, 5, 5 },
	{ 1000, 1000000, 100, 1000, 1, 100, 102 },
	{ 1000, 10, 0, 100, 1, 1, 1 },
	{ 1000, 10, -3, 100, 1, 1, 1 },
	/* below the rate: all */
	{ 1000, 10, 1, 90, 10 * SECOND, 90, 90 },
	{ 1000, 100, 1, 999, 10 * SECOND, 999, 999 },
	/* ten times the rate: burst and rate, one more or less */
	{ 1000, 10, 1, 1000, 10 * SECOND, 99, 101 },
	{ 1000, 100, 20, 10000, 10 * SECOND, 1018, 1021 },
	{ 1000, 3, 1, 300, 10 * SECOND, 29, 31 },
	{ 1000, 300000, 10, 1000000, SECOND, 299000, 300011 },
	/* a minute's quota */
	{ 60000, 60, 6, 600, 60 * SECOND, 64, 66 },
	{ 60000, 1, 1, 1000, 59 * SECOND, 1, 1 },
	{ 60000, 1, 1, 1000, 61 * SECOND, 2, 2 },
	/* senseless numbers */
	{ 0, 1000, 1, 10, 1, 1, 10 },
	{ INT64_MAX, 1, INT64_MAX, 1, 1, 1, 1 },
	{ INT64_MAX, 1, 1, 100, 10 * SECOND, 1, 1 },
	{ 1000, INT64_MAX, INT64_MAX, 100, 1, 100, 100 },
};
/* clang-format on */

static void rates(void)
{
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		const struct row *r = &rows[i];
		_Atomic int64_t at = 0;
		int64_t passed = ask(&at, r->per_ms, r->rate, r->burst, r->asks, r->us);

		CHECK(passed >= r->least && passed <= r->most,
		      "row %zu: %lld passed, not %lld to %lld", i, (long long)passed,
		      (long long)r->least, (long long)r->most);
	}
}

static void standing_and_back(void)
{
	int64_t now = 1000 * SECOND, passed = 0;
	_Atomic int64_t at = 0;

	for (int i = 0; i < 1000; i++)
		passed += bucket_take(&at, 1000, 10, 20, now);
	CHECK(passed == 20, "it stands: the burst and no more, %lld", (long long)passed);

	now -= 500 * SECOND;
	for (int i = 0; i < 1000; i++)
		passed += bucket_take(&at, 1000, 10, 20, now);
	CHECK(passed == 20, "it went back: nothing");
	for (int i = 0; i < 10; i++)
		passed += bucket_take(&at, 1000, 10, 20, now + (i + 1) * SECOND / 10);
	CHECK(passed == 30, "and then as ever, from empty: %lld", (long long)passed);

	/* back and forth by less than two workers' clocks may differ */
	passed = 0;
	now += 1000 * SECOND;
	for (int i = 0; i < 10000; i++)
		passed += bucket_take(&at, 1000, 10, 20, now - (i % 2) * SECOND / 2);
	CHECK(passed >= 20 && passed <= 21, "two clocks: %lld", (long long)passed);
}

/* What passes is at most the burst and what flowed in while the clock went forward. */
static void any_clock(void)
{
	unsigned seed = 7;

	for (int round = 0; round < 300; round++) {
		int64_t rate = 1 + rand_r(&seed) % 1000, burst = 1 + rand_r(&seed) % 50;
		int64_t now = 3600 * SECOND, forward = 0, passed = 0;
		_Atomic int64_t at = 0;

		for (int i = 0; i < 2000; i++) {
			int kind = rand_r(&seed) % 100;
			int64_t step = rand_r(&seed) % 3000;

			if (kind == 0)
				step = -(rand_r(&seed) % (600 * SECOND));
			else if (kind < 5)
				step = -step;
			else if (kind < 30)
				step = 0;
			now += step;
			forward += step > 0 ? step : 0;
			passed += bucket_take(&at, 1000, rate, burst, now);
		}
		CHECK(passed <= burst + forward * rate / SECOND + 1,
		      "round %d: %lld passed of a rate of %lld and a burst of %lld in %lld us",
		      round, (long long)passed, (long long)rate, (long long)burst,
		      (long long)forward);
		CHECK(passed >= 1, "round %d: nothing passed", round);
	}
}

static void edges(void)
{
	static const int64_t times[] = { INT64_MIN, -1, 0, 1, INT64_MAX / 1000, INT64_MAX };
	static const int64_t states[] = { INT64_MIN, -1, 0, 1, INT64_MAX - 1, INT64_MAX };

	for (size_t t = 0; t < SK_COUNT(times); t++) {
		for (size_t s = 0; s < SK_COUNT(states); s++) {
			_Atomic int64_t at = states[s];
			int64_t passed = 0;

			for (int i = 0; i < 100; i++)
				passed += bucket_take(&at, 1000, 10, 5, times[t]);
			CHECK(passed <= 5, "time %zu, state %zu: %lld", t, s, (long long)passed);
		}
	}
}

/* A reload: the settings change, the bucket stays. */
static void other_settings(void)
{
	_Atomic int64_t at = 0;
	int64_t now = 1000 * SECOND, passed = 0;

	for (int i = 0; i < 1000000; i++)
		passed += bucket_take(&at, 1000, 1, 1000000, now);
	CHECK(passed == 1000000, "a large bucket, emptied");
	CHECK(!bucket_take(&at, 1000, 100, 10, now + 1), "a small one: empty");
	CHECK(bucket_take(&at, 1000, 100, 10, now + SECOND), "and filled a second later");
	CHECK(bucket_take(&at, 1000, 0, 1, now + SECOND), "no limit");
}

/* Two processes, one clock and one bucket: together no more than one alone. */
static void two_processes(void)
{
	struct shared {
		_Atomic int64_t at, passed, ready, clock;
	} *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;
	pid_t child;

	CHECK(s != MAP_FAILED, "memory to share");
	if (s == MAP_FAILED)
		return;
	child = fork();
	CHECK(child >= 0, "a process");
	atomic_fetch_add(&s->ready, 1);
	while (child >= 0 && atomic_load(&s->ready) < 2)
		;
	for (int64_t i = 0; i < 200000; i++)
		if (bucket_take(&s->at, 1000, 1000, 50,
				3600 * SECOND + atomic_fetch_add(&s->clock, 5)))
			atomic_fetch_add(&s->passed, 1);
	if (child == 0)
		_exit(0);
	CHECK(waitpid(child, &status, 0) == child && status == 0, "the other's end");
	CHECK(atomic_load(&s->passed) >= 2000 && atomic_load(&s->passed) <= 2051,
	      "2 s of 1000/s and a burst of 50: %lld", (long long)atomic_load(&s->passed));
	munmap(s, sizeof(*s));
}

int main(void)
{
	rates();
	standing_and_back();
	any_clock();
	edges();
	other_settings();
	two_processes();
	return check_result();
}
