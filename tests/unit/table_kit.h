/**
 * @file table_kit.h  Keys with tables, and signatures made from the end backwards
 *
 * For any u1, u2 and any point R = u1 * G + u2 * Q, the numbers r = x(R), s = r / u2 and
 * e = u1 * s are a signature that is valid for Q: so a test chooses the points that the
 * verification meets.  Whatever fails here ends the test program.
 */
#pragma once

#include "shaken/es256.h"
#include "shaken/table.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct kit {
	EC_GROUP *group;
	BN_CTX *ctx;
	const BIGNUM *n, *p;
};

struct kit_key {
	EVP_PKEY *key;
	EVP_PKEY_CTX *ctx;
	struct sk_table *table;
};

/** What is asked of a verification. */
struct kit_case {
	uint8_t digest[SK_HASH_LEN], sig[SK_SIG_LEN];
};

static inline void kit_must(bool ok)
{
	if (!ok)
		abort();
}

static inline void kit_begin(struct kit *k)
{
	k->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	k->ctx = BN_CTX_new();
	kit_must(k->group && k->ctx);
	k->n = EC_GROUP_get0_order(k->group);
	k->p = EC_GROUP_get0_field(k->group);
}

static inline void kit_end(struct kit *k)
{
	EC_GROUP_free(k->group);
	BN_CTX_free(k->ctx);
}

static inline BIGNUM *kit_hex(const char *hex)
{
	BIGNUM *number = NULL;

	kit_must(BN_hex2bn(&number, hex) > 0);
	return number;
}

/** A key that is this point.  @param with_table  Else `table` is NULL */
static inline struct kit_key kit_key_new(const struct kit *k, const EC_POINT *point,
					 bool with_table)
{
	struct kit_key key = { .key = EVP_EC_gen("P-256") };
	uint8_t bytes[65];

	kit_must(EC_POINT_point2oct(k->group, point, POINT_CONVERSION_UNCOMPRESSED, bytes,
				    sizeof(bytes), k->ctx) == sizeof(bytes) &&
		 EVP_PKEY_set1_encoded_public_key(key.key, bytes, sizeof(bytes)) == 1);
	key.ctx = EVP_PKEY_CTX_new(key.key, NULL);
	kit_must(key.ctx && EVP_PKEY_verify_init(key.ctx) == 1);
	kit_must(!with_table || sk_table_new(key.key, &key.table) == SK_OK);
	return key;
}

static inline void kit_key_free(struct kit_key *key)
{
	sk_table_free(key->table);
	EVP_PKEY_CTX_free(key->ctx);
	EVP_PKEY_free(key->key);
}

/** What OpenSSL says; what it cannot judge (a point at infinity) is no valid signature. */
static inline bool kit_usual(const struct kit_key *key, const struct kit_case *c)
{
	uint8_t der[SK_DER_SIG_MAX];
	const size_t len = sk_es256_to_der(c->sig, der);

	return len > 0 && EVP_PKEY_verify(key->ctx, der, len, c->digest, sizeof(c->digest)) == 1;
}

/** s = r / u2 and e = u1 * s, written with r. */
static inline void kit_sign(const struct kit *k, const BIGNUM *u1, const BIGNUM *u2,
			    const BIGNUM *r, struct kit_case *out)
{
	BIGNUM *s = BN_new(), *e = BN_new();

	kit_must(s && e && BN_mod_inverse(s, u2, k->n, k->ctx) &&
		 BN_mod_mul(s, s, r, k->n, k->ctx) == 1 &&
		 BN_mod_mul(e, s, u1, k->n, k->ctx) == 1 && BN_bn2binpad(r, out->sig, 32) == 32 &&
		 BN_bn2binpad(s, out->sig + 32, 32) == 32 &&
		 BN_bn2binpad(e, out->digest, 32) == 32);
	BN_free(s);
	BN_free(e);
}

/** r = x(point) modulo n. */
static inline void kit_r(const struct kit *k, const EC_POINT *point, BIGNUM *r)
{
	kit_must(EC_POINT_get_affine_coordinates(k->group, point, r, NULL, k->ctx) == 1 &&
		 BN_nnmod(r, r, k->n, k->ctx) == 1);
}
