/**
 * @file keystore_kit.h  Key and certificate files for the tests of the key store
 */
#pragma once

#include "redirector/keys/keystore.h"
#include "tests/unit/pki.h"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define X5U "https://a.example/c.pem"

static char folder[512];

static inline char *named(const char *name)
{
	static char paths[4][600];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, 600, "%s/%s", folder, name);
	return path;
}

static inline void write_file(const char *name, const char *text, size_t len, mode_t mode)
{
	FILE *f = fopen(named(name), "w");

	if (!f || fwrite(text, 1, len, f) != len || fclose(f) != 0 || chmod(named(name), mode) != 0)
		exit(1);
}

static inline void write_key(const char *name, EVP_PKEY *key, mode_t mode)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	if (!bio || !PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		exit(1);
	len = BIO_get_mem_data(bio, &text);
	write_file(name, text, (size_t)len, mode);
	BIO_free(bio);
}

/* A leaf for this key, alone; the issuer does not matter to a signer. */
static inline void write_leaf(const char *name, EVP_PKEY *key, const struct pki_spec *spec)
{
	const struct pki_spec usual = { 0 };
	struct pki_cert root = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	struct pki_cert leaf = pki_issue(spec, PKI_LEAF, &root, key);
	struct pki_text *text = calloc(1, sizeof(*text));

	if (!text)
		exit(1);
	pki_add_cert(text, leaf.cert);
	write_file(name, text->text, text->len, 0644);
	free(text);
	pki_drop(&leaf);
	pki_drop(&root);
}

static inline void write_cert(const char *name, EVP_PKEY *key, int64_t from, int64_t to)
{
	const struct pki_spec spec = { .from = from, .to = to };

	write_leaf(name, key, &spec);
}

/* For one number, 12155551212, and no provider. */
static inline void write_numbers_cert(const char *name, EVP_PKEY *key)
{
	const struct pki_spec spec = { .tnauth = "300fa20d160b3132313535353531323132" };

	write_leaf(name, key, &spec);
}

/* clang-format off */
/* The same key in the other forms: SEC 1, and PKCS#8 without the public key. */
static inline void write_forms(EVP_PKEY *key)
{
	static const uint8_t head[] = { 0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07,
					0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
					0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04,
					0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20 };
	uint8_t der[sizeof(head) + 32];
	BIO *sec1 = BIO_new(BIO_s_mem()), *bare = BIO_new(BIO_s_mem());
	BIGNUM *secret = NULL;
	char *text;
	long len;

	memcpy(der, head, sizeof(head));
	if (EVP_PKEY_get_bn_param(key, "priv", &secret) != 1 ||
	    BN_bn2binpad(secret, der + sizeof(head), 32) != 32 ||
	    !PEM_write_bio_PrivateKey_traditional(sec1, key, NULL, NULL, 0, NULL, NULL) ||
	    !PEM_write_bio(bare, "PRIVATE KEY", "", der, sizeof(der)))
		exit(1);
	len = BIO_get_mem_data(sec1, &text);
	write_file("sec1", text, (size_t)len, 0600);
	len = BIO_get_mem_data(bare, &text);
	write_file("bare", text, (size_t)len, 0600);
	BN_clear_free(secret);
	BIO_free(sec1);
	BIO_free(bare);
}

/* As `sign`. */
static inline bool load(const char *key, const char *certificate, char *x5u, struct keystore **out,
		 char why[KEYSTORE_WHY_SIZE])
{
	char none[] = "";
	struct tenant_conf set = { .sign = { .key = named(key), .x5u = x5u } };

	set.sign.certificate = certificate[0] ? named(certificate) : none;
	return keystore_load(&set, NULL, SK_URL_STRICT, PKI_NOW, out, why);
}

/* What sk_sign() wants, of the credential that nobody asked for by name. */
static inline enum sk_err usual(const struct keystore *k, enum sk_ppt ppt, int64_t now, int64_t iat,
			 const struct sk_credential **out)
{
	const struct keystore_wish wish = { .orig = NULL };
	const struct keystore_entry *e = NULL;
	enum sk_err err = keystore_choose(k, &wish, now, iat, &e);

	if (!err)
		*out = keystore_credential(e, ppt);
	return err;
}
