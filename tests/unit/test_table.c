/*
 * Verification by tables says what OpenSSL's own says, with points made so that every branch
 * is met.  Printed tokens are test_table_chain.c, signatures at random test_table_random.c.
 */
#include "table_kit.h"

#include "pki.h"
#include "shaken/digest.h"
#include "shaken/inverse.h"
#include "tests/check.h"

#include <jansson.h>

/* --- the inverse --- */

static void check_inverse(const struct kit *k, const BIGNUM *number)
{
	uint8_t bytes[32], got[32], want[32];
	BIGNUM *inverse = BN_new();

	kit_must(BN_bn2binpad(number, bytes, sizeof(bytes)) == sizeof(bytes) &&
		 BN_mod_inverse(inverse, number, k->n, k->ctx) &&
		 BN_bn2binpad(inverse, want, sizeof(want)) == sizeof(want));
	CHECK(sk_inverse(bytes, got) && memcmp(got, want, sizeof(want)) == 0, "1 / %s",
	      BN_bn2hex(number));
	BN_free(inverse);
}

static void test_inverse(const struct kit *k)
{
	uint8_t bytes[32] = { 0 }, out[32], same[32];
	BIGNUM *number = BN_new();

	for (int bit = 0; bit < 256; bit++) {
		for (int off = -2; off <= 2; off++) {
			BN_zero(number);
			BN_set_bit(number, bit);
			kit_must(off < 0 ? BN_sub_word(number, (BN_ULONG)-off)
					 : BN_add_word(number, (BN_ULONG)off));
			if (BN_is_zero(number) || BN_is_negative(number) ||
			    BN_cmp(number, k->n) == 0)
				continue;
			check_inverse(k, number);
			kit_must(BN_sub(number, k->n, number));
			if (!BN_is_zero(number) && !BN_is_negative(number))
				check_inverse(k, number);
		}
	}
	for (int i = 0; i < 20000; i++) {
		kit_must(BN_rand(number, 1 + i % 256, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY));
		if (!BN_is_zero(number) && BN_cmp(number, k->n) != 0)
			check_inverse(k, number);
	}
	memset(out, 0xee, sizeof(out));
	memcpy(same, out, sizeof(same));
	CHECK(!sk_inverse(bytes, out) && memcmp(out, same, sizeof(out)) == 0, "1 / 0");
	kit_must(BN_bn2binpad(k->n, bytes, sizeof(bytes)) == sizeof(bytes));
	CHECK(!sk_inverse(bytes, out) && memcmp(out, same, sizeof(out)) == 0, "1 / n");
	BN_free(number);
}

/* --- signatures --- */

static enum sk_err ask(const struct kit_key *key, const struct kit_case *c)
{
	return sk_table_verify(key->table, c->digest, c->sig);
}

/* Both must say it, also of (r, n - s), which is the same; and of what is spoilt they say the same
 */
