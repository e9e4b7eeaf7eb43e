#include "redirector/sip/reply.h"
#include "tests/check.h"

int main(void)
{
	const struct sk_span head = SK_SPAN("Via: SIP/2.0/UDP a\r\nTo: <sip:b>");
	char lines[] = "Contact: <sip:c>\r\n", mem[256];
	struct answer a = { .status = 302, .phrase = "Moved Temporarily" };
	struct sk_buf out;

	a.lines = (struct sk_buf){ .text = lines, .size = sizeof(lines), .len = sizeof(lines) - 1 };
	sk_buf_init(&out, mem, sizeof(mem));
	reply_print(&a, head, "0123", &out);
	CHECK_STR(mem,
		  "SIP/2.0 302 Moved Temporarily\r\nVia: SIP/2.0/UDP a\r\nTo: <sip:b>;tag=0123\r\n"
		  "Contact: <sip:c>\r\nContent-Length: 0\r\n\r\n",
		  "with a tag");
	CHECK(!out.overflow, "fits");

	a.lines.len = 0;
	sk_buf_init(&out, mem, sizeof(mem));
	reply_print(&a, head, "", &out);
	CHECK_STR(mem,
		  "SIP/2.0 302 Moved Temporarily\r\nVia: SIP/2.0/UDP a\r\nTo: <sip:b>\r\n"
		  "Content-Length: 0\r\n\r\n",
		  "in a dialog: no tag of ours");

	for (size_t size = 1; size < 90; size++) {
		sk_buf_init(&out, mem, size);
		reply_print(&a, head, "0123", &out);
		CHECK(out.overflow, "%zu bytes", size);
	}
	return check_result();
}
