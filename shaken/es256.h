/**
 * @file es256.h  The two forms of a P-256 signature (RFC 7518, 3.4; RFC 3279, 2.2.3)
 *
 * JWS has r and s as 32 bytes each; OpenSSL wants a DER SEQUENCE of two
 * INTEGERs.  Written by hand because it is on the path of every call: both
 * directions are a few copies.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/passport.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SK_DER_SIG_MAX = 72, /**< longest DER form */
};

/**
 * r and s to DER.
 *
 * @return The length; 0 when r or s is 0 or not below the order n of the group
 */
SK_MUSTCHECK
size_t sk_es256_to_der(const uint8_t sig[SK_SIG_LEN], uint8_t out[SK_DER_SIG_MAX]);

/** DER to r and s.  @return false for anything that is not strict DER of two values in 1..n-1 */
SK_MUSTCHECK
bool sk_es256_from_der(const uint8_t *der, size_t len, uint8_t sig[SK_SIG_LEN]);
