/*
 * A copy of the group P-256 that has the key in G's place: EC_GROUP_precompute_mult() then
 * makes the table that OpenSSL has built in for G, and a multiplication by the key costs
 * what one by G does.  The two products are added, and x is compared without leaving
 * projective coordinates: no inverse in the field.
 *
 * What surprises: these functions are deprecated since OpenSSL 3.0, and nothing took their
 * place.  The warnings are off in this file alone.
 */
#include "shaken/table.h"

#include "shaken/crypto.h"
#include "shaken/es256.h"
#include "shaken/inverse.h"

#include <openssl/bn.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

enum {
	HALF = SK_SIG_LEN / 2,
	NAME_SIZE = 32, /* of a curve */
};

struct sk_table {
	EC_GROUP *usual;         /* P-256, whose generator is G                */
	EC_GROUP *keyed;         /* the same curve, whose generator is the key */
	BN_MONT_CTX *order;      /* for numbers modulo n ...                   */
	BN_MONT_CTX *field;      /* ... and modulo p                           */
	BIGNUM *difference;      /* p - n                                      */
	EC_POINT *of_g, *of_key; /* u1 * G, and the sum in its place; u2 * Q   */
	BN_CTX *ctx;             /* numbers that a verification writes into    */
};

/* --- a verification --- */

/* FIPS 186-4, 6.4.2: r and s in 1..n-1, or the signature is invalid */
static bool in_range(const struct sk_table *t, const BIGNUM *number)
{
	return !BN_is_zero(number) && BN_cmp(number, EC_GROUP_get0_order(t->usual)) < 0;
}

/* u1 = e / s, u2 = r / s */
static bool find_factors(const struct sk_table *t, const BIGNUM *e, const BIGNUM *r,
			 const BIGNUM *s, BIGNUM *u1, BIGNUM *u2)
{
	uint8_t number[SK_NUMBER_LEN], inverse[SK_NUMBER_LEN];
	BIGNUM *w = BN_CTX_get(t->ctx);

	if (!w || BN_bn2binpad(s, number, sizeof(number)) < 0 || !sk_inverse(number, inverse) ||
	    !BN_bin2bn(inverse, sizeof(inverse), w) ||
	    BN_to_montgomery(w, w, t->order, t->ctx) != 1)
		return false;

	/* one product more, and a wrong inverse could not pass for a right one */
	return BN_mod_mul_montgomery(u1, s, w, t->order, t->ctx) == 1 && BN_is_one(u1) &&
	       BN_mod_mul_montgomery(u1, e, w, t->order, t->ctx) == 1 &&
	       BN_mod_mul_montgomery(u2, r, w, t->order, t->ctx) == 1;
}

/* t->of_g = u1 * G + u2 * Q */
static bool find_point(const struct sk_table *t, const BIGNUM *u1, const BIGNUM *u2)
{
	return EC_POINT_mul(t->usual, t->of_g, u1, NULL, NULL, t->ctx) == 1 &&
	       EC_POINT_mul(t->keyed, t->of_key, u2, NULL, NULL, t->ctx) == 1 &&
	       EC_POINT_add(t->usual, t->of_g, t->of_g, t->of_key, t->ctx) == 1;
}

/* The point is (X / Z^2, ...): is x * Z^2 the same as X modulo p?  `square` is Z^2 * R, where R is
 * what a Montgomery product divides by.  @return 1, 0, or -1 for a failure */
static int is_x(const struct sk_table *t, const BIGNUM *x, const BIGNUM *square,
		const BIGNUM *big_x)
{
	BIGNUM *product = BN_CTX_get(t->ctx);

	if (!product || BN_mod_mul_montgomery(product, x, square, t->field, t->ctx) != 1)
		return -1;

	return BN_cmp(product, big_x) == 0;
}

/* Is the point's x the same as r modulo n? */
static enum sk_err compare(const struct sk_table *t, const BIGNUM *r)
{
	BIGNUM *big_x = BN_CTX_get(t->ctx), *z = BN_CTX_get(t->ctx), *x = BN_CTX_get(t->ctx);
	int same;

	if (!x ||
	    EC_POINT_get_Jprojective_coordinates_GFp(t->usual, t->of_g, big_x, NULL, z, t->ctx) !=
		    1 ||
	    BN_mod_mul_montgomery(z, z, z, t->field, t->ctx) != 1 ||
	    BN_to_montgomery(z, z, t->field, t->ctx) != 1 ||
	    BN_to_montgomery(z, z, t->field, t->ctx) != 1)
		return sk_crypto_fault();

