/**
 * @file keyfile.h  A key file down to its numbers; private to the library
 */
#pragma once

#include "shaken/err.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SK_SCALAR_LEN = 32, /**< a private key on P-256, bytes                    */
	SK_POINT_LEN = 65,  /**< a public one, not compressed (SEC 1, 2.3.3)      */
};

/** A private key on P-256; whether its numbers are good ones is not yet known. */
struct sk_secret {
	uint8_t scalar[SK_SCALAR_LEN]; /**< big-endian                                */
	uint8_t point[SK_POINT_LEN];
	size_t point_len; /**< SK_POINT_LEN, half of it when compressed, 0: the file has none */
};

/** For SK_CLEANUP. */
void sk_secret_clear(struct sk_secret *secret);

/**
 * Read the one key of a PEM file: PKCS#8 (RFC 5958) or SEC 1 (RFC 5915), not encrypted, with the
 * curve named P-256.  Text around it is allowed, and the curve in a block of its own.
 *
 * @return false: anything else; `out` is then untouched
 */
SK_MUSTCHECK
bool sk_secret_read(const char *text, size_t len, struct sk_secret *out);
