/**
 * @file pkcs11.h  A PKCS#11 library, by libp11's engine for OpenSSL
 *
 * Every function but pkcs11_new() may block for as long as the library likes.  One at a time
 * of pkcs11_open(), pkcs11_stop() and pkcs11_free(); pkcs11_sign() at any time beside
 * pkcs11_open(), also with one key in several threads.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/passport.h"
#include "shaken/span.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pkcs11;

/** Why a key could not be opened. */
enum pkcs11_fault {
	PKCS11_NONE,
	PKCS11_LIBRARY, /**< it does not start, or sees no token            */
	PKCS11_PIN,     /**< the token does not take the PIN                */
	PKCS11_OBJECT,  /**< no such token, or no such key in it            */
	PKCS11_KIND,    /**< no key on P-256                                */
};

/** Loads the library; does not start it.  @return false with the reason */
SK_MUSTCHECK
bool pkcs11_new(const char *module, struct pkcs11 **out, char *why, size_t size);

/** Every key is closed. */
void pkcs11_free(struct pkcs11 *pkcs11);

/**
 * Opens a private key; starts the library when it is not.
 *
 * @param pin  NULL: without a login
 * @param out  Set only with PKCS11_NONE; pkcs11_close() it
 */
SK_MUSTCHECK
enum pkcs11_fault pkcs11_open(struct pkcs11 *pkcs11, const char *uri, const char *pin,
			      EVP_PKEY **out);
void pkcs11_close(EVP_PKEY *key);

/** Ends the library (C_Finalize); the next pkcs11_open() starts it.  Every key is closed. */
void pkcs11_stop(struct pkcs11 *pkcs11);

/** ES256: SHA-256, then r and s.  @return false when the token fails */
SK_MUSTCHECK
bool pkcs11_sign(EVP_PKEY *key, struct sk_span msg, uint8_t sig[SK_SIG_LEN]);
