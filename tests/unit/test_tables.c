/*
 * Which keys get a table: the hot ones, one after the other, as many as there may be; and
 * what becomes of a table when its chain, the limit or everything goes, at any moment.
 */
#include "certs_replay.h"
#include "redirector/certs/judge.h"
#include "redirector/certs/tables.h"
#include "tests/check.h"
#define STARVE_ALL_THREADS /* tables are made by a thread of their own */
#include "tests/unit/starve.h"

#include <openssl/crypto.h>

enum {
	CHAINS = 4,
	PATIENCE = 400, /* steps of 50 ms: a table takes 20 ms, and a busy machine its time */
};

static struct pki_text texts[CHAINS];

/* A loop, a clock and some chains */
struct scene {
	struct loop *loop;
	struct fake_clock clock;
	struct tables *tables;
	struct judged judged[CHAINS];
};

static int64_t scene_mono(const struct clock *self)
{
	return ((const struct fake_clock *)self)->mono;
}

static void scene_begin(struct scene *s, int64_t limit)
{
	*s = (struct scene){ .loop = loop_new(), .clock = { { NULL, scene_mono }, 0, 1000000 } };
	s->tables = tables_new(s->loop, &s->clock.base, limit);
	if (!s->loop || !s->tables)
		abort();
	for (size_t i = 0; i < CHAINS; i++)
		if (sk_chain_new(texts[i].text, texts[i].len, &s->judged[i].chain) != SK_OK)
			abort();
}

static void scene_end(struct scene *s)
{
	tables_free(s->tables);
	for (size_t i = 0; i < CHAINS; i++)
		judged_clear(&s->judged[i]);
	loop_free(s->loop);
}

/* The worst signature counts like a good one */
static void use_chain(struct tables *tables, struct judged *j, uint64_t times)
{
	static const uint8_t sig[SK_SIG_LEN];

	for (uint64_t i = 0; i < times; i++) {
		tables_note(tables, j->chain, &j->use);
		if (sk_chain_verify(j->chain, SK_SPAN("x"), sig) != SK_BAD_SIGNATURE)
			abort();
	}
	tables_note(tables, j->chain, &j->use);
}

static void use(struct scene *s, size_t i, uint64_t times)
{
	use_chain(s->tables, &s->judged[i], times);
}

static size_t count(const struct scene *s)
{
	return tables_counters(s->tables)->count;
}

static bool has(const struct scene *s, size_t i)
{
	return sk_chain_has_table(s->judged[i].chain);
}

/* Until so many were built or failed */
static void wait_for(struct loop *loop, const struct tables_counters *c, uint64_t ended)
{
	for (int i = 0; i < PATIENCE && c->built + c->failed < ended; i++)
		loop_step(loop, 50);
	CHECK(c->built + c->failed == ended, "%llu tables ended, want %llu",
	      (unsigned long long)(c->built + c->failed), (unsigned long long)ended);
}

static void wait(struct scene *s, uint64_t ended)
{
	wait_for(s->loop, tables_counters(s->tables), ended);
}

/* Until nothing is being made */
static void settle(struct scene *s)
{
	for (int i = 0; i < PATIENCE && tables_counters(s->tables)->building; i++)
		loop_step(s->loop, 50);
	CHECK(!tables_counters(s->tables)->building, "the thread is done");
}

/* --- stories --- */

static void becomes_hot(void)
{
	struct scene s;

	scene_begin(&s, 2);
	use(&s, 0, TABLES_HOT - 1);
	CHECK(!tables_counters(s.tables)->building && !s.judged[0].use.tables, "not yet");
	use(&s, 0, 1);
	CHECK(!has(&s, 0), "it takes a while");
	wait(&s, 1);
	CHECK(has(&s, 0) && !has(&s, 1) && count(&s) == 1, "it has a table");
	CHECK(tables_counters(s.tables)->verified == 0, "nothing by it so far");
	use(&s, 0, 5 * TABLES_STEP);
	CHECK(tables_counters(s.tables)->verified >= 4 * TABLES_STEP, "counted: %llu",
	      (unsigned long long)tables_counters(s.tables)->verified);
	scene_end(&s);
}

static void one_at_a_time(void)
{
	struct scene s;

	scene_begin(&s, 8);
	use(&s, 0, TABLES_HOT);
	use(&s, 1, TABLES_HOT);
	CHECK(s.judged[0].use.tables && !s.judged[1].use.tables, "the second waits");
	wait(&s, 1);
	use(&s, 1, TABLES_STEP);
	wait(&s, 2);
	CHECK(has(&s, 0) && has(&s, 1) && count(&s) == 2, "and has its turn");
	scene_end(&s);
}

static void goes_while_made(void)
{
	struct scene s;

	scene_begin(&s, 2);
	use(&s, 0, TABLES_HOT);
	judged_clear(&s.judged[0]);
	settle(&s);
	CHECK(tables_counters(s.tables)->built == 0 && count(&s) == 0, "nobody's");
	use(&s, 1, TABLES_HOT);
	wait(&s, 1);
	CHECK(has(&s, 1) && count(&s) == 1, "the next one is made, the first is forgotten");
	judged_clear(&s.judged[1]);
	CHECK(count(&s) == 0 && tables_counters(s.tables)->evicted == 0, "it goes with its chain");
	scene_end(&s);
}

/* Another chain in the same place while the first one's table is being made */
static void replaced_while_made(void)
{
	struct scene s;

	scene_begin(&s, 2);
	use(&s, 0, TABLES_HOT);
	judged_clear(&s.judged[0]);
	if (sk_chain_new(texts[1].text, texts[1].len, &s.judged[0].chain) != SK_OK)
		abort();
	settle(&s);
	CHECK(!has(&s, 0) && count(&s) == 0, "another key does not get the table");
	use(&s, 0, TABLES_HOT);
	wait(&s, 1);
	CHECK(has(&s, 0), "it has to earn its own");
	scene_end(&s);
}

