/*
 * Who leaves when the cache is full, and how long things count.
 */
#include "redirector/certs/cache.h"
#include "tests/check.h"

static struct sk_span name(char text[32], unsigned i)
{
	return (struct sk_span){ text, (size_t)snprintf(text, 32, "https://h/%u", i) };
}

static void places(void)
{
	struct cache *cache = cache_new(3);
	struct certs_entry *e[5];
	struct certs_wait wait = { .prev = NULL };
	char text[32];

	for (unsigned i = 0; i < 3; i++)
		e[i] = cache_add(cache, name(text, i));
	CHECK(cache_count(cache) == 3 && cache_get(cache, name(text, 1)) == e[1], "three");
	CHECK(!cache_get(cache, name(text, 9)), "no such");
	CHECK_STR(e[2]->url.ptr, "https://h/2", "its own copy of the URL");

	cache_touch(cache, e[0], true);
	e[3] = cache_add(cache, name(text, 3));
	CHECK(e[3] && !cache_get(cache, name(text, 1)) && cache_get(cache, name(text, 0)),
	      "the oldest poor one left, not the older good one");
	cache_touch(cache, e[2], false);
	e[4] = cache_add(cache, name(text, 4));
	CHECK(e[4] && !cache_get(cache, name(text, 3)) && cache_get(cache, name(text, 2)),
	      "the one used longer ago left");
	CHECK(cache_evicted(cache) == 2, "two have left");

	e[2]->fetching = true;
	e[4]->pins = 1;
	e[0]->waits.next = &wait;
	CHECK(!cache_add(cache, name(text, 5)) && cache_count(cache) == 3, "all are busy");
	CHECK(cache_limit(cache, 1) && cache_count(cache) == 3, "busy ones stay beyond the limit");
	e[4]->pins = 0;
	CHECK(cache_limit(cache, 2) && cache_count(cache) == 2, "one could leave");
	CHECK(!cache_get(cache, name(text, 4)), "and did");
	e[0]->waits.next = &e[0]->waits;
	CHECK(cache_limit(cache, 100) && cache_get(cache, name(text, 0)) == e[0], "a larger one");
	for (unsigned i = 10; i < 108; i++)
		CHECK(cache_add(cache, name(text, i)), "entry %u", i);
	CHECK(cache_count(cache) == 100, "full");
	cache_drop(cache, e[2]);
	CHECK(cache_count(cache) == 99 && !cache_get(cache, name(text, 2)), "dropped");
	cache_free(cache);
	cache_free(NULL);

	cache = cache_new(0);
	CHECK(cache && !cache_add(cache, name(text, 1)), "no entries at all");
	cache_free(cache);
}

static void flood(void)
{
	struct cache *cache = cache_new(50);
	char text[32];
	unsigned left = 0;

	for (unsigned i = 0; i < 40; i++)
		cache_touch(cache, cache_add(cache, name(text, i)), true);
	for (unsigned i = 1000; i < 20000; i++)
		if (!cache_add(cache, name(text, i)))
			left++;
	CHECK(left == 0 && cache_count(cache) == 50, "all found a place");
	for (unsigned i = 0; i < 40; i++)
		left += cache_get(cache, name(text, i)) != NULL;
	CHECK(left == 40, "%u of 40 good ones outlive 19000 poor ones", left);
	cache_free(cache);
}

static void times(void)
{
	static const int64_t steps[] = { 30, 60, 120, 240, 480, 600, 600 };
	struct certs_entry e = { .failures = 0 };

	for (size_t i = 0; i < SK_COUNT(steps); i++)
		CHECK(entry_backoff(&e, 30) == steps[i], "failure %zu", i);
	e.failures = 4000000000U;
	CHECK(entry_backoff(&e, 30) == 600, "a patient one");
	e.failures = 0;
	CHECK(entry_backoff(&e, 0) == 1 && entry_backoff(&e, 0) == 2, "never nothing");
	e.failures = 3;
	CHECK(entry_backoff(&e, 3600) == 3600, "a longer one by configuration");

	e = (struct certs_entry){ .err = SK_FETCH_DNS, .retry_at = 5000 };
	CHECK(entry_answers(&e, 4999, 0) && !entry_answers(&e, 5000, 0), "a failure");
	CHECK(!entry_stale_ok(&e, 0, 0) && !entry_due(&e, 9999), "has no chain");
	e.err = SK_OK;
	CHECK(!entry_answers(&e, 0, 0), "nothing known");
	entry_keep(&e, 100, 7000);
	CHECK(e.fetched == 7000 && e.refresh_at == 97000 && e.fresh_until == 107000, "kept");
}

/* A copy is as old as the day it left the network, and late since the day it should have been
 * renewed. */
static void ages(void)
{
	static const struct {
		int64_t age, late, fetched, fresh, stale; /* seconds; as of now */
	} rows[] = {
		{ 0, 0, 0, 30, 30 + 86400 },
		{ 600, 0, -600, 30, 30 + 86400 },
		{ -600, 0, 0, 30, 30 + 86400 },
		{ 90000, 3600, -90000, 30, 86400 - 3600 },
		{ 0, 86400 - 10, 0, 10, 10 },
		{ 0, 86400, 0, 0, 0 },
		{ 0, INT64_MAX, 0, 0, 0 },
		{ INT64_MAX, 0, -INT32_MAX, 30, 30 + 86400 },
		{ INT64_MIN, INT64_MIN, 0, 30, 30 + 86400 },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct certs_entry e = { .failures = 0 };

		entry_keep(&e, 30, 0);
		entry_age(&e, rows[i].age, rows[i].late);
		CHECK(e.fetched == rows[i].fetched * 1000 &&
			      e.fresh_until == rows[i].fresh * 1000 &&
			      e.stale_until == rows[i].stale * 1000,
		      "age %zu: %lld %lld %lld", i, (long long)e.fetched, (long long)e.fresh_until,
		      (long long)e.stale_until);
	}
}

int main(void)
{
	places();
	flood();
	times();
	ages();
	return check_result();
}
