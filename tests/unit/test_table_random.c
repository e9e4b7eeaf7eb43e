/*
 * 100,000 signatures, half of them spoilt, against OpenSSL's own verification.  The seed is
 * always the same one, or the argument.
 */
#include "table_kit.h"
#include "tests/check.h"

#include <inttypes.h>

enum {
	KEYS = 64,
	CASES = 100000,
};

/* How a case is spoilt; the last three stay valid */
enum spoil {
	SPOIL_R,
	SPOIL_S,
	SPOIL_DIGEST,
	SPOIL_KEY,
	SPOIL_SWAP,
	SPOIL_R_ZERO,
	SPOIL_S_ZERO,
	SPOIL_R_BY_N,
	SPOIL_S_BY_N,
	SPOIL_R_NEGATIVE,
	SPOIL_BYTES,
	SPOIL_S_NEGATIVE,
	SPOIL_DIGEST_BY_N,
	SPOIL_NOT,
	SPOILS,
};

static uint64_t state;

static uint64_t draw(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 1..n-1; now and then a short one */
static void draw_number(const struct kit *k, BIGNUM *out)
{
	uint8_t bytes[32];

	do {
		for (size_t i = 0; i < sizeof(bytes); i += 8) {
			const uint64_t word = draw();

			memcpy(bytes + i, &word, sizeof(word));
		}
		if (draw() % 16 == 0)
			memset(bytes, 0, draw() % sizeof(bytes));
		kit_must(BN_bin2bn(bytes, sizeof(bytes), out) != NULL);
	} while (BN_is_zero(out) || BN_cmp(out, k->n) >= 0);
}

struct pair {
	struct kit_key key;
	BIGNUM *secret;
};

static void make_keys(const struct kit *k, struct pair keys[KEYS])
{
	EC_POINT *point = EC_POINT_new(k->group);

	for (size_t i = 0; i < KEYS; i++) {
		keys[i].secret = BN_new();
		draw_number(k, keys[i].secret);
		kit_must(EC_POINT_mul(k->group, point, keys[i].secret, NULL, NULL, k->ctx) == 1);
		keys[i].key = kit_key_new(k, point, true);
	}
	EC_POINT_free(point);
}

static void sign(const struct kit *k, const struct pair *pair, struct kit_case *out)
{
	static BIGNUM *u1, *u2, *r;
	static EC_POINT *point;

	if (!u1) {
		u1 = BN_new();
		u2 = BN_new();
		r = BN_new();
		point = EC_POINT_new(k->group);
	}
	draw_number(k, u1);
	draw_number(k, u2);
	kit_must(BN_mod_mul(r, u2, pair->secret, k->n, k->ctx) == 1 &&
		 BN_mod_add(r, r, u1, k->n, k->ctx) == 1 &&
		 EC_POINT_mul(k->group, point, r, NULL, NULL, k->ctx) == 1);
	kit_r(k, point, r);
	kit_sign(k, u1, u2, r, out);
}

static void flip(uint8_t *bytes, size_t len)
{
	const uint64_t bit = draw() % (len * 8);

	bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

/* number + n, where 256 bits hold that; else all ones */
static void add_order(const struct kit *k, uint8_t number[32])
{
	BIGNUM *sum = BN_bin2bn(number, 32, NULL);

	kit_must(sum && BN_add(sum, sum, k->n) == 1);
	if (BN_bn2binpad(sum, number, 32) != 32)
		memset(number, 0xff, 32);
	BN_free(sum);
}

static void negate(const struct kit *k, uint8_t number[32])
{
	BIGNUM *less = BN_bin2bn(number, 32, NULL);

	kit_must(less && BN_sub(less, k->n, less) == 1 && BN_bn2binpad(less, number, 32) == 32);
	BN_free(less);
}

static void spoil(const struct kit *k, enum spoil how, struct kit_case *c)
{
	struct kit_case old = *c;

	switch (how) {
	case SPOIL_R:
		flip(c->sig, 32);
		break;
	case SPOIL_S:
		flip(c->sig + 32, 32);
		break;
	case SPOIL_DIGEST:
		flip(c->digest, sizeof(c->digest));
		break;
	case SPOIL_SWAP:
		memcpy(c->sig, old.sig + 32, 32);
		memcpy(c->sig + 32, old.sig, 32);
		break;
	case SPOIL_R_ZERO:
		memset(c->sig, 0, 32);
		break;
	case SPOIL_S_ZERO:
		memset(c->sig + 32, 0, 32);
		break;
	case SPOIL_R_BY_N:
		add_order(k, c->sig);
		break;
	case SPOIL_S_BY_N:
		add_order(k, c->sig + 32);
		break;
	case SPOIL_R_NEGATIVE:
		negate(k, c->sig);
		break;
	case SPOIL_BYTES:
		for (int i = 0; i < 4; i++)
			c->sig[draw() % sizeof(c->sig)] = (uint8_t)draw();
		break;
	case SPOIL_S_NEGATIVE: /* FIPS 186-4 has no rule on the size of s: (r, n - s) is as valid */
		negate(k, c->sig + 32);
		break;
	case SPOIL_DIGEST_BY_N: /* the same number modulo n, when it fits */
		add_order(k, c->digest);
		break;
	case SPOIL_KEY:
	case SPOIL_NOT:
	case SPOILS:
		break;
	}
}

int main(int argc, char **argv)
{
	static struct pair keys[KEYS];
	unsigned valid[SPOILS] = { 0 }, passed = 0;
	struct kit k;

	state = argc > 1 ? strtoull(argv[1], NULL, 0) : UINT64_C(0x5348414b454e);
	printf("seed 0x%" PRIx64 "\n", state);
	fflush(stdout);
	kit_begin(&k);
	make_keys(&k, keys);
	for (unsigned i = 0; i < CASES; i++) {
		const enum spoil how = draw() % 2 ? SPOIL_NOT : draw() % SPOIL_NOT;
		const struct pair *signer = &keys[draw() % KEYS];
		const struct kit_key *key = &signer->key;
		struct kit_case c;
		bool usual;

		sign(&k, signer, &c);
		spoil(&k, how, &c);
		if (how == SPOIL_KEY)
			key = &keys[(size_t)(signer - keys + 1) % KEYS].key;
		usual = kit_usual(key, &c);
		CHECK(sk_table_verify(key->table, c.digest, c.sig) ==
			      (usual ? SK_OK : SK_BAD_SIGNATURE),
		      "case %u, spoilt by way %d, valid %d", i, how, usual);
		valid[how] += usual;
		passed += usual;
	}
	CHECK(valid[SPOIL_NOT] > CASES * 2 / 5 && valid[SPOIL_S_NEGATIVE] > 0, "valid: %u", passed);
	for (int how = 0; how < SPOIL_S_NEGATIVE; how++)
		CHECK(valid[how] == 0 || how == SPOIL_BYTES, "way %d spoils", how);
	printf("%u valid\n", passed);
	for (size_t i = 0; i < KEYS; i++) {
		kit_key_free(&keys[i].key);
		BN_free(keys[i].secret);
	}
	kit_end(&k);
	return check_result();
}
