/**
 * @file inverse.h  1 / s modulo the order n of P-256, for numbers that everybody may know
 *
 * Private to the library.  The time it takes tells the number: never for a key or a nonce.
 */
#pragma once

#include "shaken/macro.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	SK_NUMBER_LEN = 32, /**< a number modulo n, the high byte first */
};

/**
 * @param number  Below 2^256
 * @param out     Written only on success
 *
 * @return false when there is no inverse: a multiple of n
 */
SK_MUSTCHECK
bool sk_inverse(const uint8_t number[SK_NUMBER_LEN], uint8_t out[SK_NUMBER_LEN]);
