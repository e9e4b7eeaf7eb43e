/*
 * One Reason value.  The signature was checked to be base64url when the token
 * was cut, so nothing in it can end the quoted string.
 */
#include "shaken/reason.h"

void sk_reason_print(const char *protocol, const struct sk_outcome *outcome,
		     struct sk_span signature, struct sk_buf *out)
{
	if (outcome->code == 0)
		return;

	sk_buf_printf(out, "%s;cause=%u;text=\"%s\"", protocol, outcome->code, outcome->phrase);
	if (signature.len > 0) {
		/* RFC 9410, section 4: the PASSporT in compact form names which one failed */
		sk_buf_puts(out, ";ppi=\"..");
		sk_buf_put(out, signature);
		sk_buf_putc(out, '"');
	}
}
