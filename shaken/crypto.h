/**
 * @file crypto.h  What all users of OpenSSL here share; private to the library
 *
 * Owners for OpenSSL's types, PEM blocks, and the question that decides who is
 * to blame: did it say no, or did it run out of memory?
 */
#pragma once

#include "shaken/err.h"
#include "shaken/macro.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

SK_DEFINE_CLEANUP(BIO, BIO_free_all)
SK_DEFINE_CLEANUP(EC_GROUP, EC_GROUP_free)
SK_DEFINE_CLEANUP(EC_POINT, EC_POINT_free)
SK_DEFINE_CLEANUP(EVP_MAC, EVP_MAC_free)
SK_DEFINE_CLEANUP(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
SK_DEFINE_CLEANUP(X509, X509_free)
SK_DEFINE_CLEANUP(X509_CRL, X509_CRL_free)
SK_DEFINE_CLEANUP(X509_STORE_CTX, X509_STORE_CTX_free)

/**
 * Did an allocation inside OpenSSL fail since the last ERR_clear_error(), as far
 * as it says, or would one fail now?  Empties the error queue.
 */
SK_MUSTCHECK
bool sk_crypto_memory(void);

/** What a failure that nobody outside can cause means: SK_ENOMEM or SK_ECRYPTO.  Empties the queue.
 */
SK_MUSTCHECK
enum sk_err sk_crypto_fault(void);

/**
 * Does this outcome lay the blame on somebody outside?  Then the question is put
 * once more, and sk_crypto_agree() has the answer: an allocation that failed
 * unseen does not fail twice, and a real fault does.
 */
SK_MUSTCHECK
bool sk_crypto_blames(enum sk_err err);

/** @return What both say; SK_ENOMEM when they differ */
SK_MUSTCHECK
enum sk_err sk_crypto_agree(enum sk_err first, enum sk_err second);

/** One PEM block, decoded. */
struct sk_pem {
	char *name; /**< "CERTIFICATE", "PRIVATE KEY", ...; NULL: there is no further block */
	uint8_t *der;
	size_t len;
};

/** Cleanses what it frees: it may have been a key.  For SK_CLEANUP. */
void sk_pem_clear(struct sk_pem *block);

/**
 * Read the next PEM block; text in front of it is skipped.  Never asks for a
 * password: a block with headers of its own (encrypted) is refused.
 *
 * @param block  What it held is cleared first
 *
 * @return SK_OK, also at the end; SK_CERT_SYNTAX for a broken block; SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err sk_pem_next(BIO *in, struct sk_pem *block);
