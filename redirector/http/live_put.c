#include "redirector/http/live_put.h"

#include "shaken/json.h"

#include <string.h>

void live_comma(struct sk_buf *out)
{
	if (out->len > 0 && !strchr("{[", out->text[out->len - 1]))
		sk_buf_putc(out, ',');
}

/* Length of the character there (RFC 3629); 0: it is none. */
static size_t character(const unsigned char *at)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = at[0] < 0x80 ? 1 : at[0] >> 5 == 6 ? 2 : at[0] >> 4 == 14 ? 3 : 4;
	unsigned code = at[0] & (0xff >> (len + 1));

	if (len == 1)
		return 1;
	if (at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (at[i] >> 6 != 2)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	return code < least[len] || code > 0x10ffff || code >> 11 == 0x1b ? 0 : len;
}

static void put_plain(struct sk_buf *out, const unsigned char *at, size_t len)
{
	if (*at == '"' || *at == '\\')
		sk_buf_printf(out, "\\%c", *at);
	else if (*at < 0x20 || *at == 0x7f)
		sk_buf_printf(out, "\\u%04x", (unsigned)*at);
	else
		sk_buf_put(out, (struct sk_span){ (const char *)at, len });
}

void live_string(struct sk_buf *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	sk_buf_putc(out, '"');
	while (*at) {
		size_t len = character(at);

		if (len > 0)
			put_plain(out, at, len);
		else
			sk_buf_putc(out, '?');
		at += len > 0 ? len : 1;
	}
	sk_buf_putc(out, '"');
}

void live_text(struct sk_buf *out, const char *name, const char *text)
{
	sk_json_put_name(out, name);
	live_string(out, text);
}

void live_number(struct sk_buf *out, const char *name, int64_t number)
{
	sk_json_put_name(out, name);
	sk_buf_put_number(out, number);
}

void live_flag(struct sk_buf *out, const char *name, bool flag)
{
	sk_json_put_name(out, name);
	sk_buf_puts(out, flag ? "true" : "false");
}

void live_tenths(struct sk_buf *out, const char *name, double number)
{
	sk_json_put_name(out, name);
	sk_buf_printf(out, "%.1f", number);
}