	same = is_x(t, r, z, big_x);
	/* x is below p, which is a little more than n: some r stand for two of them */
	if (same == 0 && BN_cmp(r, t->difference) < 0)
		same = BN_add(x, r, EC_GROUP_get0_order(t->usual)) == 1 ? is_x(t, x, z, big_x) : -1;
	if (same < 0)
		return sk_crypto_fault();

	return same ? SK_OK : SK_BAD_SIGNATURE;
}

static enum sk_err verify(const struct sk_table *t, const uint8_t digest[SK_HASH_LEN],
			  const uint8_t sig[SK_SIG_LEN])
{
	BIGNUM *e = BN_CTX_get(t->ctx), *r = BN_CTX_get(t->ctx), *s = BN_CTX_get(t->ctx);
	BIGNUM *u1 = BN_CTX_get(t->ctx), *u2 = BN_CTX_get(t->ctx);

	if (!u2 || !BN_bin2bn(digest, SK_HASH_LEN, e) || !BN_bin2bn(sig, HALF, r) ||
	    !BN_bin2bn(sig + HALF, HALF, s))
		return sk_crypto_fault();
	if (!in_range(t, r) || !in_range(t, s))
		return SK_BAD_SIGNATURE;
	/* a product modulo n takes numbers below n; e is below 2^256, which is less than 2 * n */
	if (BN_cmp(e, EC_GROUP_get0_order(t->usual)) >= 0 &&
	    BN_sub(e, e, EC_GROUP_get0_order(t->usual)) != 1)
		return sk_crypto_fault();
	if (!find_factors(t, e, r, s, u1, u2) || !find_point(t, u1, u2))
		return sk_crypto_fault();
	/* the owner of a key can make such a signature; it is invalid (FIPS 186-4, 6.4.2) */
	if (EC_POINT_is_at_infinity(t->usual, t->of_g))
		return SK_BAD_SIGNATURE;

	return compare(t, r);
}

enum sk_err sk_table_verify(const struct sk_table *table, const uint8_t digest[SK_HASH_LEN],
			    const uint8_t sig[SK_SIG_LEN])
{
	enum sk_err err;

	ERR_clear_error();
	BN_CTX_start(table->ctx);
	err = verify(table, digest, sig);
	BN_CTX_end(table->ctx);
	return err;
}

/* --- life --- */

void sk_table_free(struct sk_table *table)
{
	if (!table)
		return;

	EC_POINT_free(table->of_g);
	EC_POINT_free(table->of_key);
	EC_GROUP_free(table->usual);
	EC_GROUP_free(table->keyed);
	BN_MONT_CTX_free(table->order);
	BN_MONT_CTX_free(table->field);
	BN_free(table->difference);
	BN_CTX_free(table->ctx);
	free(table);
}

/* All but the table itself */
static bool prepare(struct sk_table *t)
{
	const BIGNUM *n, *p;

	t->usual = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	t->keyed = t->usual ? EC_GROUP_dup(t->usual) : NULL;
	t->order = BN_MONT_CTX_new();
	t->field = BN_MONT_CTX_new();
	t->difference = BN_new();
	t->ctx = BN_CTX_new();
	if (!t->keyed || !t->order || !t->field || !t->difference || !t->ctx)
		return false;

	n = EC_GROUP_get0_order(t->usual);
	p = EC_GROUP_get0_field(t->usual);
	t->of_g = EC_POINT_new(t->usual);
	t->of_key = EC_POINT_new(t->keyed);
	return t->of_g && t->of_key && BN_sub(t->difference, p, n) == 1 &&
	       BN_MONT_CTX_set(t->order, n, t->ctx) == 1 &&
	       BN_MONT_CTX_set(t->field, p, t->ctx) == 1;
}

static enum sk_err read_point(EVP_PKEY *key, const EC_GROUP *group, EC_POINT *out)
{
	char name[NAME_SIZE] = "";
	uint8_t *bytes = NULL;
	size_t len;
	bool ok;

	if (EVP_PKEY_get_group_name(key, name, sizeof(name), &len) != 1 && sk_crypto_memory())
		return SK_ENOMEM;
	if (strcmp(name, SN_X9_62_prime256v1) != 0)
		return SK_CERT_PROFILE;

	len = EVP_PKEY_get1_encoded_public_key(key, &bytes);
	ok = len > 0 && EC_POINT_oct2point(group, out, bytes, len, NULL) == 1;
	OPENSSL_free(bytes);
	return ok ? SK_OK : sk_crypto_fault();
}

