/*
 * A name is a stranger's text that we are to sign: what is not plain UTF-8 is not
 * repaired, it is no name.
 */
#include "redirector/call/name.h"

#include "shaken/tn.h"

#include <stdint.h>

/* RFC 3629, section 3: no surrogates, no longer form than needed. */
size_t name_char(struct sk_span s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = p[0] < 0x80                   ? 1
		     : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
		     : (p[0] & 0xf0) == 0xe0       ? 3
		     : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
						   : 0;
	uint32_t code;

	if (len == 1)
		return p[0] >= ' ' && p[0] != 0x7f;
	if (len == 0 || len > s.len)
		return 0;
	code = p[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3fu);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ||
	    code < 0xa0)
		return 0;
	return len;
}

/* The text in front of the '<', or nothing. */
static struct sk_span words_of(struct sk_span value)
{
	struct sk_span uri, params;

	if (sk_nameaddr_split(value, &uri, &params) || uri.ptr == value.ptr)
		return (struct sk_span){ NULL, 0 };
	return sk_span_trim((struct sk_span){ value.ptr, (size_t)(uri.ptr - value.ptr) - 1 });
}

/* Takes the quotes off, if there are any. */
static bool unquote(struct sk_span *s)
{
	if (s->len < 2 || s->ptr[0] != '"' || s->ptr[s->len - 1] != '"')
		return false;
	*s = sk_span_trim((struct sk_span){ s->ptr + 1, s->len - 2 });
	return true;
}

/* All white space at once is one space. */
static struct sk_span put_space(struct sk_span s, struct sk_buf *out)
{
	sk_buf_putc(out, ' ');
	while (s.len > 0 && sk_is_lws(s.ptr[0]))
		s = (struct sk_span){ s.ptr + 1, s.len - 1 };
	return s;
}

bool name_read(struct sk_span value, char *out, size_t size)
{
	struct sk_span s = words_of(value);
	bool quoted = unquote(&s);
	struct sk_buf text;
	size_t len;

	sk_buf_init(&text, out, size);
	while (s.len > 0) {
		if (sk_is_lws(s.ptr[0])) {
			s = put_space(s, &text);
			continue;
		}
		if (s.ptr[0] == '"')
			break; /* neither a word nor one quoted string (RFC 3261, 25.1) */
		if (quoted && s.ptr[0] == '\\' && s.len > 1)
			s = (struct sk_span){ s.ptr + 1, s.len - 1 };
		len = name_char(s);
		if (len == 0)
			break;
		sk_buf_put(&text, (struct sk_span){ s.ptr, len });
		s = (struct sk_span){ s.ptr + len, s.len - len };
	}
	if (s.len == 0 && text.len > 0 && !text.overflow)
		return true;
	out[0] = '\0';
	return false;
}

void name_print_quoted(struct sk_span text, struct sk_buf *out)
{
	sk_buf_putc(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"' || text.ptr[i] == '\\')
			sk_buf_putc(out, '\\');
		sk_buf_putc(out, text.ptr[i]);
	}
	sk_buf_putc(out, '"');
}
