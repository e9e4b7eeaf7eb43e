/**
 * @file pki.h  Making certificates and revocation lists for a laboratory
 *
 * Mechanism only: what a plan says is done, also where it makes a certificate
 * that no verifier should take.  Every function returns false when OpenSSL
 * fails; outputs are set only on success.
 */
#pragma once

#include "shaken/macro.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A certificate and its private key.  Owns both; starts as zeroes. */
struct pki_pair {
	X509 *cert;
	EVP_PKEY *key;
};

void pki_pair_deinit(struct pki_pair *pair);

enum pki_key {
	PKI_P256,
	PKI_P384,
	PKI_RSA,
};

/** What sets a certificate apart from a plain end entity certificate of the SHAKEN profile (bits).
 */
enum {
	PKI_CA = 1,         /**< CA:TRUE and key usage keyCertSign, cRLSign          */
	PKI_CA_FLAG = 2,    /**< CA:TRUE, the key usage of a leaf                    */
	PKI_NO_USAGE = 4,   /**< no key usage at all                                 */
	PKI_SHA384 = 8,     /**< signed by ecdsa-with-SHA384                         */
	PKI_NO_POLICY = 16, /**< no certificate policy (a root, a server)            */
};

/** DER of an extension; `der` NULL: leave it out. */
struct pki_ext {
	const uint8_t *der;
	size_t len;
};

struct pki_plan {
	const char *common_name;
	const char *serial;         /**< subject attribute serialNumber; NULL: none               */
	enum pki_key key;           /**< ignored when `own_key` is set                            */
	EVP_PKEY *own_key;          /**< key to certify, not owned; may be a public one           */
	unsigned flags;             /**< PKI_...                                                  */
	int64_t from, to;           /**< validity, seconds since the epoch                        */
	struct pki_ext tnauth;      /**< TNAuthList (RFC 8226, 9)                                 */
	struct pki_ext constraints; /**< JWTClaimConstraints (RFC 8226, 8)                        */
	const char *crl_url;        /**< for the CRL distribution point; NULL: none               */
	const char *alt_names;      /**< "DNS:...,IP:..." makes it a TLS server; NULL: none       */
};

/**
 * Make a key and have it certified.
 *
 * @param issuer  NULL: by itself
 * @param out     Set only on success; `key` is a new reference to `own_key` when that was given
 */
SK_MUSTCHECK
bool pki_issue(const struct pki_plan *plan, const struct pki_pair *issuer, struct pki_pair *out);

/**
 * Make a revocation list.
 *
 * @param revoked  A certificate to list, NULL: the list is empty
 */
SK_MUSTCHECK
bool pki_revoke(const struct pki_pair *issuer, const X509 *revoked, int64_t from, int64_t to,
		X509_CRL **out);
