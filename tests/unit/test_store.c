/*
 * What comes out is what was put in, or nothing; and who goes when it is full.
 */
#include "redirector/certs/store.h"
#include "redirector/certs/store_record.h"
#include "tests/check.h"

#include <lmdb.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define URL SK_SPAN("https://cert.example/a.pem")

enum {
	SIZE = 1 << 20,
	NOW = 1700000000,
	BODY = 2000,
};

static char folder[64], why[STORE_WHY_SIZE];

static const char *in_folder(const char *name)
{
	static char path[2][128];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

static void clear(void)
{
	static const char *const names[] = { "data.mdb", "lock.mdb", "owners", "data.mdb.broken" };

	for (size_t i = 0; i < SK_COUNT(names); i++)
		(void)remove(in_folder(names[i]));
	(void)rmdir(folder);
}

static struct store *open_as(enum store_state want, const char *what)
{
	struct store *store = NULL;
	enum store_state state = STORE_NEW;

	why[0] = '\0';
	CHECK(store_open(folder, SIZE, &store, &state, why), "%s: opens: %s", what, why);
	CHECK(state == want, "%s: state %d, not %d (%s)", what, (int)state, (int)want, why);
	if (!store)
		exit(1);
	return store;
}

static struct fetch_kept kept(struct sk_span url, struct sk_span body, int64_t fetched)
{
	return (struct fetch_kept){ url, body, SK_SPAN("\"e1\""), fetched, fetched + 3600 };
}

static bool put(struct store *store, const char *url, const char *body, int64_t fetched,
		int64_t until)
{
	struct fetch_kept k = kept(sk_span_of(url), sk_span_of(body), fetched);

	k.until = until;
	return store_put(store, &k);
}

static bool has(struct store *store, struct sk_span url, const char *body)
{
	struct store_copy copy;
	bool same;

	if (!store_get(store, url, &copy))
		return false;
	same = sk_span_eq((struct sk_span){ copy.body, copy.len }, sk_span_of(body)) &&
	       copy.body[copy.len] == '\0';
	store_copy_deinit(&copy);
	return same;
}

/* --- records --- */

static void test_parts(void)
{
	static char big[RECORD_URL_MAX + 1 + (SIZE / 4)];
	const struct {
		const char *what;
		size_t url, body, etag;
		int64_t fetched, until;
		bool ok;
	} rows[] = {
		{ "an ordinary one", 30, 2000, 4, NOW, NOW + 1, true },
		{ "no body", 30, 0, 4, NOW, NOW, true },
		{ "no etag", 30, 10, 0, NOW, NOW, true },
		{ "all short", 1, 0, 0, 0, 0, true },
		{ "longest URL", RECORD_URL_MAX, 1, 1, NOW, NOW, true },
		{ "longest etag", 9, 1, FRESHNESS_ETAG_SIZE - 1, NOW, NOW, true },
		{ "a long body", 9, SIZE / 5, 1, NOW, NOW, true },
		{ "no URL", 0, 10, 4, NOW, NOW, false },
		{ "URL too long", RECORD_URL_MAX + 1, 1, 1, NOW, NOW, false },
		{ "etag too long", 11, 1, FRESHNESS_ETAG_SIZE, NOW, NOW, false },
		{ "body too long", 12, STORE_BODY_MAX + 1u, 1, NOW, NOW, false },
		{ "body more than a quarter", 13, SIZE / 4, 1, NOW, NOW, false },
		{ "fetched before time began", 14, 1, 1, -1, NOW, false },
		{ "over before time began", 15, 1, 1, NOW, -1, false },
	};
	struct store *store = open_as(STORE_NEW, "parts");

	memset(big, 'b', sizeof(big));
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct fetch_kept k = { { big, rows[i].url },
					{ big, rows[i].body },
					{ big, rows[i].etag },
					rows[i].fetched,
					rows[i].until };
		struct store_copy copy = { .body = NULL };

		CHECK(store_put(store, &k) == rows[i].ok, "%s: kept", rows[i].what);
		CHECK(store_get(store, k.url, &copy) == rows[i].ok, "%s: found", rows[i].what);
		if (!rows[i].ok)
			continue;
		CHECK(copy.len == k.body.len && memcmp(copy.body, big, copy.len) == 0, "%s: body",
		      rows[i].what);
		CHECK(strlen(copy.etag) == k.etag.len, "%s: etag", rows[i].what);
		CHECK(copy.fetched == k.fetched && copy.until == k.until, "%s: times",
		      rows[i].what);
		store_copy_deinit(&copy);
	}
	store_close(store);
	clear();
}

