/**
 * @file span.h  A piece of text that belongs to somebody else
 *
 * A pointer and a length; no terminator is expected, any byte may be inside.
 * `ptr` may be NULL only when `len` is 0.  Whoever hands a span out says how
 * long the text behind it lives.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct sk_span {
	const char *ptr;
	size_t len;
};

/** A span over a string literal. */
#define SK_SPAN(literal) ((struct sk_span){ (literal), sizeof(literal) - 1 })

static inline struct sk_span sk_span_of(const char *text)
{
	return (struct sk_span){ text, text ? strlen(text) : 0 };
}

static inline bool sk_span_eq(struct sk_span a, struct sk_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/** Equality without regard to ASCII case. */
static inline bool sk_span_eq_nocase(struct sk_span a, struct sk_span b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool sk_is_lws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/** Are the eight bytes there surely no control characters? */
static inline bool sk_eight_printable(const char *bytes)
{
	const uint64_t each = UINT64_C(0x0101010101010101); /* a 1 in each byte */
	uint64_t eight, low, del;

	memcpy(&eight, bytes, sizeof(eight));
	/* the top bit of a byte is set below 0x20, and where 0x7f stands; the borrow of
	 * one byte can only make the next one look bad, never good */
	low = (eight - each * 0x20) & ~eight;
	del = eight ^ each * 0x7f;
	return !((low | ((del - each) & ~del)) & each * 0x80);
}

/**
 * How many bytes at the start are surely no control characters, by eights: all, or else one may be
 * among the next eight.
 */
static inline size_t sk_span_printable(struct sk_span s)
{
	size_t i = 0;

	if (s.len < sizeof(uint64_t))
		return 0;
	for (; s.len - i >= sizeof(uint64_t); i += sizeof(uint64_t))
		if (!sk_eight_printable(s.ptr + i))
			return i;
	/* those at the end that are less than eight, together with some that were seen */
	return sk_eight_printable(s.ptr + s.len - sizeof(uint64_t)) ? s.len : i;
}

/** Without the white space (also of folded lines) at both ends. */
static inline struct sk_span sk_span_trim(struct sk_span s)
{
	while (s.len > 0 && sk_is_lws(s.ptr[0]))
		s = (struct sk_span){ s.ptr + 1, s.len - 1 };
	while (s.len > 0 && sk_is_lws(s.ptr[s.len - 1]))
		s.len--;
	return s;
}
