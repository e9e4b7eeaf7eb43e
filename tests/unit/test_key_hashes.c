/*
 * Hashes of keys: what is one, who has which, and that a good key and a bad one cost the same.
 */
#include "redirector/http/key_hashes.h"

#include "shaken/digest.h"
#include "shaken/mac.h"
#include "tests/check.h"

#include <stdlib.h>

/* What a look-up of a key does, counted. */
static unsigned digests, macs, compared;
static bool no_crypto;

enum sk_err __real_sk_digest(struct sk_span bytes, uint8_t out[SK_DIGEST_LEN]);
enum sk_err __wrap_sk_digest(struct sk_span bytes, uint8_t out[SK_DIGEST_LEN]);
enum sk_err __real_sk_mac_hash(struct sk_mac *mac, const struct sk_span *parts, size_t count,
			       uint8_t out[SK_MAC_LEN]);
enum sk_err __wrap_sk_mac_hash(struct sk_mac *mac, const struct sk_span *parts, size_t count,
			       uint8_t out[SK_MAC_LEN]);
int __real_memcmp(const void *a, const void *b, size_t len);
int __wrap_memcmp(const void *a, const void *b, size_t len);

enum sk_err __wrap_sk_digest(struct sk_span bytes, uint8_t out[SK_DIGEST_LEN])
{
	digests++;
	return no_crypto ? SK_ECRYPTO : __real_sk_digest(bytes, out);
}

enum sk_err __wrap_sk_mac_hash(struct sk_mac *mac, const struct sk_span *parts, size_t count,
			       uint8_t out[SK_MAC_LEN])
{
	macs++;
	return __real_sk_mac_hash(mac, parts, count, out);
}

int __wrap_memcmp(const void *a, const void *b, size_t len)
{
	compared++;
	return __real_memcmp(a, b, len);
}

/* "sha256:..." of a key, in one of a few buffers. */
static const char *hash_text(const char *key)
{
	static char texts[8][80];
	static unsigned next;
	char *text = texts[next++ % 8];
	uint8_t digest[SK_DIGEST_LEN];

	if (__real_sk_digest(sk_span_of(key), digest) != SK_OK)
		exit(1);
	strcpy(text, "sha256:");
	for (size_t i = 0; i < SK_DIGEST_LEN; i++)
		snprintf(text + 7 + 2 * i, 3, "%02x", digest[i]);
	return text;
}

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void test_hash_texts(void)
{
	/* clang-format off */
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "sha256:" HEX64, true },
		{ "sha256:00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff", true },
		{ "sha256:0000000000000000000000000000000000000000000000000000000000000000", true },
		{ "", false }, { "sha256:", false }, { HEX64, false }, { "sha256:" HEX64 "0", false },
		{ "sha256:" HEX64 " ", false }, { " sha256:" HEX64, false }, { "SHA256:" HEX64, false },
		{ "sha512:" HEX64, false }, { "sha256 " HEX64, false },
		{ "sha256:0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", false },
		{ "sha256:g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", false },
		{ "sha256:0x112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", false },
	};
	/* clang-format on */
	uint8_t out[KEY_HASH_SIZE];

	for (size_t i = 0; i < SK_COUNT(rows); i++)
		CHECK(key_hash_read(rows[i].text, out) == rows[i].good, "\"%s\"", rows[i].text);
	CHECK(key_hash_read("sha256:" HEX64, out) && out[1] == 0x11 && out[31] == 0xff, "bytes");
}

static void test_hashes(void)
{
	SK_CLEANUP(key_hashes_free_p) struct key_hashes *keys = key_hashes_new(1000);
	uint8_t hash[KEY_HASH_SIZE];
	char key[32];
	size_t value;

	for (size_t i = 0; i < 1000; i++) {
		size_t *at;

		snprintf(key, sizeof(key), "key number %zu", i);
		CHECK(key_hash_read(hash_text(key), hash) && (at = key_hashes_at(keys, hash)) &&
			      *at == 0 && (*at = i + 1),
		      "%zu goes in", i);
	}
	CHECK(key_hashes_count(keys) == 1000, "all are in");
	for (size_t i = 0; i < 1200; i++) {
		snprintf(key, sizeof(key), "key number %zu", i);
		CHECK(key_hashes_find(keys, sk_span_of(key), &value) == SK_OK &&
			      value == (i < 1000 ? i + 1 : 0),
		      "%zu is found if it is there", i);
	}
	CHECK(key_hash_read(hash_text("one more"), hash) && !key_hashes_at(keys, hash), "full");
	CHECK(key_hash_read(hash_text("key number 7"), hash) && *key_hashes_at(keys, hash) == 8,
	      "one that is there is, when it is full, too");
	no_crypto = true;
	CHECK(key_hashes_find(keys, SK_SPAN("key number 1"), &value) == SK_ECRYPTO, "no digest");
	no_crypto = false;
}

/* A good key and a bad one are the same work, and no text of a hash is compared. */
static void test_shape(void)
{
	SK_CLEANUP(key_hashes_free_p) struct key_hashes *keys = key_hashes_new(100);
	static const char *const asked[] = { "key 1", "key 99", "key 100", "nobody's", "", "k" };
	uint8_t hash[KEY_HASH_SIZE];
	char key[32];
	size_t value;

	for (size_t i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "key %zu", i);
		CHECK(key_hash_read(hash_text(key), hash) && key_hashes_at(keys, hash), "%zu", i);
	}
	for (size_t i = 0; i < SK_COUNT(asked); i++) {
		digests = macs = compared = 0;
		CHECK(key_hashes_find(keys, sk_span_of(asked[i]), &value) == SK_OK, "%s", asked[i]);
		CHECK(digests == 1 && macs == 1 && compared == 0,
		      "%s: %u digests, %u keyed hashes, %u comparisons", asked[i], digests, macs,
		      compared);
	}
}

int main(void)
{
	test_hash_texts();
	test_hashes();
	test_shape();
	return check_result();
}