static void test_spoilt_bytes(void)
{
	struct fetch_kept k = kept(URL, SK_SPAN("-----BEGIN"), NOW);
	unsigned char key[RECORD_KEY_SIZE];
	struct store_copy copy;
	size_t len = record_size(&k), wrong = 0;
	char *raw = malloc(len + 1);

	if (!raw)
		exit(1);
	record_encode(&k, raw);
	raw[len] = 'x';
	record_key(URL, key);
	CHECK(record_good((struct sk_span){ raw, len }, key), "as written");
	for (size_t i = 0; i < len * 8; i++) {
		raw[i / 8] = (char)(raw[i / 8] ^ 1 << i % 8);
		wrong += record_good((struct sk_span){ raw, len }, key) ||
			 record_decode((struct sk_span){ raw, len }, URL, &copy);
		raw[i / 8] = (char)(raw[i / 8] ^ 1 << i % 8);
	}
	CHECK(wrong == 0, "%zu flipped bits were believed", wrong);
	for (size_t i = 0; i <= len + 1; i++)
		wrong += i != len && record_decode((struct sk_span){ raw, i }, URL, &copy);
	CHECK(wrong == 0, "%zu wrong lengths were believed", wrong);
	CHECK(!record_decode((struct sk_span){ raw, len }, SK_SPAN("https://b/"), &copy),
	      "another's");
	key[0] ^= 1;
	CHECK(!record_good((struct sk_span){ raw, len }, key), "under another key");
	free(raw);
}

/* Reaches behind the store's back. */
static void spoil(struct sk_span url, size_t at, const char *instead)
{
	unsigned char bytes[RECORD_KEY_SIZE];
	MDB_val key = { sizeof(bytes), bytes }, old;
	char copy[4096];
	MDB_env *env = NULL;
	MDB_txn *txn = NULL;
	MDB_dbi dbi;

	record_key(url, bytes);
	if (mdb_env_create(&env) || mdb_env_open(env, folder, 0, 0600) ||
	    mdb_txn_begin(env, NULL, 0, &txn) || mdb_dbi_open(txn, NULL, 0, &dbi) ||
	    mdb_get(txn, dbi, &key, &old) || old.mv_size > sizeof(copy))
		exit(1);
	memcpy(copy, old.mv_data, old.mv_size);
	copy[at % old.mv_size] = (char)(copy[at % old.mv_size] ^ 0x20);
	old.mv_data = copy;
	if (instead)
		old = (MDB_val){ strlen(instead), memcpy(copy, instead, strlen(instead)) };
	if (mdb_put(txn, dbi, &key, &old, 0) || mdb_txn_commit(txn))
		exit(1);
	mdb_env_close(env);
}

static void test_spoilt_records(void)
{
	for (size_t at = 0; at < 120; at += 9) {
		struct store *store = open_as(STORE_NEW, "spoilt");

		CHECK(put(store, URL.ptr, "body", NOW, NOW + 9), "kept");
		store_close(store);
		spoil(URL, at, at == 99 ? "too short" : NULL);
		store = open_as(STORE_AS_IT_WAS, "spoilt");
		CHECK(!has(store, URL, "body") && store_count(store) == 1, "byte %zu: unseen", at);
		CHECK(put(store, "https://b/", "b", NOW, NOW + 9), "another is kept");
		CHECK(store_count(store) == 1, "byte %zu: the writer deletes it", at);
		CHECK(put(store, URL.ptr, "new", NOW - 99, NOW + 9) && has(store, URL, "new"),
		      "a new one in its place");
		store_close(store);
		clear();
	}
}

static void test_later(void)
{
	struct store *store = open_as(STORE_NEW, "later");

	CHECK(put(store, URL.ptr, "one", NOW, NOW + 9) && has(store, URL, "one"), "first");
	CHECK(put(store, URL.ptr, "two", NOW, NOW + 9) && has(store, URL, "two"), "the same age");
	CHECK(put(store, URL.ptr, "old", NOW - 1, NOW + 9) && has(store, URL, "two"), "older");
	CHECK(put(store, URL.ptr, "new", NOW + 1, NOW + 9) && has(store, URL, "new"), "newer");
	CHECK(put(store, URL.ptr, "2100", NOW * 2ll, NOW + 9) && has(store, URL, "2100"),
	      "a wrong clock");
	CHECK(put(store, URL.ptr, "now", NOW + 2, NOW + 9) && has(store, URL, "now"),
	      "does not rule for ever");
	CHECK(!has(store, SK_SPAN("https://cert.example/b.pem"), "now"), "another URL");
	CHECK(store_count(store) == 1, "one record");
	store_close(store);
	clear();
}

