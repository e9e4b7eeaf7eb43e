/*
 * SipHash-2-4 with 128 bits: the reference vectors, and that texts cannot be
 * shifted between parts.
 */
#include "shaken/mac.h"

#include "pki.h"
#include "tests/check.h"

#include <stdlib.h>

static const uint8_t key[SK_MAC_KEY] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

static uint64_t rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void round_of(uint64_t v[4])
{
	v[0] += v[1], v[1] = rotl(v[1], 13) ^ v[0], v[0] = rotl(v[0], 32);
	v[2] += v[3], v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3], v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1], v[1] = rotl(v[1], 17) ^ v[2], v[2] = rotl(v[2], 32);
}

static uint64_t load(const uint8_t *p, size_t n)
{
	uint64_t x = 0;

	for (size_t i = 0; i < n; i++)
		x |= (uint64_t)p[i] << 8 * i;

	return x;
}

/* SipHash-2-4-128 once more, from its paper, to compare with */
static void reference(const uint8_t *in, size_t len, uint8_t out[16])
{
	uint64_t v[4] = { 0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261,
			  0x7465646279746573 };
	uint64_t last = (uint64_t)len << 56 | load(in + len / 8 * 8, len % 8);

	for (int i = 0; i < 4; i++)
		v[i] ^= load(key + (i % 2) * 8, 8);
	v[1] ^= 0xee;
	for (size_t i = 0; i <= len / 8; i++) {
		uint64_t m = i < len / 8 ? load(in + i * 8, 8) : last;

		v[3] ^= m;
		round_of(v), round_of(v);
		v[0] ^= m;
	}
	v[2] ^= 0xee;
	for (int half = 0; half < 2; half++) {
		for (int i = 0; i < 4; i++)
			round_of(v);
		for (int i = 0; i < 8; i++)
			out[half * 8 + i] = (uint8_t)((v[0] ^ v[1] ^ v[2] ^ v[3]) >> 8 * i);
		v[1] ^= 0xdd;
	}
}

static void test_reference(void)
{
	uint8_t out[16], want[16];

	/* the first two rows of the authors' table of test vectors */
	reference((const uint8_t *)"", 0, out);
	pki_hex("a3817f04ba25a8e66df67214c7550293", want, sizeof(want));
	CHECK(memcmp(out, want, 16) == 0, "reference: no bytes");
	reference((const uint8_t *)"\0", 1, out);
	pki_hex("da87c1d86b99af44347659119b22fc45", want, sizeof(want));
	CHECK(memcmp(out, want, 16) == 0, "reference: one byte");
}

/* What sk_mac_hash() is said to hash: each length as 8 bytes, then the text */
static void test_hash(struct sk_mac *mac)
{
	static const char text[] = "The quick brown fox jumps over the lazy dog, twice and again.";

	for (size_t cut = 0; cut < sizeof(text); cut++) {
		struct sk_span parts[2] = { { text, cut }, { text + cut, sizeof(text) - cut } };
		uint8_t flat[256] = { 0 }, got[16], want[16];
		size_t at = 0;

		for (int p = 0; p < 2; p++) {
			flat[at] = (uint8_t)parts[p].len;
			memcpy(flat + at + 8, parts[p].ptr, parts[p].len);
			at += 8 + parts[p].len;
		}
		reference(flat, at, want);
		CHECK(sk_mac_hash(mac, parts, 2, got) == SK_OK, "hash, cut at %zu", cut);
		CHECK(memcmp(got, want, 16) == 0, "hash value, cut at %zu", cut);
	}
}

static void test_parts(struct sk_mac *mac)
{
	struct sk_span a[] = { SK_SPAN("ab"), SK_SPAN("c") }, b[] = { SK_SPAN("a"), SK_SPAN("bc") };
	struct sk_span c[] = { SK_SPAN("abc"), { NULL, 0 } };
	uint8_t x[16], y[16], z[16], again[16];

	CHECK(!sk_mac_hash(mac, a, 2, x) && !sk_mac_hash(mac, b, 2, y) &&
		      !sk_mac_hash(mac, c, 2, z) && !sk_mac_hash(mac, a, 2, again),
	      "hashes");
	CHECK(memcmp(x, y, 16) != 0 && memcmp(x, z, 16) != 0 && memcmp(y, z, 16) != 0,
	      "texts cannot move between parts");
	CHECK(memcmp(x, again, 16) == 0, "the same again");
}

static void test_uuid(void)
{
	static const struct {
		const char *text;
		bool ok;
	} cases[] = {
		{ "123e4567-e89b-12d3-a456-426655440000", true },
		{ "123E4567-E89B-12D3-A456-426655440000", true },
		{ "00000000-0000-0000-0000-000000000000", true },
		{ "", false },
		{ "123e4567-e89b-12d3-a456-42665544000", false },
		{ "123e4567-e89b-12d3-a456-4266554400000", false },
		{ "123e4567e89b-12d3-a456-4266554400000", false },
		{ "123e4567-e89b-12d3-a456_426655440000", false },
		{ "g23e4567-e89b-12d3-a456-426655440000", false },
		{ "{23e4567-e89b-12d3-a456-42665544000}", false },
	};
	uint8_t bytes[16];
	char text[SK_UUID_SIZE];

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		snprintf(text, sizeof(text), "untouched");
		CHECK(sk_uuid_check(sk_span_of(cases[i].text)) == cases[i].ok, "%s", cases[i].text);
		CHECK(sk_uuid_read(sk_span_of(cases[i].text), text) == cases[i].ok, "%s",
		      cases[i].text);
		if (!cases[i].ok)
			CHECK_STR(text, "untouched", cases[i].text);
	}
	CHECK(sk_uuid_read(SK_SPAN("ABCDEF01-2345-6789-AbCd-eF0123456789"), text), "both cases");
	CHECK_STR(text, "abcdef01-2345-6789-abcd-ef0123456789", "lower case goes out");

	memset(bytes, 0xff, sizeof(bytes));
	sk_uuid_print(bytes, text);
	CHECK_STR(text, "ffffffff-ffff-8fff-bfff-ffffffffffff", "version and variant");
	CHECK(sk_uuid_check(sk_span_of(text)), "own text");
	memset(bytes, 0, sizeof(bytes));
	sk_uuid_print(bytes, text);
	CHECK_STR(text, "00000000-0000-8000-8000-000000000000", "zero");
}

static void test_secret(void)
{
	const struct sk_span text = sk_span_of("text");
	uint8_t first[SK_MAC_LEN], again[SK_MAC_LEN], other[SK_MAC_LEN];
	SK_CLEANUP(sk_mac_free_p) struct sk_mac *one = NULL, *two = NULL;

	CHECK(sk_mac_new_secret(&one) == SK_OK && sk_mac_new_secret(&two) == SK_OK, "new");
	CHECK(sk_mac_hash(one, &text, 1, first) == SK_OK &&
		      sk_mac_hash(one, &text, 1, again) == SK_OK &&
		      sk_mac_hash(two, &text, 1, other) == SK_OK,
	      "hashes");
	CHECK(memcmp(first, again, sizeof(first)) == 0, "the same of one");
	CHECK(memcmp(first, other, sizeof(first)) != 0, "another of another");
}

int main(void)
{
	SK_CLEANUP(sk_mac_free_p) struct sk_mac *mac = NULL;

	CHECK(sk_mac_new(key, &mac) == SK_OK && mac, "new");
	if (!mac)
		return 1;
	test_reference();
	test_hash(mac);
	test_parts(mac);
	test_uuid();
	test_secret();
	return check_result();
}
