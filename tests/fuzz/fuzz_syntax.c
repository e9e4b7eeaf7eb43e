/*
 * What is read by hand the SIP library reads, and finds the same.
 */
#include "redirector/sip/syntax.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	TEXT_SIZE = 65536,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char mem[2][TEXT_SIZE];
	static struct scan scan;
	struct sk_span bytes = { (const char *)data, size };
	struct syntax usual, parsed;
	struct sk_buf vias[2];
	struct addr source;

	need(addr_parse(SK_SPAN("192.0.2.1:5062"), &source));
	sk_buf_init(&vias[0], mem[0], TEXT_SIZE);
	sk_buf_init(&vias[1], mem[1], TEXT_SIZE);
	if (size > TEXT_SIZE / 4 || scan_message(bytes, FACTS_HEADERS_MAX, &scan) != SCAN_OK ||
	    !syntax_usual(&scan, &source, &usual, &vias[0])) {
		need(vias[0].len == 0);
		return 0;
	}
	need(syntax_parsed(bytes, &scan, &source, &parsed, &vias[1]));
	need(strcmp(mem[0], mem[1]) == 0 && !vias[0].overflow && !vias[1].overflow);
	need(sk_span_eq(usual.branch, parsed.branch) && sk_span_eq(usual.sent_by, parsed.sent_by));
	need(sk_span_eq(usual.sent_port, parsed.sent_port));
	need(sk_span_eq(usual.from_tag, parsed.from_tag));
	need(usual.rport == parsed.rport && usual.in_dialog == parsed.in_dialog);
	need(usual.sound == parsed.sound);
	return 0;
}
