/*
 * `at` is when the bucket will be full again, in nanoseconds: each one taken moves it on by the
 * time in which one flows in.  What surprises: it may lie further ahead than the bucket is deep
 * (the clock went back, or a reload made the bucket smaller).  Then it is brought back to
 * "empty", or nothing would pass for as long as the clock was wrong.
 */
#include "redirector/base/bucket.h"

enum {
	US_NS = 1000,
	MS_NS = 1000000,
};

/* Workers that share a bucket may have read their clocks at slightly different times; that must
 * not bring `at` back, or each of them would give the others what it was refused. */
static const int64_t slack_ns = (int64_t)1000 * MS_NS;

/* No sum of four of these, and none of one and the slack, goes over. */
static const int64_t most = INT64_MAX / 4;

static int64_t product(int64_t a, int64_t b)
{
	int64_t out;

	return __builtin_mul_overflow(a, b, &out) || out > most ? most : out;
}

bool bucket_take_more(_Atomic int64_t *at, int64_t per_ms, int64_t count, int64_t burst,
		      int64_t more, int64_t now_us)
{
	int64_t one, depth, now, old, next;
	bool taken;

	if (count <= 0)
		return true;
	/* rounded up: never wider than said */
	one = product(per_ms > 0 ? per_ms : 1, MS_NS);
	one = one / count + (one % count > 0);
	depth = product(one, burst > 0 ? burst : 1);
	now = now_us > 0 ? product(now_us, US_NS) : 0;

	old = atomic_load_explicit(at, memory_order_relaxed);
	do {
		int64_t from = old > now ? old : now;

		taken = from - now <= depth - one;
		if (taken)
			next = from + one + (more > 0 ? product(one, more) : 0);
		else if (old - now > depth + slack_ns)
			next = now + depth;
		else
			return false;
	} while (!atomic_compare_exchange_weak_explicit(at, &old, next, memory_order_relaxed,
							memory_order_relaxed));
	return taken;
}

bool bucket_take(_Atomic int64_t *at, int64_t per_ms, int64_t count, int64_t burst, int64_t now_us)
{
	return bucket_take_more(at, per_ms, count, burst, 0, now_us);
}
