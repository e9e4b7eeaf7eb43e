/*
 * Which PASSporT came before: other calls, other tokens, the end of freshness, a full table.
 */
#include "redirector/call/seen.h"
#include "tests/check.h"

#include <stdlib.h>

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
	sk_mac_free(mac);
	return check_result();
}
