/**
 * @file b64url.h  base64url without padding (RFC 7515, section 2; RFC 4648, section 5)
 *
 * Strict on purpose: padding, the standard alphabet, white space, a length of
 * 1 modulo 4 and non-zero trailing bits are refused, so one byte string has
 * exactly one text form.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Characters that `n` bytes become, without a terminator. */
#define SK_B64URL_LEN(n) (((n)*4 + 2) / 3)

/** Most bytes that `n` characters can become. */
#define SK_B64URL_BYTES(n) ((n)*3 / 4)

/**
 * Encode.  Writes SK_B64URL_LEN(len) characters to `out`, and no terminator.
 *
 * @return How many characters were written
 */
size_t sk_b64url_encode(const void *data, size_t len, char *out);

/** Is this text one that sk_b64url_decode() would take?  The empty text is. */
SK_MUSTCHECK
bool sk_b64url_check(struct sk_span text);

/**
 * Decode.
 *
 * @param text  Characters A-Z a-z 0-9 - _ only
 * @param out   Room for SK_B64URL_BYTES(text.len) bytes
 * @param len   Set to the bytes written, only on success
 *
 * @return false when the text is not strict base64url; `out` may be written to
 */
SK_MUSTCHECK
bool sk_b64url_decode(struct sk_span text, uint8_t *out, size_t *len);
