/*
 * Stories of waiting, failing and room: one fetch per URL, whoever comes and goes.
 */
#include "certs_replay.h"
#include "tests/check.h"

static void many_wait(void)
{
	static struct call calls[100];
	struct world w;
	struct call late = { .calls = 0 };

	replay_begin(&w);
	memset(calls, 0, sizeof(calls));
	for (size_t i = 0; i < 100; i++)
		replay_want(&w, URL("a"), &calls[i]);
	CHECK(w.net.started == 1 && certs_counters(w.certs)->joined == 99, "one fetch for 100");
	CHECK(calls[0].calls == 0 && calls[99].calls == 0, "nobody knows yet");
	certs_cancel(w.certs, &calls[7].wait);
	certs_cancel(w.certs, &calls[7].wait);
	calls[20].again = &w;
	calls[20].cancel = &calls[21];
	replay_end_fetch(&w, SK_OK, &replay_good, NULL);
	for (size_t i = 0; i < 100; i++) {
		if (i == 7 || i == 21) {
			CHECK(calls[i].calls == 0, "call %zu was cancelled", i);
			continue;
		}
		CHECK(calls[i].calls == 1 && calls[i].err == SK_OK && calls[i].chain &&
			      calls[i].verdict == SK_OK && calls[i].from == CERTS_FROM_FETCH,
		      "call %zu: %u calls, %s", i, calls[i].calls, sk_err_name(calls[i].verdict));
	}
	late = replay_ask(&w, URL("a"));
	CHECK(late.calls == 1 && late.from == CERTS_FROM_MEMORY && late.verdict == SK_OK,
	      "from memory");
	CHECK(w.net.started == 1 && certs_counters(w.certs)->hits_memory == 1, "no second fetch");
	CHECK(certs_entries(w.certs) == 1, "one entry");
	CHECK(replay_end(&w) == 0, "every fetch was stopped");
}

static void gone_calls(void)
{
	struct world w;
	struct call a = { .calls = 0 }, b = { .calls = 0 };

	replay_begin(&w);
	replay_want(&w, URL("a"), &a);
	certs_cancel(w.certs, &a.wait);
	CHECK(w.net.count == 1, "the fetch goes on for the next one");
	replay_end_fetch(&w, SK_OK, &replay_good, NULL);
	CHECK(a.calls == 0, "who left is not called");
	b = replay_ask(&w, URL("a"));
	CHECK(b.calls == 1 && b.from == CERTS_FROM_MEMORY, "the next one has it at once");

	replay_want(&w, URL("b"), &a);
	CHECK(replay_end(&w) == 0, "every fetch was stopped");
	certs_cancel(NULL, &a.wait); /* not waiting any more: harmless */
	CHECK(a.calls == 0, "the end calls nobody");
}

static void again_from_handler(void)
{
	struct world w;
	struct call a = { .calls = 0 };

	replay_begin(&w);
	w.conf->certs.entries = 4;
	a.again = &w;
	replay_want(&w, URL("again"), &a);
	replay_end_fetch(&w, SK_FETCH_DNS, NULL, NULL);
	CHECK(a.calls == 2 && a.err == SK_FETCH_DNS, "a failure, twice");
	a = (struct call){ .again = &w };
	replay_want(&w, URL("x"), &a);
	replay_end_fetch(&w, SK_OK, &replay_good, NULL);
	CHECK(a.calls == 2 && a.err == SK_FETCH_DNS, "another URL from a handler");

	/* a fault of ours is not remembered, so the handler's question starts a fetch */
	replay_pass(&w, 3600);
	a = (struct call){ .again = &w };
	replay_want(&w, URL("again"), &a);
	replay_end_fetch(&w, SK_BUSY, NULL, NULL);
	CHECK(a.calls == 1 && a.err == SK_BUSY && w.net.count == 1, "a new fetch");
	replay_end_fetch(&w, SK_OK, &replay_good, NULL);
	CHECK(a.calls == 2 && a.err == SK_OK, "which is answered");
	CHECK(replay_end(&w) == 0, "every fetch was stopped");
}

static void failures(void)
{
	static const int64_t back_off[] = { 30, 60, 120, 240, 480, 600, 600 };
	struct world w;
	struct call c;

	replay_begin(&w);
	for (size_t i = 0; i < SK_COUNT(back_off); i++) {
		struct call first = { .calls = 0 };

		replay_want(&w, URL("a"), &first);
		CHECK(first.calls == 0 && w.net.count == 1, "failure %zu: fetched", i);
		replay_end_fetch(&w, SK_FETCH_STATUS, NULL, NULL);
		CHECK(first.calls == 1 && first.err == SK_FETCH_STATUS && !first.chain, "told");
		replay_pass(&w, back_off[i] - 1);
		c = replay_ask(&w, URL("a"));
		CHECK(c.calls == 1 && c.err == SK_FETCH_STATUS && w.net.count == 0,
		      "failure %zu is remembered", i);
		replay_pass(&w, 1);
	}
	replay_store(&w, URL("a"), NULL);
	c = replay_ask(&w, URL("a"));
	CHECK(c.err == SK_OK && c.chain, "well again");
	replay_pass(&w, 3 * DAY);
	(void)replay_ask(&w, URL("a"));
	replay_end_fetch(&w, SK_FETCH_STATUS, NULL, NULL);
	replay_pass(&w, 31);
	(void)replay_ask(&w, URL("a"));
	CHECK(w.net.count == 1, "after a success the count begins anew");
	replay_end_fetch(&w, SK_OK, &replay_good, NULL);
	CHECK(certs_counters(w.certs)->failed == SK_COUNT(back_off) + 1, "counted");
	CHECK(replay_end(&w) == 0, "every fetch was stopped");
}

