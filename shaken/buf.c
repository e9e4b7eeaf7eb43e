/*
 * A fixed buffer.  An overflow is sticky: nothing is cut in the middle and then
 * continued, so no half header can leave the house.
 */
#include "shaken/buf.h"

#include <stdarg.h>
#include <stdio.h>

void sk_buf_init(struct sk_buf *buf, char *text, size_t size)
{
	*buf = (struct sk_buf){ .text = text, .size = size };
	text[0] = '\0';
}

void sk_buf_put(struct sk_buf *buf, struct sk_span s)
{
	if (buf->overflow || s.len >= buf->size - buf->len) {
		buf->overflow = true;
		return;
	}

	if (s.len > 0)
		memcpy(buf->text + buf->len, s.ptr, s.len);
	buf->len += s.len;
	buf->text[buf->len] = '\0';
}

void sk_buf_puts(struct sk_buf *buf, const char *s)
{
	sk_buf_put(buf, sk_span_of(s));
}

void sk_buf_putc(struct sk_buf *buf, char c)
{
	if (buf->overflow || buf->size - buf->len <= 1) {
		buf->overflow = true;
		return;
	}

	buf->text[buf->len++] = c;
	buf->text[buf->len] = '\0';
}

void sk_buf_put_number(struct sk_buf *buf, int64_t number)
{
	/* as unsigned, since the least number has no positive counterpart */
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + rest % 10);
	while (rest /= 10);
	if (number < 0)
		digits[--at] = '-';
	sk_buf_put(buf, (struct sk_span){ digits + at, sizeof(digits) - at });
}

void sk_buf_printf(struct sk_buf *buf, const char *fmt, ...)
{
	size_t room = buf->size - buf->len;
	va_list args;
	int n;

	if (buf->overflow)
		return;

	va_start(args, fmt);
	n = vsnprintf(buf->text + buf->len, room, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room) {
		buf->text[buf->len] = '\0';
		buf->overflow = true;
		return;
	}
	buf->len += (size_t)n;
}
