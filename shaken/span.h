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

/** Without the white space (also of folded lines) at both ends. */
static inline struct sk_span sk_span_trim(struct sk_span s)
{
	while (s.len > 0 && sk_is_lws(s.ptr[0]))
		s = (struct sk_span){ s.ptr + 1, s.len - 1 };
	while (s.len > 0 && sk_is_lws(s.ptr[s.len - 1]))
		s.len--;
	return s;
}
