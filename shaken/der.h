/**
 * @file der.h  A strict DER reader (X.690, section 10); private to the library
 *
 * Single-byte tags, definite lengths in their shortest form.  A value is cut out
 * of what is left, so nothing can be read past the end of the piece it is in.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SK_DER_INTEGER = 0x02,
	SK_DER_UTF8 = 0x0c,
	SK_DER_IA5 = 0x16,
	SK_DER_SEQUENCE = 0x30,
	SK_DER_EXPLICIT = 0xa0, /**< constructed [0]; [n] is this plus n */
};

/** What is still to be read. */
struct sk_der {
	const uint8_t *ptr;
	size_t len;
};

/** Read the next element.  @return false for anything but DER; `in` and the outputs are then
 * untouched */
SK_MUSTCHECK
bool sk_der_next(struct sk_der *in, uint8_t *tag, struct sk_der *value);

/** Read the next element, which must have this tag. */
SK_MUSTCHECK
bool sk_der_take(struct sk_der *in, uint8_t tag, struct sk_der *value);

/** Read the one element that is there: nothing may follow it. */
SK_MUSTCHECK
bool sk_der_only(struct sk_der in, uint8_t tag, struct sk_der *value);

/** Read a string of this tag as text. */
SK_MUSTCHECK
bool sk_der_text(struct sk_der *in, uint8_t tag, struct sk_span *text);

/** Read an INTEGER that is not negative and fits 64 bits. */
SK_MUSTCHECK
bool sk_der_uint(struct sk_der *in, uint64_t *out);
