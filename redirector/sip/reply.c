/*
 * Status line, the request's own lines, ours.  Never an Expires: the Contact is
 * good once (RFC 3261, 21.3.3).
 */
#include "redirector/sip/reply.h"

void reply_print(const struct answer *a, struct sk_span head, const char *tag, struct sk_buf *out)
{
	sk_buf_puts(out, "SIP/2.0 ");
	sk_buf_put_number(out, a->status);
	sk_buf_putc(out, ' ');
	sk_buf_puts(out, a->phrase);
	sk_buf_puts(out, "\r\n");
	sk_buf_put(out, head);
	if (tag[0]) { /* RFC 3261, 8.2.6.2 */
		sk_buf_puts(out, ";tag=");
		sk_buf_puts(out, tag);
	}
	sk_buf_puts(out, "\r\n");
	sk_buf_put(out, (struct sk_span){ a->lines.text, a->lines.len });
	sk_buf_puts(out, "Content-Length: 0\r\n\r\n");
}
