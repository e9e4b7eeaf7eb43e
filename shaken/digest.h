/**
 * @file digest.h  SHA-256 of some bytes
 */
#pragma once

#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdint.h>

enum {
	SK_DIGEST_LEN = 32,
};

/** @return SK_OK or SK_ECRYPTO */
SK_MUSTCHECK
enum sk_err sk_digest(struct sk_span bytes, uint8_t out[SK_DIGEST_LEN]);