/* --- a full store --- */

static const char *name(const char *kind, unsigned i)
{
	static char text[64];

	snprintf(text, sizeof(text), "https://%s.example/%u", kind, i);
	return text;
}

static unsigned count(struct store *store, const char *kind, unsigned n, const char *body)
{
	unsigned found = 0;

	for (unsigned i = 0; i < n; i++)
		found += has(store, sk_span_of(name(kind, i)), body);
	return found;
}

static void test_full(void)
{
	struct store *store = open_as(STORE_NEW, "full");
	char body[BODY + 1], large[65000];
	unsigned failed = 0, n = 0;
	struct stat st;

	memset(body, 'x', BODY);
	body[BODY] = '\0';
	memset(large, 'y', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	for (unsigned i = 0; i < 40; i++)
		failed += !put(store, name("old", i), body, NOW - 1000 + i, NOW + 9999);
	for (unsigned i = 0; i < 40; i++)
		failed += !put(store, name("over", i), body, NOW - 500 + i, NOW - 300 + i);
	while (count(store, "over", 40, body) == 40 && n < 1000)
		failed += !put(store, name("new", n++), body, NOW, NOW + 9999);
	CHECK(failed == 0 && n > 50, "%u puts failed of %u", failed, n);
	CHECK(!has(store, sk_span_of(name("over", 0)), body), "what ended first goes first");
	CHECK(has(store, sk_span_of(name("over", 39)), body), "not all at once");
	CHECK(count(store, "old", 40, body) == 40, "the old are still good");
	while (count(store, "old", 40, body) == 40 && n < 2000)
		failed += !put(store, name("new", n++), body, NOW, NOW + 9999);
	CHECK(count(store, "over", 40, body) == 0, "all that ended before any that did not");
	CHECK(!has(store, sk_span_of(name("old", 0)), body), "then the oldest");
	CHECK(count(store, "new", n, body) == n, "the new are all there");
	for (; n < 3000; n++)
		failed += !put(store, name("new", n), body, NOW + n, NOW + 9999);
	CHECK(failed == 0, "%u puts failed of 3000", failed);
	CHECK(has(store, sk_span_of(name("new", n - 1)), body), "the last is there");
	for (unsigned i = 0; i < 20; i++)
		failed += !put(store, name("large", i), large, NOW + 4000 + i, NOW + 9999);
	CHECK(failed == 0, "%u large ones found no place", failed);
	CHECK(has(store, sk_span_of(name("large", 19)), large), "the last large one is there");
	CHECK(stat(in_folder("data.mdb"), &st) == 0 && st.st_size <= SIZE, "no larger than set");
	CHECK((st.st_mode & 0777) == 0600, "for its owner only");
	store_close(store);
	store_close(open_as(STORE_AS_IT_WAS, "full"));
	clear();
}

static void test_many(void)
{
	struct store *store = open_as(STORE_NEW, "many");
	static char urls[600][64];
	struct fetch_kept ks[600];
	const struct fetch_kept *list[600];
	unsigned found = 0;

	for (unsigned i = 0; i < 600; i++) {
		snprintf(urls[i], sizeof(urls[i]), "%s", name("many", i));
		ks[i] = kept(sk_span_of(urls[i]), SK_SPAN("body"), NOW);
		list[i] = &ks[i];
	}
	ks[7].url.len = ks[300].url.len = ks[599].url.len = 0;
	CHECK(store_put_many(store, list, 600) == 597, "all but three");
	for (unsigned i = 0; i < 600; i++)
		found += has(store, sk_span_of(urls[i]), "body");
	CHECK(found == 597 && store_count(store) == 597, "%u found", found);
	store_close(store);
	clear();
}

int main(void)
{
	snprintf(folder, sizeof(folder), "/tmp/test_store.%d", (int)getpid());
	clear();
	test_parts();
	test_spoilt_bytes();
	test_spoilt_records();
	test_later();
	test_full();
	test_many();
	return check_result();
}
