#include "redirector/sip/scan.h"
#include "tests/check.h"

#include <stdlib.h>

#define LINE "OPTIONS sip:a SIP/2.0\r\n"

/* clang-format off */
#define ROW(name, text, want) { name, text, sizeof(text) - 1, want }
static const struct {
	const char *name, *text;
	size_t len;
	enum scan_result want;
} rows[] = {
	ROW("one header", LINE "a: b\r\n\r\n", SCAN_OK),
	ROW("none", LINE "\r\n", SCAN_OK),
	ROW("blank before the colon", LINE "Identity \t: x\r\n\r\n", SCAN_OK),
	ROW("fold", LINE "a: b\r\n c\r\n\td\r\n\r\n", SCAN_OK),
	ROW("empty value", LINE "a:\r\n\r\n", SCAN_OK),
	ROW("body with anything", LINE "a: b\r\n\r\n\0\r\n\n", SCAN_OK),
	ROW("bytes beyond ASCII", LINE "a: \xc3\xa9\r\n\r\n", SCAN_OK),
	ROW("odd method", "A!%*_+`'~b sip:a SIP/2.0\r\n\r\n", SCAN_OK),
	ROW("version in lower case", "OPTIONS sip:a sip/2.0\r\n\r\n", SCAN_OK),
	ROW("nothing", "", SCAN_NOISE),
	ROW("keep-alive", "\r\n\r\n", SCAN_NOISE),
	ROW("long keep-alive", "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", SCAN_NOISE),
	ROW("STUN", "\0\1\0\0\x21\x12\xa4\x42" "abcdefghijkl", SCAN_NOISE),
	ROW("a response", "SIP/2.0 200 OK\r\na: b\r\n\r\n", SCAN_NOISE),
	ROW("another version", "OPTIONS sip:a SIP/3.0\r\n\r\n", SCAN_NOISE),
	ROW("HTTP", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", SCAN_NOISE),
	ROW("no URI", "OPTIONS  SIP/2.0\r\n\r\n\r\n", SCAN_NOISE),
	ROW("blanks in the URI", "OPTIONS sip:a b SIP/2.0\r\n\r\n", SCAN_NOISE),
	ROW("two blanks", "OPTIONS  sip:a SIP/2.0\r\n\r\n", SCAN_NOISE),
	ROW("blank at the end", "OPTIONS sip:a SIP/2.0 \r\n\r\n", SCAN_NOISE),
	ROW("tab", "OPTIONS\tsip:a\tSIP/2.0\r\n\r\n", SCAN_NOISE),
	ROW("folded start line", "OPTIONS sip:a\r\n SIP/2.0\r\n\r\n", SCAN_NOISE),
	ROW("fold behind the start line", LINE " a: b\r\n\r\n", SCAN_NOISE),
	ROW("NUL in the start line", "OPTIONS sip:\0 SIP/2.0\r\n\r\n", SCAN_NOISE),
	ROW("method with a quote", "OP\"IONS sip:a SIP/2.0\r\n\r\n", SCAN_NOISE),
	ROW("only LF", "OPTIONS sip:a SIP/2.0\na: b\n\n", SCAN_NOISE),
	ROW("no end of headers", LINE "a: b\r\n", SCAN_BAD_LINES),
	ROW("cut in a line", LINE "a: b\r\nc", SCAN_BAD_LINES),
	ROW("cut in the last line end", LINE "a: b\r\n\r", SCAN_BAD_LINES),
	ROW("bare LF", LINE "a: b\nc: d\r\n\r\n", SCAN_BAD_LINES),
	ROW("bare CR", LINE "a: b\rc: d\r\n\r\n", SCAN_BAD_LINES),
	ROW("CR CR LF", LINE "a: b\r\r\n\r\n", SCAN_BAD_LINES),
	ROW("NUL", LINE "a: b\0c\r\n\r\n", SCAN_BAD_LINES),
	ROW("DEL", LINE "a: b\x7f\r\n\r\n", SCAN_BAD_LINES),
	ROW("escape", LINE "a: \x1b[2J\r\n\r\n", SCAN_BAD_LINES),
	ROW("no colon", LINE "abc\r\n\r\n", SCAN_BAD_LINES),
	ROW("no name", LINE ": b\r\n\r\n", SCAN_BAD_LINES),
	ROW("blank in the name", LINE "a b: c\r\n\r\n", SCAN_BAD_LINES),
	ROW("fold in front of the colon", LINE "a\r\n : c\r\n\r\n", SCAN_BAD_LINES),
	ROW("name with a bracket", LINE "a<: c\r\n\r\n", SCAN_BAD_LINES),
};
/* clang-format on */

static void results(void)
{
	static struct scan scan;

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		/* an exact copy, so that a read beyond it is seen */
		char *copy = malloc(rows[i].len + 1);

		if (!copy)
			abort();
		memcpy(copy, rows[i].text, rows[i].len);
		CHECK(scan_message((struct sk_span){ copy, rows[i].len }, 128, &scan) ==
			      rows[i].want,
		      "%s", rows[i].name);
		free(copy);
	}
}

static enum scan_result scan_lines(size_t lines, size_t max)
{
	static struct scan scan;
	char text[4096] = LINE;

	for (size_t i = 0; i < lines; i++)
		strcat(text, "a: b\r\n");
	strcat(text, "\r\n");
	return scan_message(sk_span_of(text), max, &scan);
}

static void limits(void)
{
	CHECK(scan_lines(128, 128) == SCAN_OK, "128 lines");
	CHECK(scan_lines(129, 128) == SCAN_TOO_MANY, "129 lines");
	CHECK(scan_lines(129, 1000) == SCAN_TOO_MANY, "never more than there is room for");
	CHECK(scan_lines(16, 16) == SCAN_OK && scan_lines(17, 16) == SCAN_TOO_MANY, "16 lines");
}

static void is(struct sk_span got, const char *want, const char *what)
{
	CHECK(sk_span_eq(got, sk_span_of(want)), "%s: got \"%.*s\"", what, (int)got.len, got.ptr);
}

static void values(void)
{
	const char *text = "INVITE sip:a@b SIP/2.0\r\nVia: one\r\nidentity \t:  x \r\n y \t\r\n"
			   "Y:z\r\nv : two\r\nBody:\r\n\r\nbody";
	static struct scan scan;
	size_t count;

	CHECK(scan_message(sk_span_of(text), 128, &scan) == SCAN_OK, "scanned");
	is(scan.method, "INVITE", "method");
	is(scan.request_uri, "sip:a@b", "Request-URI");
	CHECK(scan.header_count == 5 && text[scan.head_len] == 'b', "five, then the body");
	is(scan.headers[1].name, "identity", "name without blanks");
	is(scan.headers[1].value, "x \r\n y", "value with its fold");
	is(scan.headers[4].value, "", "empty value");
	CHECK(scan_is(&scan.headers[1], SK_SPAN("Identity"), 'y'), "any case");
	CHECK(scan_is(&scan.headers[2], SK_SPAN("Identity"), 'y'), "compact");
	CHECK(!scan_is(&scan.headers[2], SK_SPAN("Identity"), '\0'), "no compact form");
	is(scan_find(&scan, SK_SPAN("VIA"), 'v', &count), "one", "the first");
	CHECK(count == 2, "of two");
	CHECK(!scan_find(&scan, SK_SPAN("To"), 't', &count).ptr && count == 0, "none");
}

int main(void)
{
	results();
	limits();
	values();
	return check_result();
}