static void check_case(const struct kit *k, const char *name, const struct kit_key *key,
		       const struct kit_case *c, bool valid)
{
	const enum sk_err want = valid ? SK_OK : SK_BAD_SIGNATURE;
	struct kit_case other = *c;
	BIGNUM *s = BN_bin2bn(c->sig + 32, 32, NULL);

	CHECK(kit_usual(key, c) == valid, "%s: the usual way", name);
	CHECK(ask(key, c) == want, "%s", name);
	kit_must(BN_sub(s, k->n, s) == 1);
	if (!BN_is_negative(s)) {
		kit_must(BN_bn2binpad(s, other.sig + 32, 32) == 32);
		CHECK(ask(key, &other) == want, "%s, n - s", name);
	}
	for (size_t bit = 0; bit < 768; bit += 193) {
		uint8_t *bytes = bit < 512 ? other.sig : other.digest;

		other = *c;
		bytes[bit % 512 / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(ask(key, &other) == (kit_usual(key, &other) ? SK_OK : SK_BAD_SIGNATURE),
		      "%s, bit %zu", name, bit);
	}
	BN_free(s);
}

static struct kit_key key_of(const struct kit *k, const BIGNUM *secret)
{
	EC_POINT *point = EC_POINT_new(k->group);
	struct kit_key key;

	kit_must(EC_POINT_mul(k->group, point, secret, NULL, NULL, k->ctx) == 1);
	key = kit_key_new(k, point, true);
	EC_POINT_free(point);
	return key;
}

#define N      "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define N_1    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"
#define N_2    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254f"
#define N_HALF "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a9"
#define ANY    "c477f9f65c22cce20657faa5b2d1d8122336f851a508a1ed04e479c34985bf96"

/* What u1 is, given u2 and the secret d */
static const char *const first_factors[] = { "0", "same", "opposite", "1", "2", "40", N_1, ANY };

static void find_u1(const struct kit *k, const char *how, const BIGNUM *secret, const BIGNUM *u2,
		    BIGNUM *u1)
{
	const bool opposite = strcmp(how, "opposite") == 0;

	if (!opposite && strcmp(how, "same") != 0) {
		kit_must(BN_hex2bn(&u1, how) > 0);
		return;
	}
	/* u1 * G is then u2 * Q, or its opposite: the sum is a doubling, or infinity */
	kit_must(BN_mod_mul(u1, secret, u2, k->n, k->ctx) == 1);
	if (opposite)
		kit_must(BN_sub(u1, k->n, u1) == 1);
}

static void check_factors(const struct kit *k, const struct kit_key *key, const BIGNUM *secret,
			  const char *name, const BIGNUM *u1, const BIGNUM *u2)
{
	EC_POINT *point = EC_POINT_new(k->group);
	BIGNUM *r = BN_new(), *sum = BN_new();
	struct kit_case c;
	bool valid;

	kit_must(BN_mod_mul(sum, u2, secret, k->n, k->ctx) == 1 &&
		 BN_mod_add(sum, sum, u1, k->n, k->ctx) == 1);
	valid = !BN_is_zero(sum);
	if (!valid) /* any r will do */
		kit_must(BN_one(sum));
	kit_must(EC_POINT_mul(k->group, point, sum, NULL, NULL, k->ctx) == 1);
	kit_r(k, point, r);
	kit_sign(k, u1, u2, r, &c);
	check_case(k, name, key, &c, valid);
	EC_POINT_free(point);
	BN_free(r);
	BN_free(sum);
}

/* Every way for two products to meet */
static void test_factors(const struct kit *k)
{
	static const char *const secrets[] = { "1", "2", "3", "40", N_HALF, N_2, N_1, ANY };
	static const char *const seconds[] = { "1",  "2",  "3",
					       "3f", "40", "41",
					       "7f", "80", "100000000000000000000000000000000",
					       N_2,  N_1,  ANY };

	for (size_t i = 0; i < SK_COUNT(secrets); i++) {
		BIGNUM *secret = kit_hex(secrets[i]), *u1 = BN_new();
		struct kit_key key = key_of(k, secret);

		for (size_t j = 0; j < SK_COUNT(seconds) * SK_COUNT(first_factors); j++) {
			const char *first = first_factors[j % SK_COUNT(first_factors)];
			const char *second = seconds[j / SK_COUNT(first_factors)];
			BIGNUM *u2 = kit_hex(second);
			char name[256];

			snprintf(name, sizeof(name), "d %.64s, u1 %.64s, u2 %.64s", secrets[i],
				 first, second);
			find_u1(k, first, secret, u2, u1);
			check_factors(k, &key, secret, name, u1, u2);
			BN_free(u2);
		}
		kit_key_free(&key);
		BN_free(secret);
		BN_free(u1);
	}
}

/* A key for which the signature meets this point, at which x is what the case needs */
static void check_point(const struct kit *k, const char *name, const EC_POINT *point,
			const BIGNUM *r, bool valid)
{
	EC_POINT *key_point = EC_POINT_new(k->group);
	BIGNUM *u1 = kit_hex(ANY), *u2 = kit_hex(N_HALF), *w = BN_new();
	struct kit_key key;
	struct kit_case c;

	/* Q = (R - u1 * G) / u2 */
	kit_must(EC_POINT_mul(k->group, key_point, u1, NULL, NULL, k->ctx) == 1 &&
		 EC_POINT_invert(k->group, key_point, k->ctx) == 1 &&
		 EC_POINT_add(k->group, key_point, key_point, point, k->ctx) == 1 &&
		 BN_mod_inverse(w, u2, k->n, k->ctx) &&
		 EC_POINT_mul(k->group, key_point, NULL, key_point, w, k->ctx) == 1);
	key = kit_key_new(k, key_point, true);
	kit_sign(k, u1, u2, r, &c);
	check_case(k, name, &key, &c, valid);
	kit_key_free(&key);
	EC_POINT_free(key_point);
	BN_free(u1);
	BN_free(u2);
	BN_free(w);
}

/* x of the point, and the r that is given out as it modulo n; r as x itself when NULL */
static void check_x(const struct kit *k, const char *name, const BIGNUM *x, const BIGNUM *r,
		    bool valid)
{
	EC_POINT *point = EC_POINT_new(k->group);
	BIGNUM *rest = BN_new();

	kit_must(EC_POINT_set_compressed_coordinates(k->group, point, x, 1, k->ctx) == 1);
	kit_must(BN_nnmod(rest, x, k->n, k->ctx) == 1);
	check_point(k, name, point, r ? r : rest, valid);
	EC_POINT_free(point);
	BN_free(rest);
}

/* From `start` on, up or down, the next x that has a point */
static BIGNUM *next_x(const struct kit *k, const BIGNUM *start, bool up)
{
	EC_POINT *point = EC_POINT_new(k->group);
	BIGNUM *x = BN_dup(start);

	while (EC_POINT_set_compressed_coordinates(k->group, point, x, 1, k->ctx) != 1)
		kit_must(up ? BN_add_word(x, 1) : BN_sub_word(x, 1));
	EC_POINT_free(point);
	return x;
}

static void test_x(const struct kit *k)
{
	BIGNUM *difference = BN_new(), *zero = BN_new(), *one = kit_hex("1"), *last = BN_dup(k->p);
	BIGNUM *below = BN_dup(k->n), *x, *r;

	kit_must(BN_sub(difference, k->p, k->n) && BN_sub_word(last, 1) && BN_sub_word(below, 1));
	x = next_x(k, k->n, true);
	check_x(k, "x from n on", x, NULL, true);
	check_x(k, "x from n on, and r not reduced", x, x, false);
	check_x(k, "x from n on, and r another", x, one, false);
	r = BN_dup(one);
	kit_must(BN_sub(r, x, k->n) && BN_add(r, r, one));
	check_x(k, "x from n on, and r one more", x, r, false);
	BN_free(x);
	BN_free(r);
	x = next_x(k, last, false);
	check_x(k, "the last x", x, NULL, true);
	BN_free(x);
	x = next_x(k, below, false);
	check_x(k, "x below n", x, NULL, true);
	BN_free(x);
	x = next_x(k, one, true);
	check_x(k, "the first x", x, NULL, true);
	check_x(k, "the first x, and r another", x, difference, false);
	BN_free(x);
	x = next_x(k, difference, true);
	check_x(k, "x from p - n on", x, NULL, true);
	BN_free(x);
	/* r + n is p, which is 0 in the field; but r is not 0 */
	check_x(k, "x is 0, and r is p - n", zero, difference, false);
	BN_free(difference);
	BN_free(zero);
	BN_free(one);
	BN_free(last);
	BN_free(below);
}

/* As one signs, with the nonce u2 */
static void sign_digest(const struct kit *k, const BIGNUM *secret, const uint8_t digest[32],
			struct kit_case *out)
{
	BIGNUM *nonce = kit_hex(N_HALF), *r = BN_new(), *s = BN_new();
	BIGNUM *e = BN_bin2bn(digest, 32, NULL);
	EC_POINT *point = EC_POINT_new(k->group);

	kit_must(EC_POINT_mul(k->group, point, nonce, NULL, NULL, k->ctx) == 1);
	kit_r(k, point, r);
	kit_must(BN_mod_mul(s, r, secret, k->n, k->ctx) == 1 &&
		 BN_mod_add(s, s, e, k->n, k->ctx) == 1 &&
		 BN_mod_inverse(nonce, nonce, k->n, k->ctx) &&
		 BN_mod_mul(s, s, nonce, k->n, k->ctx) == 1 &&
		 BN_bn2binpad(r, out->sig, 32) == 32 && BN_bn2binpad(s, out->sig + 32, 32) == 32);
	memcpy(out->digest, digest, 32);
	BN_free(nonce);
	BN_free(r);
	BN_free(s);
	BN_free(e);
	EC_POINT_free(point);
}

#define Z "00000000000000000000000000000000000000000000000000000000000000"

static void test_digests(const struct kit *k)
{
	static const char *const digests[] = {
		Z "00",
		Z "01",
		N_1,
		N,
		"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	};
	BIGNUM *secret = kit_hex(ANY);
	struct kit_key key = key_of(k, secret);

	for (size_t i = 0; i < SK_COUNT(digests); i++) {
		uint8_t digest[32];
		struct kit_case c;

		kit_must(pki_hex(digests[i], digest, sizeof(digest)) == 32);
		sign_digest(k, secret, digest, &c);
		check_case(k, digests[i], &key, &c, true);
	}
	kit_key_free(&key);
	BN_free(secret);
}

/* Numbers that no signature has (FIPS 186-4, 6.4.2) */
static void test_range(const struct kit *k)
{
	static const char *const numbers[] = {
		Z "00", N, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552",
		"ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	};
	const uint8_t digest[32] = { 1 };
	BIGNUM *secret = kit_hex(ANY);
	struct kit_key key = key_of(k, secret);
	struct kit_case good, c;

	sign_digest(k, secret, digest, &good);
	for (size_t i = 0; i < SK_COUNT(numbers); i++) {
		c = good;
		pki_hex(numbers[i], c.sig, 32);
		check_case(k, numbers[i], &key, &c, false);
		pki_hex(numbers[i], c.sig + 32, 32);
		check_case(k, numbers[i], &key, &c, false);
		memcpy(c.sig, good.sig, 32);
		check_case(k, numbers[i], &key, &c, false);
	}
	check_case(k, "in range", &key, &good, true);
	kit_key_free(&key);
	BN_free(secret);
}

static void test_rfc6979(const struct kit *k)
{
	size_t len, i;
	char *text = pki_vector("misc/rfc6979-A2.5-p256.json", &len);
	json_t *root = json_loads(text, 0, NULL), *row, *rows = json_object_get(root, "cases");
	BIGNUM *secret = kit_hex(json_string_value(json_object_get(root, "x")));
	struct kit_key key = key_of(k, secret);

	CHECK(json_array_size(rows) >= 2, "rows");
	json_array_foreach(rows, i, row) {
		const struct sk_span msg =
			sk_span_of(json_string_value(json_object_get(row, "msg")));
		struct kit_case c;

		pki_hex(json_string_value(json_object_get(row, "r")), c.sig, 32);
		pki_hex(json_string_value(json_object_get(row, "s")), c.sig + 32, 32);
		CHECK(sk_digest(msg, c.digest) == SK_OK, "digest");
		check_case(k, msg.ptr, &key, &c, true);
		c.digest[0] ^= 0x80;
		check_case(k, "another text", &key, &c, false);
	}
	kit_key_free(&key);
	BN_free(secret);
	json_decref(root);
	free(text);
}

int main(void)
{
	struct kit k;

	kit_begin(&k);
	test_inverse(&k);
	test_factors(&k);
	test_x(&k);
	test_digests(&k);
	test_range(&k);
	test_rfc6979(&k);
	kit_end(&k);
	return check_result();
}
