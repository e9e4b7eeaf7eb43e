/*
 * base64url by table.  A table entry is the six bits with 64 added, so that one
 * AND over four entries tells whether all four characters are of the alphabet.
 */
#include "shaken/b64url.h"

/* clang-format off */
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* 64 + the six bits; 0: not of the alphabet (RFC 4648, section 5) */
static const uint8_t values[256] = {
	['A'] = 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76,
		77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89,
	['a'] = 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102,
		103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115,
	['0'] = 116, 117, 118, 119, 120, 121, 122, 123, 124, 125,
	['-'] = 126,
	['_'] = 127,
};
/* clang-format on */

static uint32_t value_of(char c)
{
	return values[(unsigned char)c];
}

static char char_of(uint32_t bits)
{
	return alphabet[bits & 63];
}

size_t sk_b64url_encode(const void *data, size_t len, char *out)
{
	const uint8_t *in = data;
	char *start = out;

	for (; len >= 3; len -= 3, in += 3, out += 4) {
		uint32_t group = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];

		out[0] = char_of(group >> 18);
		out[1] = char_of(group >> 12);
		out[2] = char_of(group >> 6);
		out[3] = char_of(group);
	}
	if (len > 0) {
		uint32_t group = (uint32_t)in[0] << 16 | (len > 1 ? (uint32_t)in[1] << 8 : 0);

		*out++ = char_of(group >> 18);
		*out++ = char_of(group >> 12);
		if (len > 1)
			*out++ = char_of(group >> 6);
	}

	return (size_t)(out - start);
}

/*
 * The last 2 or 3 characters as 24 bits, left-aligned.  Bits behind the last
 * whole byte must be zero, else two texts would mean the same bytes.
 */
static bool read_tail(const char *text, size_t len, uint32_t *group)
{
	uint32_t a = value_of(text[0]), b = value_of(text[1]);
	uint32_t c = len == 3 ? value_of(text[2]) : 64;
	uint32_t bits = (a & 63) << 18 | (b & 63) << 12 | (c & 63) << 6;

	if (!(a & b & c & 64))
		return false;
	if (bits & (len == 3 ? 0xff : 0xffff))
		return false;

	*group = bits;
	return true;
}

bool sk_b64url_check(struct sk_span text)
{
	size_t tail = text.len % 4;
	uint32_t seen = 64, ignored;

	/* RFC 4648, section 4: one character alone carries less than a byte */
	if (tail == 1)
		return false;

	for (size_t i = 0; i < text.len; i++)
		seen &= value_of(text.ptr[i]);

	return seen && (tail == 0 || read_tail(text.ptr + text.len - tail, tail, &ignored));
}

bool sk_b64url_decode(struct sk_span text, uint8_t *out, size_t *len)
{
	size_t tail = text.len % 4, groups = text.len / 4;
	const char *in = text.ptr;
	uint8_t *start = out;
	uint32_t group;

	if (tail == 1)
		return false;

	for (; groups > 0; groups--, in += 4, out += 3) {
		uint32_t a = value_of(in[0]), b = value_of(in[1]);
		uint32_t c = value_of(in[2]), d = value_of(in[3]);

		if (!(a & b & c & d & 64))
			return false;

		group = (a & 63) << 18 | (b & 63) << 12 | (c & 63) << 6 | (d & 63);
		out[0] = (uint8_t)(group >> 16);
		out[1] = (uint8_t)(group >> 8);
		out[2] = (uint8_t)group;
	}
	if (tail > 0) {
		if (!read_tail(in, tail, &group))
			return false;

		*out++ = (uint8_t)(group >> 16);
		if (tail == 3)
			*out++ = (uint8_t)(group >> 8);
	}

	*len = (size_t)(out - start);
	return true;
}
