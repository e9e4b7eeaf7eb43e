/*
 * A URI is cut at its delimiters from the outside in: headers, then the user
 * part (which may hold ';' and '?'), then parameters, then the port.
 */
#include "redirector/call/uri.h"

#include <string.h>

static struct sk_span sub(struct sk_span s, size_t from, size_t to)
{
	return (struct sk_span){ from > 0 ? s.ptr + from : s.ptr, to - from };
}

static size_t find(struct sk_span s, char c, size_t from)
{
	const char *p = from < s.len ? memchr(s.ptr + from, c, s.len - from) : NULL;

	return p ? (size_t)(p - s.ptr) : s.len;
}

/* Sets of characters: each stands in its own place, a blank or NUL where there is none. */

/* What could end no line, no <> and no quoted string, and is no white space. */
static const char clean_chars[256] = "                                "
				     " ! #$%&'()*+,-./0123456789:; = ?"
				     "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[ ]^_"
				     "`abcdefghijklmnopqrstuvwxyz{|}~ ";

static const char scheme_chars[256] = "                                "
				      "           + -. 0123456789      "
				      " ABCDEFGHIJKLMNOPQRSTUVWXYZ     "
				      " abcdefghijklmnopqrstuvwxyz     ";

static const char host_chars[256] = "                                "
				    "             -. 0123456789      "
				    " ABCDEFGHIJKLMNOPQRSTUVWXYZ    _"
				    " abcdefghijklmnopqrstuvwxyz     ";

/* How many characters of the set stand at the start. */
static size_t span_of(struct sk_span s, const char set[256])
{
	size_t i = 0;

	while (i < s.len && set[(unsigned char)s.ptr[i]] > ' ')
		i++;
	return i;
}

