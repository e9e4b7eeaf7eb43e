/*
 * Two INTEGERs in a SEQUENCE, which is never longer than 72 bytes, so every
 * length is one byte.  There is no rule on the size of s: (r, n - s) is as valid
 * as (r, s) in JWS.
 */
#include "shaken/es256.h"

#include "shaken/der.h"

#include <string.h>

enum {
	HALF = SK_SIG_LEN / 2,
};

/* the order n of the group P-256 (SEC 2, 2.4.2) */
static const uint8_t order[HALF] = {
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
	0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
};

/* FIPS 186-4, 6.4.2: r and s in 1..n-1, or the signature is invalid */
static bool in_range(const uint8_t number[HALF])
{
	static const uint8_t zero[HALF];

	return memcmp(number, zero, HALF) != 0 && memcmp(number, order, HALF) < 0;
}

/* @return how many bytes were written */
static size_t put_integer(const uint8_t number[HALF], uint8_t *out)
{
	size_t skip = 0, pad;

	while (number[skip] == 0)
		skip++;
	pad = number[skip] >> 7; /* without it the number would be negative */

	out[0] = SK_DER_INTEGER;
	out[1] = (uint8_t)(HALF - skip + pad);
	out[2] = 0;
	memcpy(out + 2 + pad, number + skip, HALF - skip);
	return 2 + pad + HALF - skip;
}

size_t sk_es256_to_der(const uint8_t sig[SK_SIG_LEN], uint8_t out[SK_DER_SIG_MAX])
{
	size_t len = 2;

	if (!in_range(sig) || !in_range(sig + HALF))
		return 0;

	len += put_integer(sig, out + len);
	len += put_integer(sig + HALF, out + len);
	out[0] = SK_DER_SEQUENCE;
	out[1] = (uint8_t)(len - 2);
	return len;
}

static bool take_integer(struct sk_der *in, uint8_t number[HALF])
{
	struct sk_der value;

	if (!sk_der_take(in, SK_DER_INTEGER, &value) || value.len == 0 || value.ptr[0] & 0x80)
		return false;
	if (value.len > 1 && value.ptr[0] == 0) {
		if (!(value.ptr[1] & 0x80))
			return false;
		value.ptr++;
		value.len--;
	}
	if (value.len > HALF)
		return false;

	memset(number, 0, HALF);
	memcpy(number + HALF - value.len, value.ptr, value.len);
	return in_range(number);
}

bool sk_es256_from_der(const uint8_t *der, size_t len, uint8_t sig[SK_SIG_LEN])
{
	struct sk_der in = { der, len }, both;
	uint8_t found[SK_SIG_LEN];

	if (!sk_der_only(in, SK_DER_SEQUENCE, &both))
		return false;
	if (!take_integer(&both, found) || !take_integer(&both, found + HALF) || both.len > 0)
		return false;

	memcpy(sig, found, sizeof(found));
	return true;
}
