/*
 * The messages are our own, but what they quote is not: a value in quotes ends at the quote
 * that the next pair or the end of the message follows, and that no backslash stands before.
 */
#include "redirector/base/log_json.h"

#include <string.h>

enum {
	DIGITS_MAX = 15, /* of a number that every reader keeps exactly */
};

static bool is_key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* @return -1: none */
static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What log_word() has escaped.  @return its length; 0: no escape, but a backslash */
static size_t read_escape(const char *p, size_t len, unsigned char *out)
{
	if (len >= 2 && (p[1] == '"' || p[1] == '\\')) {
		*out = (unsigned char)p[1];
		return 2;
	}
	if (len < 6 || memcmp(p, "\\u00", 4) != 0 || hex_value(p[4]) < 0 || hex_value(p[5]) < 0)
		return 0;
	*out = (unsigned char)(hex_value(p[4]) << 4 | hex_value(p[5]));
	return 6;
}

static void print_string(struct sk_span s, bool escaped, struct sk_buf *out)
{
	sk_buf_putc(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		size_t taken = escaped && c == '\\' ? read_escape(s.ptr + i, s.len - i, &c) : 0;

		i += taken ? taken - 1 : 0;
		if (c == '"' || c == '\\')
			sk_buf_printf(out, "\\%c", c);
		else if (c < ' ' || c >= 0x7f)
			sk_buf_printf(out, "\\u%04x", c);
		else
			sk_buf_putc(out, (char)c);
	}
	sk_buf_putc(out, '"');
}

static bool is_number(struct sk_span s)
{
	if (s.len == 0 || s.len > DIGITS_MAX || (s.len > 1 && s.ptr[0] == '0'))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return true;
}

static void print_pair(struct sk_span key, struct sk_span value, bool quoted, struct sk_buf *out)
{
	sk_buf_putc(out, ',');
	print_string(key, false, out);
	sk_buf_putc(out, ':');
	if (!quoted && is_number(value))
		sk_buf_put(out, value);
	else
		print_string(value, quoted, out);
}

/* Is there nothing, or a blank and the next pair's `key=`? */
static bool is_value_end(const char *text, size_t len)
{
	size_t i = 1;

	if (len == 0)
		return true;
	if (text[0] != ' ')
		return false;
	while (i < len && is_key_char(text[i]))
		i++;
	return i > 1 && i < len && text[i] == '=';
}

/* A message may quote in its turn (`"x y" is not known`), so not every quote ends it.
 * @return the length of a quoted value that starts behind its quote, or `len`: it has no end */
static size_t quoted_len(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\\' && i + 1 < len && (text[i + 1] == '"' || text[i + 1] == '\\'))
			i++; /* of log_word() */
		else if (text[i] == '"' && is_value_end(text + i + 1, len - i - 1))
			return i;
	return len;
}

/* Takes one pair off the front.  @return false: there is none */
static bool take_pair(struct sk_span *rest, struct sk_buf *out)
{
	const char *p = rest->ptr;
	size_t key = 0, at, len;
	bool quoted;

	while (key < rest->len && is_key_char(p[key]))
		key++;
	if (key == 0 || key == rest->len || p[key] != '=')
		return false;
	at = key + 1;
	quoted = at < rest->len && p[at] == '"';
	at += quoted;
	if (quoted)
		len = quoted_len(p + at, rest->len - at);
	else
		for (len = 0; at + len < rest->len && p[at + len] != ' '; len++)
			;
	print_pair((struct sk_span){ p, key }, (struct sk_span){ p + at, len }, quoted, out);
	at += len + quoted;
	while (at < rest->len && p[at] == ' ')
		at++;
	if (at > rest->len)
		at = rest->len;
	*rest = (struct sk_span){ p + at, rest->len - at };
	return true;
}

void log_json_pairs(struct sk_span text, struct sk_buf *out)
{
	while (text.len > 0 && take_pair(&text, out))
		;
	if (text.len > 0)
		print_pair(SK_SPAN("msg"), text, true, out);
}
