/** @file fuzz_table.c  A table says of any digest and signature what OpenSSL says; 1 / s is right
 */
#include "shaken/inverse.h"
#include "tests/unit/table_kit.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

enum {
	KEYS = 4,
	INPUT = 1 + 32 + 32 + 64, /* how, u1, u2, and a case of which parts are taken */
};

/* Made once: G, its opposite, 2 * G, and any other */
static struct kit_key *key_at(struct kit *k, size_t at, BIGNUM **secret)
{
	static const char *const secrets[KEYS] = {
		"1", "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550", "2",
		"c477f9f65c22cce20657faa5b2d1d8122336f851a508a1ed04e479c34985bf96"
	};
	static struct kit_key keys[KEYS];
	static struct kit kit;

	if (!kit.group)
		kit_begin(&kit);
	*k = kit;
	*secret = kit_hex(secrets[at]);
	if (!keys[at].key) {
		EC_POINT *point = EC_POINT_new(kit.group);

		kit_must(EC_POINT_mul(kit.group, point, *secret, NULL, NULL, kit.ctx) == 1);
		keys[at] = kit_key_new(&kit, point, true);
		EC_POINT_free(point);
	}
	return &keys[at];
}

/* A signature that is valid but for chance, from the two factors; false when they make none */
static bool make(const struct kit *k, const BIGNUM *secret, const uint8_t *factors,
		 struct kit_case *out)
{
	BIGNUM *u1 = BN_bin2bn(factors, 32, NULL), *u2 = BN_bin2bn(factors + 32, 32, NULL);
	BIGNUM *sum = BN_new(), *r = BN_new();
	EC_POINT *point = EC_POINT_new(k->group);
	bool made = false;

	kit_must(BN_nnmod(u1, u1, k->n, k->ctx) && BN_nnmod(u2, u2, k->n, k->ctx) &&
		 BN_mod_mul(sum, u2, secret, k->n, k->ctx) &&
		 BN_mod_add(sum, sum, u1, k->n, k->ctx));
	if (!BN_is_zero(u2)) {
		if (BN_is_zero(sum)) /* the point at infinity: any r */
			kit_must(BN_one(sum));
		kit_must(EC_POINT_mul(k->group, point, sum, NULL, NULL, k->ctx) == 1);
		kit_r(k, point, r);
		kit_sign(k, u1, u2, r, out);
		made = true;
	}
	BN_free(u1);
	BN_free(u2);
	BN_free(sum);
	BN_free(r);
	EC_POINT_free(point);
	return made;
}

static void check_inverse(const struct kit *k, const uint8_t number[32])
{
	BIGNUM *in = BN_bin2bn(number, 32, NULL), *out = NULL;
	uint8_t inverse[32];

	if (sk_inverse(number, inverse)) {
		out = BN_bin2bn(inverse, 32, NULL);
		kit_must(BN_cmp(out, k->n) < 0 && BN_mod_mul(in, in, out, k->n, k->ctx) == 1 &&
			 BN_is_one(in));
	} else {
		kit_must(BN_is_zero(in) || BN_cmp(in, k->n) == 0);
	}
	BN_free(in);
	BN_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	uint8_t data[INPUT] = { 0 };
	struct kit_case c = { .digest = { 0 } };
	struct kit_key *key;
	BIGNUM *secret;
	struct kit k;
	bool usual;

	memcpy(data, input, size < INPUT ? size : INPUT);
	key = key_at(&k, data[0] % KEYS, &secret);
	check_inverse(&k, data + 1);
	if (!(data[0] & 0x10) || !make(&k, secret, data + 1, &c))
		memcpy(c.digest, data + 1, sizeof(c.digest));
	for (size_t i = 0; i < SK_SIG_LEN; i++) /* spoils what was made, or is the signature */
		c.sig[i] ^= data[INPUT - SK_SIG_LEN + i];
	usual = kit_usual(key, &c);
	kit_must(sk_table_verify(key->table, c.digest, c.sig) ==
		 (usual ? SK_OK : SK_BAD_SIGNATURE));
	BN_free(secret);
	return 0;
}
