/*
 * Tag, length, value.  OpenSSL's own readers take BER too (indefinite lengths,
 * lengths with leading zeros); two encodings of one list would be two answers to
 * what a certificate says.
 */
#include "shaken/der.h"

/* X.690, 10.1: the shortest form only; four length bytes are more than any file of ours has */
static bool read_length(struct sk_der *in, size_t *out)
{
	size_t len = 0;

	if (in->len == 0)
		return false;

	const uint8_t first = *in->ptr++;
	const size_t bytes = first & 0x7f;

	in->len--;
	if (first < 0x80) {
		*out = first;
		return true;
	}
	if (bytes == 0 || bytes > 4 || bytes > in->len || in->ptr[0] == 0)
		return false;

	for (size_t i = 0; i < bytes; i++)
		len = len << 8 | in->ptr[i];
	in->ptr += bytes;
	in->len -= bytes;
	*out = len;
	return len >= 0x80;
}

bool sk_der_next(struct sk_der *in, uint8_t *tag, struct sk_der *value)
{
	struct sk_der rest = *in;
	size_t len;

	/* 0x1f announces a tag of several bytes: nothing that we read has one */
	if (rest.len == 0 || (rest.ptr[0] & 0x1f) == 0x1f)
		return false;

	const uint8_t found = *rest.ptr++;

	rest.len--;
	if (!read_length(&rest, &len) || len > rest.len)
		return false;

	*tag = found;
	*value = (struct sk_der){ rest.ptr, len };
	*in = (struct sk_der){ rest.ptr + len, rest.len - len };
	return true;
}

bool sk_der_take(struct sk_der *in, uint8_t tag, struct sk_der *value)
{
	struct sk_der rest = *in, found;
	uint8_t found_tag;

	if (!sk_der_next(&rest, &found_tag, &found) || found_tag != tag)
		return false;

	*in = rest;
	*value = found;
	return true;
}

bool sk_der_only(struct sk_der in, uint8_t tag, struct sk_der *value)
{
	struct sk_der found;

	if (!sk_der_take(&in, tag, &found) || in.len > 0)
		return false;

	*value = found;
	return true;
}

bool sk_der_text(struct sk_der *in, uint8_t tag, struct sk_span *text)
{
	struct sk_der value;

	if (!sk_der_take(in, tag, &value))
		return false;

	*text = (struct sk_span){ (const char *)value.ptr, value.len };
	return true;
}

bool sk_der_uint(struct sk_der *in, uint64_t *out)
{
	struct sk_der rest = *in, value;
	uint64_t number = 0;

	if (!sk_der_take(&rest, SK_DER_INTEGER, &value))
		return false;
	if (value.len == 0 || value.ptr[0] & 0x80)
		return false;
	/* X.690, 8.3.2: a leading zero only in front of a set top bit */
	if (value.len > 1 && value.ptr[0] == 0 && !(value.ptr[1] & 0x80))
		return false;
	if (value.len > 9 || (value.len == 9 && value.ptr[0] != 0))
		return false;

	for (size_t i = 0; i < value.len; i++)
		number = number << 8 | value.ptr[i];
	*in = rest;
	*out = number;
	return true;
}