static void bad_bodies(void)
{
	static struct pki_text six, text = { 5, "hello" }, empty;
	struct world w;
	struct call c = { .calls = 0 };

	replay_begin(&w);
	for (size_t i = 0; i < 3; i++) {
		memcpy(six.text + six.len, replay_good.text, replay_good.len);
		six.len += replay_good.len;
	}
	(void)replay_ask(&w, URL("text"));
	replay_end_fetch(&w, SK_OK, &text, NULL);
	CHECK(replay_ask(&w, URL("text")).err == SK_FETCH_SYNTAX, "no certificate");
	(void)replay_ask(&w, URL("empty"));
	replay_end_fetch(&w, SK_OK, &empty, NULL);
	CHECK(replay_ask(&w, URL("empty")).err == SK_FETCH_SYNTAX, "no bytes");
	(void)replay_ask(&w, URL("six"));
	replay_end_fetch(&w, SK_OK, &six, NULL);
	CHECK(replay_ask(&w, URL("six")).err == SK_CERT_SYNTAX, "six certificates");
	replay_want(&w, URL("304"), &c);
	replay_end_fetch(&w, SK_OK, NULL, NULL);
	CHECK(c.calls == 1 && c.err == SK_FETCH_SYNTAX, "304 to a question that was not asked");
	CHECK(replay_end(&w) == 0, "every fetch was stopped");
}

static void ours(void)
{
	struct world w;
	struct call c = { .calls = 0 };

	replay_begin(&w);
	w.net.refuse = SK_BUSY;
	c = replay_ask(&w, URL("a"));
	CHECK(c.calls == 1 && c.err == SK_BUSY && certs_entries(w.certs) == 0, "queue full");
	CHECK(certs_counters(w.certs)->busy == 1, "counted");
	w.net.refuse = SK_FETCH_REFUSED;
	c = replay_ask(&w, URL("b"));
	CHECK(c.calls == 1 && c.err == SK_FETCH_REFUSED && certs_entries(w.certs) == 1, "refused");
	w.net.refuse = SK_OK;
	c = replay_ask(&w, URL("b"));
	CHECK(c.err == SK_FETCH_REFUSED && w.net.started == 0, "and remembered");
	c = (struct call){ .calls = 0 };
	replay_want(&w, URL("a"), &c);
	CHECK(w.net.started == 1, "busy is not remembered");
	replay_end_fetch(&w, SK_ENOMEM, NULL, NULL);
	CHECK(c.calls == 1 && c.err == SK_ENOMEM && certs_entries(w.certs) == 1, "nor this");
	w.conf->tenant.verify.fetch = false;
	c = replay_ask(&w, URL("c"));
	CHECK(c.err == SK_FETCH_REFUSED && w.net.started == 1, "no fetching by configuration");
	CHECK(replay_end(&w) == 0, "every fetch was stopped");
}

static void bounds(void)
{
	static struct call calls[160];
	struct world w;
	struct call c;
	char url[64];

	replay_begin(&w);
	for (int i = 0; i < 4; i++) {
		snprintf(url, sizeof(url), "https://cert.example/%d", i);
		replay_want(&w, sk_span_of(url), &calls[i]);
	}
	c = replay_ask(&w, URL("five"));
	CHECK(c.err == SK_BUSY && w.net.started == 4, "four entries, all under way");
	for (int i = 0; i < 4; i++)
		replay_end_fetch(&w, SK_OK, &replay_good, NULL);
	CHECK(replay_ask(&w, URL("0")).err == SK_OK, "used again");
	replay_store(&w, URL("five"), NULL);
	CHECK(certs_entries(w.certs) == 4 && certs_counters(w.certs)->evicted == 1, "bounded");
	w.net.started = 0;
	CHECK(replay_ask(&w, URL("0")).calls == 1, "the one used again stayed");
	CHECK(replay_ask(&w, URL("3")).calls == 0, "the one used longest ago left");

	memset(calls, 0, sizeof(calls));
	for (size_t i = 0; i < 150; i++)
		replay_want(&w, URL("3"), &calls[i]);
	replay_want(&w, URL("3"), &calls[150]);
	CHECK(calls[149].calls == 0 && calls[150].calls == 1 && calls[150].err == SK_BUSY,
	      "151 wait");
	replay_end_fetch(&w, SK_OK, &replay_good, NULL);
	CHECK(calls[149].calls == 1, "150 were told");
	CHECK(replay_end(&w) == 0, "every fetch was stopped");
}

int main(void)
{
	replay_init();
	many_wait();
	gone_calls();
	again_from_handler();
	failures();
	bad_bodies();
	ours();
	bounds();
	return check_result();
}
