/**
 * @file tnauth.h  The TNAuthList extension of a certificate (RFC 8226, section 9)
 *
 * A strict DER reader of our own: definite lengths in their shortest form,
 * EXPLICIT tags, IA5String, every byte used.  The remaining length shrinks with
 * every read.
 */
#pragma once

#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/span.h"
#include "shaken/tn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SK_TNAUTH_MAX = 256, /**< most entries of one list                     */
	SK_SPC_SIZE = 17,    /**< longest service provider code and its terminator */
};

enum sk_tnauth_kind {
	SK_TNAUTH_SPC,   /**< a service provider code              */
	SK_TNAUTH_RANGE, /**< `count` numbers from `text` on       */
	SK_TNAUTH_ONE,   /**< one number                           */
};

struct sk_tnauth_entry {
	enum sk_tnauth_kind kind;
	char text[SK_SPC_SIZE]; /**< code, first number, or number; NUL-terminated */
	uint64_t count;         /**< of a range, at least 2                        */
};

struct sk_tnauth {
	size_t count;
	struct sk_tnauth_entry entries[SK_TNAUTH_MAX];
};

/**
 * Read the value of the extension.
 *
 * Refused: an empty list, an empty code, a code outside of [A-Z0-9], numbers
 * outside of [0-9#*] or longer than 15, a range of fewer than 2 or one that
 * leaves its number of digits, unknown choices, trailing bytes, BER.
 *
 * @param out  Set only on success
 *
 * @return SK_OK or SK_CERT_TNAUTH
 */
SK_MUSTCHECK
enum sk_err sk_tnauth_parse(const uint8_t *der, size_t len, struct sk_tnauth *out);

/** Exactly one entry, and that a service provider code (ATIS-1000080)? Then its text, else NULL. */
const char *sk_tnauth_spc(const struct sk_tnauth *list);

/**
 * Does the list cover this number?  A service provider code covers every number
 * (which numbers a provider holds is not in the certificate); a range and a
 * single number cover what they say.
 */
SK_MUSTCHECK
bool sk_tnauth_covers(const struct sk_tnauth *list, const struct sk_party *number);
