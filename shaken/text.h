/**
 * @file text.h  Walking over a text piece by piece; for the library's own parsers
 *
 * ASCII only, no locale.  Not installed.
 */
#pragma once

#include "shaken/span.h"

#include <stdbool.h>

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* The value of a hexadecimal digit, or -1. */
static inline int hex_of(char c)
{
	c = lower(c);
	return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline bool starts_with(struct sk_span s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && memcmp(s.ptr, prefix, len) == 0;
}

static inline struct sk_span skip(struct sk_span s, size_t n)
{
	return n > 0 ? (struct sk_span){ s.ptr + n, s.len - n } : s;
}

/* Is it in the set?  There each character stands in its own place, a blank or NUL where there is
 * none. */
static inline bool is_in(char c, const char set[256])
{
	return set[(unsigned char)c] > ' ';
}

static inline bool is_one_of(char c, const char *set)
{
	for (; *set; set++)
		if (c == *set)
			return true;

	return false;
}

/* The text before the first of `stops`, or all of it; steps over it. */
static inline struct sk_span take_until(struct sk_span *rest, const char *stops)
{
	struct sk_span head = { rest->ptr, 0 };

	while (head.len < rest->len && !is_one_of(rest->ptr[head.len], stops))
		head.len++;

	*rest = skip(*rest, head.len);
	return head;
}

/* Find `;name=value`, the name in any case.  `params` is empty or starts with a `;`. */
static inline bool find_param(struct sk_span params, struct sk_span name, struct sk_span *value)
{
	while (params.len > 0) {
		struct sk_span key, rest;

		params = skip(params, 1);
		rest = take_until(&params, ";");
		key = take_until(&rest, "=");
		if (!sk_span_eq_nocase(key, name) || rest.len == 0)
			continue;

		*value = skip(rest, 1);
		return true;
	}

	return false;
}

/* Does an escape start here (RFC 3986, 2.1)? */
static inline bool is_escape(struct sk_span s)
{
	return s.len >= 3 && s.ptr[0] == '%' && hex_of(s.ptr[1]) >= 0 && hex_of(s.ptr[2]) >= 0;
}

/* The next character, its escape undone, once (RFC 3986, 2.4). */
static inline char take_char(struct sk_span *s)
{
	bool escaped = is_escape(*s);
	char c = escaped ? (char)(hex_of(s->ptr[1]) * 16 + hex_of(s->ptr[2])) : s->ptr[0];

	*s = skip(*s, escaped ? 3 : 1);
	return c;
}

/* Only what may stand in a URI at all, and each `%` before two hex digits (RFC 3986, 2). */
static inline bool is_uri_text(struct sk_span s)
{
	static const char plain[256] = "                                "
				       " ! #$ &'()*+,-./0123456789:; = ?"
				       "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[ ]^_"
				       "`abcdefghijklmnopqrstuvwxyz{|}~ ";

	for (size_t i = 0; i < s.len; i++)
		if (!is_in(s.ptr[i], plain) && (s.ptr[i] != '%' || !is_escape(skip(s, i))))
			return false;

	return true;
}
