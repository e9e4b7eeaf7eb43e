/*
 * Any bytes through the scanner: every span lies within the datagram, every name
 * is a token, and no accepted line holds what could end a line.
 */
#include "redirector/sip/scan.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool ok)
{
	if (!ok)
		abort();
}

static void inside(struct sk_span s, struct sk_span all)
{
	need(s.len == 0 || (s.ptr >= all.ptr && s.ptr + s.len <= all.ptr + all.len));
}

static void one_line(struct sk_span s, bool folds)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c == '\r' && folds && i + 2 < s.len && s.ptr[i + 1] == '\n' &&
		    (s.ptr[i + 2] == ' ' || s.ptr[i + 2] == '\t'))
			i++;
		else
			need(c == '\t' || (c >= ' ' && c != 0x7f));
	}
}

static void check_name(struct sk_span name)
{
	need(name.len > 0);
	for (size_t i = 0; i < name.len; i++)
		need((unsigned char)name.ptr[i] > ' ' && (unsigned char)name.ptr[i] < 0x7f &&
		     !strchr("()<>@,;:\\\"/[]?={}", name.ptr[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_span all = { (const char *)data, size };
	static struct scan scan;
	size_t count;

	if (scan_message(all, 100, &scan) != SCAN_OK)
		return 0;
	need(scan.header_count <= 100 && scan.head_len <= size && scan.head_len >= 4);
	need(memcmp(all.ptr + scan.head_len - 4, "\r\n\r\n", 4) == 0);
	inside(scan.method, all);
	inside(scan.request_uri, all);
	one_line(scan.request_uri, false);
	check_name(scan.method);
	for (size_t i = 0; i < scan.header_count; i++) {
		inside(scan.headers[i].name, all);
		inside(scan.headers[i].value, all);
		check_name(scan.headers[i].name);
		one_line(scan.headers[i].value, true);
	}
	inside(scan_find(&scan, SK_SPAN("Via"), 'v', &count), all);
	need(count <= scan.header_count);
	return 0;
}
