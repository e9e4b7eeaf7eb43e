/*
 * Which PASSporT came before: other calls, other tokens, the end of freshness, a full table.
 */
#include "redirector/call/seen.h"
#include "tests/check.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW 1443208345

static struct sk_mac *mac;

static bool ask_of(struct seen *s, const char *owner, const char *token, const char *call,
		   int64_t now, int64_t until)
{
	struct sk_passport *p = calloc(1, sizeof(*p));
	bool before;

	if (!p)
		exit(1);
	p->token.signed_part = sk_span_of(token);
	before = seen_before(s, mac, sk_span_of(owner), p, sk_span_of(call), now, until);
	free(p);
	return before;
}

static bool ask(struct seen *s, const char *token, const char *call, int64_t now, int64_t until)
{
	return ask_of(s, "t", token, call, now, until);
}

/* Nobody's call is a copy of another owner's. */
static void owners(void)
{
	struct seen *s = seen_new(1024);

	CHECK(!ask_of(s, "a", "h.p", "1", NOW, NOW + 60), "a's");
	CHECK(!ask_of(s, "b", "h.p", "2", NOW, NOW + 60), "the same token in a call of b");
	CHECK(ask_of(s, "b", "h.p", "3", NOW, NOW + 60), "another call of b");
	CHECK(ask_of(s, "a", "h.p", "2", NOW, NOW + 60), "another call of a");
	seen_free(s);
}

static void calls(void)
{
	struct seen *s = seen_new(1024);

	CHECK(!ask(s, "h.p", "a", NOW, NOW + 60), "the first");
	CHECK(!ask(s, "h.p", "a", NOW, NOW + 60), "the same call again");
	CHECK(ask(s, "h.p", "b", NOW, NOW + 60), "another call");
	CHECK(ask(s, "h.p", "b", NOW + 1, NOW + 60), "and again");
	CHECK(!ask(s, "h.p", "a", NOW + 2, NOW + 60), "the first call is still the first");
	CHECK(!ask(s, "h.q", "b", NOW, NOW + 60), "another token");
	CHECK(ask(s, "h.p", "b", NOW + 60, NOW + 60), "up to its end");
	CHECK(!ask(s, "h.p", "b", NOW + 61, NOW + 120), "after its end it is a new one");
	CHECK(ask(s, "h.p", "a", NOW + 61, NOW + 120), "then the other call is the copy");
	CHECK(!ask(s, "", "", NOW, NOW + 60), "empty texts");
	seen_free(s);
}

/* Over the end of 32 bits of seconds. */
static void far_future(void)
{
	const int64_t end = ((int64_t)1 << 32) - 10;
	struct seen *s = seen_new(1);

	CHECK(!ask(s, "h.p", "a", end, end + 60), "before the end");
	CHECK(ask(s, "h.p", "b", end + 30, end + 60), "behind it");
	CHECK(!ask(s, "h.p", "b", end + 70, end + 90), "over");
	seen_free(s);
}

/* A table that is full forgets those first whose time is over first. */
static void full(void)
{
	struct seen *s = seen_new(4);
	unsigned known = 0;
	char token[32];

	for (int i = 0; i < 1000; i++) {
		snprintf(token, sizeof(token), "t%d", i);
		CHECK(!ask(s, token, "a", NOW + i, NOW + i + 60), "token %d", i);
	}
	for (int i = 996; i < 1000; i++) {
		snprintf(token, sizeof(token), "t%d", i);
		CHECK(ask(s, token, "b", NOW + 999, NOW + 1200), "token %d is kept", i);
	}
	seen_free(s);

	s = seen_new(1 << 14);
	for (int i = 0; i < 8192; i++) {
		snprintf(token, sizeof(token), "t%d", i);
		known += ask(s, token, "a", NOW, NOW + 60);
	}
	CHECK(known == 0, "%u strangers taken for known", known);
	for (int i = 0; i < 8192; i++) {
		snprintf(token, sizeof(token), "t%d", i);
		known += ask(s, token, "b", NOW, NOW + 60);
	}
	CHECK(known > 7500, "half full: only %u of 8192 are known", known);
	seen_free(s);
}

/* --- several processes at one table --- */

enum {
	PROCESSES = 4,
	TOKENS = 30000,
	ENTRIES = 1 << 21,
};

/* What the processes have in common. */
struct common {
	_Atomic unsigned at;    /* how many of them are at the gate   */
	_Atomic unsigned first; /* calls that were told "not before"  */
	_Atomic unsigned wrong; /* calls that were taken for a copy of themselves */
};

static void *shared(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	return p;
}