static bool is_letter(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool scheme_ok(struct sk_span s)
{
	return s.len > 0 && is_letter(s.ptr[0]) && span_of(s, scheme_chars) == s.len;
}

/* hex digits and dots in brackets; that the rest of the alphabet may stand there harms nobody */
static bool v6_ok(struct sk_span s)
{
	size_t i = span_of(s, host_chars);

	for (; i < s.len && s.ptr[i] == ':'; i += span_of(sub(s, i, s.len), host_chars))
		i++;
	return i == s.len;
}

static bool host_ok(struct sk_span s)
{
	if (s.len > 2 && s.ptr[0] == '[' && s.ptr[s.len - 1] == ']')
		return v6_ok(sub(s, 1, s.len - 1));
	return s.len > 0 && span_of(s, host_chars) == s.len;
}

static bool port_ok(struct sk_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return s.len <= 5;
}

/* host [":" port], IPv6 in brackets */
static bool parse_host(struct sk_span s, struct uri *u)
{
	size_t from = s.len && s.ptr[0] == '[' ? find(s, ']', 0) : 0;
	size_t colon = find(s, ':', from);

	u->host = sub(s, 0, colon);
	if (colon < s.len)
		u->port = sub(s, colon + 1, s.len);
	return host_ok(u->host) && port_ok(u->port) && (colon == s.len || u->port.len > 0);
}

bool uri_parse(struct sk_span text, struct uri *out)
{
	struct uri u = { .scheme = { NULL, 0 } };
	size_t colon = find(text, ':', 0), at, query, semi;
	struct sk_span rest;

	if (colon == text.len || span_of(text, clean_chars) < text.len)
		return false;
	u.scheme = sub(text, 0, colon);
	rest = sub(text, colon + 1, text.len);
	if (!scheme_ok(u.scheme) || rest.len == 0)
		return false;
	if (!sk_span_eq_nocase(u.scheme, SK_SPAN("sip")) &&
	    !sk_span_eq_nocase(u.scheme, SK_SPAN("sips"))) {
		/* a tel URI becomes the user part of a SIP URI (RFC 3261, 19.1.6): no '@' in it */
		if (sk_span_eq_nocase(u.scheme, SK_SPAN("tel")) && find(rest, '@', 0) < rest.len)
			return false;
		u.user = rest;
		*out = u;
		return true;
	}

	/* '?' and ';' may stand in the user part, '@' never unescaped behind it */
	at = find(rest, '@', 0);
	if (at < rest.len) {
		semi = find(sub(rest, 0, at), ':', 0);
		u.user = sub(rest, 0, semi);
		u.password = sub(rest, semi < at ? semi + 1 : at, at);
		rest = sub(rest, at + 1, rest.len);
		if (u.user.len == 0 || find(rest, '@', 0) < rest.len)
			return false;
	}
	query = find(rest, '?', 0);
	u.headers = sub(rest, query, rest.len);
	rest = sub(rest, 0, query);
	semi = find(rest, ';', 0);
	u.params = sub(rest, semi, rest.len);
	if (!parse_host(sub(rest, 0, semi), &u))
		return false;
	*out = u;
	return true;
}

/* The next "name[=value]" of `rest`, which begins with or follows a `mark`; moves on behind it. */
static bool next_param(struct sk_span *rest, char mark, struct sk_span *name, struct sk_span *value)
{
	size_t end, eq;
	struct sk_span one;

	while (rest->len > 0 && rest->ptr[0] == mark)
		*rest = sub(*rest, 1, rest->len);
	if (rest->len == 0)
		return false;
	end = find(*rest, mark, 0);
	one = sub(*rest, 0, end);
	*rest = sub(*rest, end, rest->len);
	eq = find(one, '=', 0);
	*name = sub(one, 0, eq);
	*value = sub(one, eq < one.len ? eq + 1 : eq, one.len);
	return true;
}

struct sk_span uri_param(struct sk_span params, struct sk_span name)
{
	struct sk_span n, v;

	while (next_param(&params, ';', &n, &v))
		if (sk_span_eq_nocase(n, name))
			return v;
	return (struct sk_span){ NULL, 0 };
}

size_t uri_param_count(struct sk_span params, struct sk_span name)
{
	struct sk_span n, v;
	size_t count = 0;

	while (next_param(&params, ';', &n, &v))
		count += sk_span_eq_nocase(n, name);
	return count;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum {
	ESCAPED = 256
};

/* RFC 3261, 19.1.4: %HH is the character it stands for unless that is reserved (25.1). */
static int next_char(struct sk_span *s)
{
	int c = (unsigned char)s->ptr[0], high = -1, low = -1;

	if (c == '%' && s->len > 2) {
		high = hex_digit(s->ptr[1]);
		low = hex_digit(s->ptr[2]);
	}
	*s = sub(*s, high >= 0 && low >= 0 ? 3 : 1, s->len);
	if (high < 0 || low < 0)
		return c;
	c = high << 4 | low;
	return c == 0 || strchr(";/?:@&=+$,", c) ? ESCAPED + c : c;
}

static int fold(int c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool same_text(struct sk_span a, struct sk_span b, bool any_case)
{
	while (a.len > 0 && b.len > 0) {
		int x = next_char(&a), y = next_char(&b);

		if (x != y && !(any_case && fold(x) == fold(y)))
			return false;
	}
	return a.len == b.len;
}

/* In any case, and with its escapes undone: "%76erstat" is verstat. */
static bool is_name(struct sk_span text, struct sk_span name)
{
	for (; text.len > 0 && name.len > 0; name = sub(name, 1, name.len))
		if ((next_char(&text) | 0x20) != (name.ptr[0] | 0x20))
			return false;
	return text.len == 0 && name.len == 0;
}

static bool is_one_of(struct sk_span text, const struct sk_span *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_name(text, names[i]))
			return true;
	return false;
}

/* RFC 3261, 19.1.4: these count also when only one of the two URIs has them */
static bool always_counts(struct sk_span name)
{
	static const struct sk_span names[] = {
		{ "user", 4 }, { "ttl", 3 }, { "method", 6 }, { "maddr", 5 }, { "transport", 9 }
	};

	return is_one_of(name, names, SK_COUNT(names));
}

/* Is there one of that name and value?  Values of parameters are compared in any case. */
static bool has_value(struct sk_span params, char mark, struct sk_span name, struct sk_span value)
{
	struct sk_span n, v;

	while (next_param(&params, mark, &n, &v))
		if (sk_span_eq_nocase(n, name) && same_text(v, value, mark == ';'))
			return true;
	return false;
}

static bool params_fit(struct sk_span a, struct sk_span b)
{
	struct sk_span name, value;

	while (next_param(&a, ';', &name, &value))
		if (!has_value(b, ';', name, value) &&
		    (uri_param(b, name).ptr || always_counts(name)))
			return false;
	return true;
}

static bool headers_fit(struct sk_span a, struct sk_span b)
{
	struct sk_span name, value;

	while (next_param(&a, '&', &name, &value))
		if (!has_value(b, '&', name, value))
			return false;
	return true;
}

/* Headers count, in any order. */
static bool headers_eq(struct sk_span a, struct sk_span b)
{
	a = sub(a, a.len > 0, a.len); /* the '?' */
	b = sub(b, b.len > 0, b.len);
	return headers_fit(a, b) && headers_fit(b, a);
}

bool uri_eq(const struct uri *a, const struct uri *b)
{
	/* where the two lead to first: there most differ, and it is quickly seen */
	return sk_span_eq_nocase(a->host, b->host) && sk_span_eq(a->port, b->port) &&
	       sk_span_eq_nocase(a->scheme, b->scheme) && same_text(a->user, b->user, false) &&
	       same_text(a->password, b->password, false) && headers_eq(a->headers, b->headers) &&
	       params_fit(a->params, b->params) && params_fit(b->params, a->params);
}

void uri_escape(struct sk_span text, struct sk_buf *out)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
			     (c != '\0' && strchr("-_.!~*'()", c));

		if (plain) {
			sk_buf_putc(out, (char)c);
		} else {
			char escaped[3] = { '%', hex[c >> 4], hex[c & 15] };

			sk_buf_put(out, (struct sk_span){ escaped, 3 });
		}
	}
}

void uri_print_params_without(struct sk_span params, const struct sk_span *names, size_t count,
			      struct sk_buf *out)
{
	struct sk_span n, v;

	while (next_param(&params, ';', &n, &v)) {
		if (is_one_of(n, names, count))
			continue;
		sk_buf_putc(out, ';');
		/* name and value as they stand, with what is between them */
		sk_buf_put(out, (struct sk_span){ n.ptr, (size_t)(v.ptr + v.len - n.ptr) });
	}
}
