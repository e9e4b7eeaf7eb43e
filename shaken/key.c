/*
 * The only place that holds a private key.  From its file come numbers (keyfile.c), and
 * OpenSSL gets those: with its own readers the secret stays behind in freed memory, and a
 * key costs several times what it costs here.
 */
#include "shaken/key.h"

#include "shaken/crypto.h"
#include "shaken/es256.h"
#include "shaken/keyfile.h"
#include "shaken/x509.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

SK_DEFINE_CLEANUP(BIGNUM, BN_clear_free)

struct sk_key {
	struct sk_signer signer; /* first: a signer of ours is a key */
	EVP_PKEY *pkey;          /* freed by OpenSSL with a cleansed scalar */
	EVP_PKEY_CTX *ctx;       /* made once: 12 % of a signature otherwise */
	EVP_MD *sha256;
	uint8_t point[SK_POINT_LEN]; /* of the public key */
};

static enum sk_err key_sign(struct sk_signer *self, struct sk_span msg, uint8_t sig[SK_SIG_LEN])
{
	const struct sk_key *key = (const struct sk_key *)self;
	uint8_t hash[32], der[SK_DER_SIG_MAX];
	size_t len = sizeof(der);

	ERR_clear_error();
	if (EVP_Digest(msg.ptr, msg.len, hash, NULL, key->sha256, NULL) != 1)
		return sk_crypto_fault();
	if (EVP_PKEY_sign(key->ctx, der, &len, hash, sizeof(hash)) != 1)
		return sk_crypto_fault();

	return sk_es256_from_der(der, len, sig) ? SK_OK : SK_ECRYPTO;
}

/* The public key in the form of the file, or nothing there to compare. */
static bool is_pair(const struct sk_secret *secret, const uint8_t point[SK_POINT_LEN])
{
	const uint8_t sign = 2 | (point[SK_POINT_LEN - 1] & 1);

	if (secret->point_len == 0)
		return true;
	if (secret->point_len == SK_POINT_LEN)
		return memcmp(secret->point, point, SK_POINT_LEN) == 0;

	/* SEC 1, 2.3.3: x, and whether y is odd */
	return secret->point[0] == sign &&
	       memcmp(secret->point + 1, point + 1, secret->point_len - 1) == 0;
}

/* The scalar in range (FIPS 186-4, B.4), and its point; one multiplication says all of it. */
static enum sk_err find_point(const struct sk_secret *secret, uint8_t point[SK_POINT_LEN])
{
	SK_CLEANUP(EC_GROUP_free_p)
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	SK_CLEANUP(EC_POINT_free_p) EC_POINT *found = group ? EC_POINT_new(group) : NULL;
	SK_CLEANUP(BN_clear_free_p) BIGNUM *scalar = BN_secure_new();

	if (!found || !scalar || !BN_bin2bn(secret->scalar, SK_SCALAR_LEN, scalar))
		return sk_crypto_fault();
	BN_set_flags(scalar, BN_FLG_CONSTTIME);
	if (BN_is_zero(scalar) || BN_cmp(scalar, EC_GROUP_get0_order(group)) >= 0)
		return SK_KEY_INVALID;
	if (EC_POINT_mul(group, found, scalar, NULL, NULL, NULL) != 1 ||
	    EC_POINT_point2oct(group, found, POINT_CONVERSION_UNCOMPRESSED, point, SK_POINT_LEN,
			       NULL) != SK_POINT_LEN)
		return sk_crypto_fault();

	return is_pair(secret, point) ? SK_OK : SK_KEY_INVALID;
}

/* OpenSSL takes numbers as this machine has them: little-endian */
static void turn(const uint8_t in[SK_SCALAR_LEN], uint8_t out[SK_SCALAR_LEN])
{
	for (size_t i = 0; i < SK_SCALAR_LEN; i++)
		out[i] = in[SK_SCALAR_LEN - 1 - i];
}

static enum sk_err make_pkey(const struct sk_secret *secret, struct sk_key *key)
{
	SK_CLEANUP(EVP_PKEY_CTX_free_p) EVP_PKEY_CTX *ctx = NULL;
	char group[] = SN_X9_62_prime256v1;
	uint8_t number[SK_SCALAR_LEN];
	OSSL_PARAM parts[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, key->point,
						  SK_POINT_LEN),
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, number, sizeof(number)),
		OSSL_PARAM_construct_end(),
	};
	bool made;

	ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	turn(secret->scalar, number);
	made = ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
	       EVP_PKEY_fromdata(ctx, &key->pkey, EVP_PKEY_KEYPAIR, parts) == 1;
	OPENSSL_cleanse(number, sizeof(number));
	return made ? SK_OK : sk_crypto_fault();
}

static enum sk_err read_key(const char *text, size_t len, struct sk_key *key)
{
	SK_CLEANUP(sk_secret_clear) struct sk_secret secret = { .point_len = 0 };
	enum sk_err err;

	if (!sk_secret_read(text, len, &secret))
		return SK_KEY_INVALID;

	ERR_clear_error();
	err = find_point(&secret, key->point);
	return err ? err : make_pkey(&secret, key);
}

static enum sk_err prepare(struct sk_key *key)
{
	ERR_clear_error();
	key->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	key->ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
	if (!key->sha256 || !key->ctx || EVP_PKEY_sign_init(key->ctx) != 1)
		return sk_crypto_fault();

	key->signer.sign = key_sign;
	return SK_OK;
}

enum sk_err sk_key_new(const char *text, size_t len, struct sk_key **out)
{
	SK_CLEANUP(sk_key_free_p) struct sk_key *key = NULL;
	enum sk_err err;

	if (len == 0 || len > SK_KEY_FILE_MAX)
		return SK_KEY_INVALID;

	key = calloc(1, sizeof(*key));
	if (!key)
		return SK_ENOMEM;

	err = read_key(text, len, key);
	if (!err)
		err = prepare(key);
	if (!err)
		*out = sk_steal(key);

	ERR_clear_error();
	return err;
}

void sk_key_free(struct sk_key *key)
{
	if (!key)
		return;

	EVP_PKEY_CTX_free(key->ctx);
	EVP_MD_free(key->sha256);
	EVP_PKEY_free(key->pkey);
	free(key);
}

struct sk_signer *sk_key_signer(struct sk_key *key)
{
	return &key->signer;
}

/* The same point is the same key; a certificate may have it compressed (RFC 5480, 2.2) */
enum sk_err sk_key_check(const struct sk_key *key, const struct sk_chain *chain)
{
	const X509 *leaf = sk_chain_at(chain, 0);
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(leaf);
	struct sk_secret theirs = { .point_len = (size_t)bits->length };

	if (sk_x509_curve(leaf) != SK_CURVE_P256)
		return SK_KEY_MISMATCH;
	if (theirs.point_len != SK_POINT_LEN && theirs.point_len != 1 + SK_POINT_LEN / 2)
		return SK_KEY_MISMATCH;

	memcpy(theirs.point, bits->data, theirs.point_len);
	return is_pair(&theirs, key->point) ? SK_OK : SK_KEY_MISMATCH;
}