/* Each process asks for the same tokens in a call of its own; and for its own, twice. */
static void hammer(void *table, struct common *c, unsigned which)
{
	struct seen *s = seen_new_in(table, seen_bytes(ENTRIES));
	char token[32], call[32], own[32];

	snprintf(call, sizeof(call), "call-%u", which);
	atomic_fetch_add(&c->at, 1);
	while (s && atomic_load(&c->at) < PROCESSES)
		sched_yield();
	for (unsigned i = 0; s && i < TOKENS; i++) {
		snprintf(token, sizeof(token), "token-%u", i);
		snprintf(own, sizeof(own), "own-%u-%u", which, i);
		if (!ask(s, token, call, NOW, NOW + 60))
			atomic_fetch_add(&c->first, 1);
		if (ask(s, own, call, NOW, NOW + 60) || ask(s, own, call, NOW, NOW + 60))
			atomic_fetch_add(&c->wrong, 1);
	}
	seen_free(s);
	_exit(s ? 0 : 1);
}

static void start(pid_t *pids, void *table, struct common *c)
{
	atomic_store(&c->at, 0);
	for (unsigned i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			hammer(table, c, i);
		CHECK(pids[i] > 0, "a process");
	}
}

static void wait_for(const pid_t *pids, bool killed)
{
	for (size_t i = 0; i < PROCESSES; i++) {
		int status = -1;

		CHECK(waitpid(pids[i], &status, 0) == pids[i], "process %zu", i);
		CHECK(killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0), "%x", status);
	}
}

static void one_table_for_all(void)
{
	struct common *c = shared(sizeof(*c));
	void *table = shared(seen_bytes(ENTRIES));
	pid_t pids[PROCESSES];

	start(pids, table, c);
	wait_for(pids, false);
	CHECK(c->wrong == 0, "%u calls were taken for copies of themselves", c->wrong);
	/* a few more than one for each token: those that the table had no room for, and calls
	 * that came within the same nanoseconds */
	CHECK(c->first >= TOKENS && c->first < TOKENS + TOKENS / 50, "%u of %u are the first",
	      c->first, (unsigned)TOKENS);
	munmap(table, seen_bytes(ENTRIES));
	munmap(c, sizeof(*c));
}

/* Whoever is killed in the middle leaves a table that works. */
static void killed_in_the_middle(void)
{
	struct common *c = shared(sizeof(*c));
	void *table = shared(seen_bytes(ENTRIES));
	struct seen *s = seen_new_in(table, seen_bytes(ENTRIES));
	char token[32];

	for (int round = 0; round < 20; round++) {
		pid_t pids[PROCESSES];

		start(pids, table, c);
		usleep(1000 + (unsigned)round * 300);
		for (size_t i = 0; i < PROCESSES; i++)
			kill(pids[i], SIGKILL);
		wait_for(pids, true);
		for (unsigned i = 0; i < 100; i++) {
			snprintf(token, sizeof(token), "later-%d-%u", round, i);
			CHECK(!ask(s, token, "a", NOW, NOW + 60), "%s", token);
			CHECK(!ask(s, token, "a", NOW, NOW + 60), "%s again", token);
			CHECK(ask(s, token, "b", NOW, NOW + 60), "%s in another call", token);
		}
	}
	CHECK(c->wrong == 0, "%u calls were taken for copies of themselves", c->wrong);
	seen_free(s);
	munmap(table, seen_bytes(ENTRIES));
	munmap(c, sizeof(*c));
}

static void sizes(void)
{
	static _Alignas(8) char memory[4096];
	struct seen *s = seen_new_in(memory, 100);

	CHECK(seen_bytes(1) == 64 && seen_bytes(5) == 128 && seen_bytes(SIZE_MAX) == 0, "bytes");
	CHECK(!seen_new_in(memory, 63) && !seen_new_in(NULL, 0), "too small");
	CHECK(s && !ask(s, "t", "a", NOW, NOW + 60) && ask(s, "t", "b", NOW, NOW + 60), "works");
	seen_free(s);
	for (size_t i = 64; i < sizeof(memory); i++)
		CHECK(memory[i] == 0 || i < 64, "nothing behind 64 bytes");
	s = seen_new_in(memory, 64);
	CHECK(s && ask(s, "t", "b", NOW, NOW + 60), "still there for the next process");
	seen_free(s);
}

int main(void)
{
	static const uint8_t key[SK_MAC_KEY] = { 1, 2, 3 };

	CHECK(!sk_mac_new(key, &mac), "a key");
	CHECK(!seen_new(SIZE_MAX), "too large");
	seen_free(NULL);
	owners();
	calls();
	far_future();
	full();
	sizes();
	one_table_for_all();
	killed_in_the_middle();
	sk_mac_free(mac);
	return check_result();
}