static void ends_while_made(void)
{
	struct scene s;

	scene_begin(&s, 2);
	use(&s, 1, TABLES_HOT);
	wait(&s, 1);
	use(&s, 0, TABLES_HOT);
	scene_end(&s); /* the sanitizers look whether all is given back */
	scene_begin(&s, 2);
	use(&s, 0, TABLES_HOT);
	judged_clear(&s.judged[0]);
	scene_end(&s);
	CHECK(true, "the end");
}

static void least_used_goes(void)
{
	struct scene s;

	scene_begin(&s, 2);
	use(&s, 0, 4 * TABLES_HOT);
	wait(&s, 1);
	use(&s, 1, TABLES_HOT);
	wait(&s, 2);
	use(&s, 2, TABLES_HOT);
	CHECK(has(&s, 0) && has(&s, 1) && !s.judged[2].use.tables, "no more than the others");
	use(&s, 2, TABLES_HOT + 2 * TABLES_STEP);
	CHECK(!s.judged[2].use.tables, "a second was not over");
	s.clock.mono += TABLES_PAUSE;
	use(&s, 2, TABLES_STEP);
	wait(&s, 3);
	CHECK(has(&s, 0) && !has(&s, 1) && has(&s, 2) && count(&s) == 2, "the least used one went");
	CHECK(tables_counters(s.tables)->evicted == 1, "counted");

	/* what was long ago counts no more */
	s.clock.mono += 12 * TABLES_PERIOD;
	use(&s, 2, TABLES_HOT);
	use(&s, 3, TABLES_HOT);
	wait(&s, 4);
	CHECK(!has(&s, 0) && has(&s, 2) && has(&s, 3), "the one of long ago went");
	scene_end(&s);
}

static void limit_changes(void)
{
	struct scene s;

	scene_begin(&s, 3);
	for (size_t i = 0; i < 3; i++) {
		use(&s, i, TABLES_HOT);
		wait(&s, i + 1);
	}
	tables_limit(s.tables, 2);
	CHECK(count(&s) == 2 && !has(&s, 0), "the oldest goes");
	use(&s, 3, 3 * TABLES_HOT);
	s.clock.mono += TABLES_PAUSE;
	use(&s, 3, TABLES_STEP);
	CHECK(s.judged[3].use.tables, "one is being made");
	tables_limit(s.tables, 0);
	CHECK(count(&s) == 0 && !has(&s, 1) && !has(&s, 2), "none");
	settle(&s);
	CHECK(count(&s) == 0 && !has(&s, 3) && !s.judged[3].use.tables, "not that one either");
	use(&s, 1, 2 * TABLES_HOT);
	CHECK(!s.judged[1].use.tables, "and no more");
	tables_limit(s.tables, 1);
	use(&s, 1, TABLES_STEP);
	wait(&s, 4);
	CHECK(has(&s, 1) && count(&s) == 1, "again");
	scene_end(&s);
}

static void never(void)
{
	struct scene s;

	scene_begin(&s, 0);
	use(&s, 0, 3 * TABLES_HOT);
	CHECK(!s.judged[0].use.tables, "a limit of 0");
	tables_free(s.tables);
	s.tables = tables_new(NULL, &s.clock.base, 8);
	use(&s, 1, 3 * TABLES_HOT);
	CHECK(!s.judged[1].use.tables, "without a loop");
	scene_end(&s);
}

/* --- memory that runs out --- */

/* One look at a hot chain with so many allocations left; waits for what it leads to */
static bool starved_look(struct scene *s, long left, bool one)
{
	struct judged *j = &s->judged[0];

	hit = false;
	only_one = one;
	budget = left;
	tables_look(s->tables, j->chain, &j->use);
	for (int i = 0; i < PATIENCE && j->use.tables && !has(s, 0); i++)
		loop_step(s->loop, 50);
	budget = -1;
	CHECK(has(s, 0) == (j->use.tables != NULL), "allocation %ld: made or not", left);
	CHECK(has(s, 0) || hit, "allocation %ld: nothing failed, and no table", left);
	if (!has(s, 0))
		CHECK(j->use.due == sk_chain_verified(j->chain) + TABLES_HOT,
		      "allocation %ld: not again at once", left);
	return hit;
}

static void starve(bool one)
{
	struct scene s;

	scene_begin(&s, 1);
	s.judged[0].use.due = UINT64_MAX; /* nobody looks before we do */
	use(&s, 0, TABLES_HOT);
	/* those of a table have a test of their own (test_table_oom.c): the first few one by one */
	for (long left = 0; starved_look(&s, left, one); left += left < 20 ? 1 : 37) {
		tables_limit(s.tables, 0);
		tables_limit(s.tables, 1);
	}
	CHECK(has(&s, 0) && count(&s) == 1, "with memory it has one");
	scene_end(&s);
}

static void starved_new(void)
{
	struct fake_clock clock = { { NULL, scene_mono }, 0, 0 };

	only_one = false;
	budget = 0;
	CHECK(!tables_new(NULL, &clock.base, 1), "no memory at all");
	budget = -1;
}

int main(void)
{
	/* before OpenSSL's first allocation, or it refuses */
	if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1)
		return 1;
	for (size_t i = 0; i < CHAINS; i++) {
		static struct pki_text anchors;

		EVP_PKEY_free(pki_simple(NULL, &texts[i], &anchors));
	}
	becomes_hot();
	one_at_a_time();
	goes_while_made();
	replaced_while_made();
	ends_while_made();
	least_used_goes();
	limit_changes();
	never();
	starved_new();
	starve(false);
	starve(true);
	return check_result();
}
