/**
 * @file pki.h  A certificate authority for tests
 *
 * Every extension is given as the hex digits of its DER, so that a test can write
 * any nonsense: NULL is what a good SHAKEN certificate has, "" leaves it out.
 * Whatever fails here ends the test program.
 */
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PKI_NOW = 1443208350,  /**< the clock of the vectors: 25 September 2015 */
	PKI_FROM = 1420070400, /**< 1 January 2015 */
	PKI_TO = 1577836800,   /**< 1 January 2020 */
	PKI_TEXT_MAX = 131072,
};

struct pki_spec {
	const char *cn;     /**< NULL: by place                            */
	const char *key;    /**< NULL: P-256; or P-384, secp256k1, RSA ... */
	const char *digest; /**< NULL: SHA256                              */
	int64_t from, to;   /**< 0: PKI_FROM, PKI_TO                       */
	const char *serial; /**< hex; NULL: 16 bytes                       */
	long version;       /**< 0: v3; else the number in the certificate plus 1 */
	const char *basic, *usage, *ski, *aki, *policies, *crldp, *tnauth;
	bool basic_plain, usage_plain; /**< not critical */
	bool tnauth_critical, tnauth_twice;
	const char *jcc, *ejcc; /**< NULL: none */
	bool jcc_critical, jcc_twice;
	const char *extra; /**< an OID of a further extension */
	bool extra_critical;
	unsigned extra_count; /**< how many of it; 0: one */
	bool spoil;           /**< one bit of the signature turned */
	bool bare_name;       /**< neither C nor O                 */
};

enum pki_place {
	PKI_LEAF,
	PKI_MID,
	PKI_ROOT,
};

struct pki_cert {
	X509 *cert;
	EVP_PKEY *key;
};

/**
 * Make a certificate.
 *
 * @param issuer  NULL: signed by itself
 * @param key     NULL: a new one; else used (and referenced)
 */
struct pki_cert pki_issue(const struct pki_spec *spec, enum pki_place place,
			  const struct pki_cert *issuer, EVP_PKEY *key);
void pki_drop(struct pki_cert *cert);

/** Text that grows: PEM blocks. */
struct pki_text {
	size_t len;
	char text[PKI_TEXT_MAX];
};

void pki_add_cert(struct pki_text *out, const X509 *cert);

/** As PKCS#8, not encrypted. */
void pki_add_key(struct pki_text *out, const EVP_PKEY *key);

struct pki_crl {
	int64_t from, to;        /**< 0: PKI_FROM, PKI_TO; to < 0: no nextUpdate */
	const X509 *revoked;     /**< NULL: nobody */
	bool names_issuer;       /**< the entry says whose certificate it is (indirect list) */
	const char *idp;         /**< hex of issuingDistributionPoint; NULL: none */
	bool delta;              /**< marked as a delta list */
	long number;             /**< cRLNumber; 0: none */
	const char *entry_extra; /**< an OID of an extension of the entry */
	bool entry_critical;
	bool spoil;
};

void pki_add_crl(struct pki_text *out, const struct pki_crl *spec, const struct pki_cert *signer);

/**
 * Sign a JWS in compact form, ES256.
 *
 * @return NUL-terminated; the caller frees it
 */
char *pki_jws(const char *header, const char *payload, EVP_PKEY *key);

/** The STI-PA's list: one entry, `pem`.  @param x5u  NULL: https://pa.example/signer.pem */
char *pki_calist(int64_t sequence, int64_t exp, const char *pem, const char *x5u, EVP_PKEY *key);

/** As the inside of a JSON string. */
char *pki_json(const char *text);

/** Read a private or public key of tests/vectors/keys. */
EVP_PKEY *pki_vector_key(const char *name);

/** Read a file of tests/vectors; NUL-terminated; the caller frees it. */
char *pki_vector(const char *path, size_t *len);

/** Hex digits to bytes.  @return How many */
size_t pki_hex(const char *hex, uint8_t *out, size_t size);

/** Three certificates for the key (NULL: a new one) with TNAuthList SPC 709J: leaf and intermediate
 *  go to `chain`, the root to `anchors`.  @return The leaf's key; the caller frees it */
EVP_PKEY *pki_simple(EVP_PKEY *key, struct pki_text *chain, struct pki_text *anchors);
