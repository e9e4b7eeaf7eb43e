/*
 * The only place that holds a private key.  The file is taken apart by hand as
 * far as the kind of key, so that OpenSSL's search through formats never starts
 * and nothing can ask a terminal for a password.
 */
#include "shaken/key.h"

#include "shaken/crypto.h"
#include "shaken/der.h"
#include "shaken/es256.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <stdlib.h>
#include <string.h>

SK_DEFINE_CLEANUP(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)

struct sk_key {
	struct sk_signer signer; /* first: a signer of ours is a key */
	EVP_PKEY *pkey;          /* freed by OpenSSL with a cleansed scalar */
	EVP_PKEY_CTX *ctx;       /* made once: 12 % of a signature otherwise */
	EVP_MD *sha256;
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

/* RFC 5958, section 2, and RFC 5915, section 3: a SEQUENCE that opens with a version; an encrypted
 * key (RFC 5958, section 3) opens with another SEQUENCE */
static bool is_plain_key(const struct sk_pem *block)
{
	struct sk_der body;
	uint64_t version;

	return sk_der_only((struct sk_der){ block->der, block->len }, SK_DER_SEQUENCE, &body) &&
	       sk_der_uint(&body, &version);
}

static EVP_PKEY *decode_pkcs8(const struct sk_pem *block)
{
	SK_CLEANUP(PKCS8_PRIV_KEY_INFO_free_p) PKCS8_PRIV_KEY_INFO *info = NULL;
	const uint8_t *p = block->der;

	info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)block->len);
	return info ? EVP_PKCS82PKEY(info) : NULL;
}

static EVP_PKEY *decode_sec1(const struct sk_pem *block)
{
	const uint8_t *p = block->der;

	return d2i_PrivateKey(EVP_PKEY_EC, NULL, &p, (long)block->len);
}

static bool is_p256(const EVP_PKEY *pkey)
{
	char group[32] = "";
	size_t len = 0;

	return EVP_PKEY_is_a(pkey, "EC") &&
	       EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group,
					      sizeof(group), &len) == 1 &&
	       strcmp(group, "prime256v1") == 0;
}

/* Scalar in range, point on the curve, and the two a pair */
static enum sk_err check_pair(EVP_PKEY *pkey)
{
	SK_CLEANUP(EVP_PKEY_CTX_free_p) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);

	if (ctx && EVP_PKEY_check(ctx) == 1)
		return SK_OK;

	return sk_crypto_memory() ? SK_ENOMEM : SK_KEY_INVALID;
}

static enum sk_err decode_block(const struct sk_pem *block, struct sk_key *key)
{
	/* `openssl ecparam -genkey` puts the curve in a block of its own in front */
	if (strcmp(block->name, "EC PARAMETERS") == 0)
		return SK_OK;
	if (key->pkey || !is_plain_key(block))
		return SK_KEY_INVALID;

	ERR_clear_error();
	if (strcmp(block->name, "PRIVATE KEY") == 0)
		key->pkey = decode_pkcs8(block);
	else if (strcmp(block->name, "EC PRIVATE KEY") == 0)
		key->pkey = decode_sec1(block);
	if (!key->pkey || !is_p256(key->pkey))
		return sk_crypto_memory() ? SK_ENOMEM : SK_KEY_INVALID;

	return check_pair(key->pkey);
}

static enum sk_err read_key(BIO *in, struct sk_key *key)
{
	SK_CLEANUP(sk_pem_clear) struct sk_pem block = { 0 };
	enum sk_err err;

	do {
		err = sk_pem_next(in, &block);
		if (!err && block.name)
			err = decode_block(&block, key);
	} while (!err && block.name);

	if (err == SK_CERT_SYNTAX || (!err && !key->pkey))
		return SK_KEY_INVALID;

	return err;
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
	SK_CLEANUP(BIO_free_all_p) BIO *in = NULL;
	enum sk_err err;

	if (len == 0 || len > SK_KEY_FILE_MAX)
		return SK_KEY_INVALID;

	key = calloc(1, sizeof(*key));
	in = BIO_new_mem_buf(text, (int)len);
	if (!key || !in)
		return SK_ENOMEM;

	err = read_key(in, key);
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

enum sk_err sk_key_check(const struct sk_key *key, const struct sk_chain *chain)
{
	EVP_PKEY *leaf = X509_get0_pubkey(sk_chain_at(chain, 0));
	bool same;

	if (!leaf)
		return SK_KEY_MISMATCH;

	ERR_clear_error();
	same = EVP_PKEY_eq(key->pkey, leaf) == 1;
	if (sk_crypto_memory())
		return SK_ENOMEM;

	return same ? SK_OK : SK_KEY_MISMATCH;
}