/* A signature that is valid for this key, made without its secret: for any a and b the point
 * R = a * G + b * Q is that of r = x(R), s = r / b and the digest e = a * s */
static bool make_example(const struct sk_table *t, const EC_POINT *key, uint8_t digest[SK_HASH_LEN],
			 uint8_t sig[SK_SIG_LEN])
{
	const BIGNUM *n = EC_GROUP_get0_order(t->usual);
	uint8_t a_bytes[SK_NUMBER_LEN], b_bytes[SK_NUMBER_LEN];
	BIGNUM *a = BN_CTX_get(t->ctx), *b = BN_CTX_get(t->ctx), *r = BN_CTX_get(t->ctx);
	BIGNUM *s = BN_CTX_get(t->ctx), *e = BN_CTX_get(t->ctx);

	memset(a_bytes, 0x35, sizeof(a_bytes)); /* any number below n without long rows of zeros */
	memset(b_bytes, 0xa6, sizeof(b_bytes));
	if (!e || !BN_bin2bn(a_bytes, sizeof(a_bytes), a) ||
	    !BN_bin2bn(b_bytes, sizeof(b_bytes), b) ||
	    EC_POINT_mul(t->usual, t->of_g, a, key, b, t->ctx) != 1 ||
	    EC_POINT_get_affine_coordinates(t->usual, t->of_g, r, NULL, t->ctx) != 1 ||
	    BN_nnmod(r, r, n, t->ctx) != 1 || !BN_mod_inverse(s, b, n, t->ctx) ||
	    BN_mod_mul(s, s, r, n, t->ctx) != 1 || BN_mod_mul(e, a, s, n, t->ctx) != 1)
		return false;

	return BN_bn2binpad(r, sig, HALF) == HALF && BN_bn2binpad(s, sig + HALF, HALF) == HALF &&
	       BN_bn2binpad(e, digest, SK_HASH_LEN) == SK_HASH_LEN;
}

/* What OpenSSL's own verification says must be what the table says */
static bool agrees(const struct sk_table *t, EVP_PKEY_CTX *ctx, const uint8_t digest[SK_HASH_LEN],
		   const uint8_t sig[SK_SIG_LEN], bool valid)
{
	uint8_t der[SK_DER_SIG_MAX];
	const size_t len = sk_es256_to_der(sig, der);

	return len > 0 && EVP_PKEY_verify(ctx, der, len, digest, SK_HASH_LEN) == valid &&
	       sk_table_verify(t, digest, sig) == (valid ? SK_OK : SK_BAD_SIGNATURE);
}

static bool try_out(const struct sk_table *t, EVP_PKEY *key, const EC_POINT *point)
{
	SK_CLEANUP(EVP_PKEY_CTX_free_p) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t digest[SK_HASH_LEN], sig[SK_SIG_LEN];
	bool made;

	BN_CTX_start(t->ctx);
	made = make_example(t, point, digest, sig);
	BN_CTX_end(t->ctx);
	if (!made || !ctx || EVP_PKEY_verify_init(ctx) != 1 || !agrees(t, ctx, digest, sig, true))
		return false;

	digest[SK_HASH_LEN - 1] ^= 1;
	return agrees(t, ctx, digest, sig, false);
}

static enum sk_err build(struct sk_table *t, EVP_PKEY *key)
{
	SK_CLEANUP(EC_POINT_free_p) EC_POINT *point = NULL;
	enum sk_err err;

	if (!prepare(t))
		return sk_crypto_fault();

	point = EC_POINT_new(t->usual);
	err = point ? read_point(key, t->usual, point) : sk_crypto_fault();
	if (err)
		return err;
	if (EC_GROUP_set_generator(t->keyed, point, EC_GROUP_get0_order(t->usual),
				   EC_GROUP_get0_cofactor(t->usual)) != 1 ||
	    EC_GROUP_precompute_mult(t->keyed, t->ctx) != 1 || !try_out(t, key, point))
		return sk_crypto_fault();

	return SK_OK;
}

enum sk_err sk_table_new(EVP_PKEY *key, struct sk_table **out)
{
	SK_CLEANUP(sk_table_free_p) struct sk_table *table = calloc(1, sizeof(*table));
	enum sk_err err;

	if (!table)
		return SK_ENOMEM;

	ERR_clear_error();
	err = build(table, key);
	if (!err)
		*out = sk_steal(table);

	ERR_clear_error();
	return err;
}
