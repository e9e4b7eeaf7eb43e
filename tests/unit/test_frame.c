/*
 * Where messages end: each row whole, byte by byte, and cut in two at every place must give
 * the same.
 */
#include "shaken/macro.h"
#include "tests/check.h"
#include "tests/unit/frame_feed.h"

#include <stdlib.h>

#define REQUEST  "INVITE sip:a SIP/2.0\r\n"
#define OPTIONS  "OPTIONS sip:b SIP/2.0\r\nl: 0\r\n\r\n"
#define RESPONSE "SIP/2.0 200 OK\r\n"
#define LENGTH   "Content-Length: 4\r\n"
#define BODY     "\r\nbody"
#define S(text) \
	{ \
		text, sizeof(text) - 1 \
	}

/* clang-format off */
static const struct { const char *name; struct sk_span in; const char *want; } rows[] = {
	{ "a request", S(REQUEST LENGTH BODY), "M47" },
	{ "a response", S(RESPONSE LENGTH BODY), "M41" },
	{ "no body", S(OPTIONS), "M31" },
	{ "not the end of a body", S(REQUEST LENGTH "\r\nbod"), "" },
	{ "not the end of a head", S(REQUEST LENGTH "\r"), "" },
	{ "two in one", S(REQUEST LENGTH BODY OPTIONS), "M47 M31" },
	{ "one and a half", S(OPTIONS "OPTI"), "M31" },
	{ "line ends in between", S("\r\n" OPTIONS "\r\n" OPTIONS "\r\n"), "S2 M31 S2 M31" },
	{ "pings in between", S("\r\n\r\n" OPTIONS "\r\n\r\n\r\n\r\n\r\n" OPTIONS), "P4 M31 P4 P4 S2 M31" },
	{ "half a ping", S("\r\n\r"), "" },
	{ "a body of line ends", S(REQUEST LENGTH "\r\n\r\n\r\n" OPTIONS), "M47 M31" },
	{ "a body that looks like a message", S(REQUEST "l: 31\r\n\r\n" OPTIONS OPTIONS), "M62 M31" },
	{ "compact", S(REQUEST "l:4\r\n" BODY), "M33" },
	{ "compact, great", S(REQUEST "L:4\r\n" BODY), "M33" },
	{ "any case", S(REQUEST "cONTENT-lENGTH:4\r\n" BODY), "M46" },
	{ "blanks before the colon", S(REQUEST "Content-Length \t : \t4 \r\n" BODY), "M52" },
	{ "folded", S(REQUEST "Content-Length:\r\n 4\r\n" BODY), "M49" },
	{ "folded twice", S(REQUEST "l:\r\n\t\r\n 4\r\n" BODY), "M39" },
	{ "folded after", S(REQUEST "l: 4\r\n \r\n" BODY), "M37" },
	{ "a fold that looks like a length", S(REQUEST "X: a\r\n l: 9\r\nl: 4\r\n" BODY), "M47" },
	{ "a name that ends like it", S(REQUEST "X-Content-Length: 9\r\nll: 9\r\nl: 4\r\n" BODY), "M62" },
	{ "a name that begins like it", S(REQUEST "Content-Length-X: 9\r\nCon: 9\r\nl: 4\r\n" BODY), "M63" },
	{ "no colon", S(REQUEST "l 9\r\nl: 4\r\n" BODY), "M39" },
	{ "zeros before", S(REQUEST "l: 0000000000000000000000004\r\n" BODY), "M58" },
	{ "the same twice", S(REQUEST "l: 4\r\n" LENGTH BODY), "M53" },
	{ "the same in other words", S(REQUEST "l: 04\r\n" LENGTH BODY), "M54" },
	{ "a method of its own", S("x-.!%*_+`'~9 sip:a SIP/2.0\r\nl: 0\r\n\r\n"), "M36" },
	{ "a version in small letters", S("INVITE sip:a sip/2.0\r\nl: 0\r\n\r\n"), "M30" },
	{ "as long as may be", S(REQUEST "l: 69\r\n\r\n---------------------------------------------------------------------" OPTIONS), "M100 M31" },
	{ "a byte too long", S(REQUEST "l: 70\r\n\r\n" OPTIONS), "C31" },
	{ "20 digits", S(REQUEST "l: 99999999999999999999\r\n\r\n"), "C49" },
	{ "2^64 and 4", S(REQUEST "l: 18446744073709551620\r\n" BODY), "C49" },
	{ "2^32 and 4", S(REQUEST "l: 4294967300\r\n" BODY), "C39" },
	{ "good, then too long", S(OPTIONS REQUEST "l: 70\r\n\r\n"), "M31 C31" },
	{ "no length", S(REQUEST "\r\n"), "N24" },
	{ "no length, headers", S(REQUEST "Via: x\r\n a\r\n\r\n"), "N36" },
	{ "no length, a body", S(REQUEST "Via: x\r\n" BODY), "N32" },
	{ "only a long name", S(REQUEST "Content-Type: 4\r\n" BODY), "N41" },
	{ "different lengths", S(REQUEST LENGTH "l: 5\r\n" BODY), "G" },
	{ "0 and 4", S(REQUEST "l: 0\r\n" LENGTH BODY), "G" },
	{ "a list", S(REQUEST "l: 4, 4\r\n" BODY), "G" },
	{ "empty", S(REQUEST "l:\r\n" BODY), "G" },
	{ "plus", S(REQUEST "l: +4\r\n" BODY), "G" },
	{ "minus", S(REQUEST "l: -4\r\n" BODY), "G" },
	{ "hexadecimal", S(REQUEST "l: 0x4\r\n" BODY), "G" },
	{ "a letter after", S(REQUEST "l: 4a\r\n" BODY), "G" },
	{ "digits apart", S(REQUEST "l: 4 4\r\n" BODY), "G" },
	{ "digits folded apart", S(REQUEST "l: 4\r\n 4\r\n" BODY), "G" },
	{ "a parameter", S(REQUEST "l: 4;a=b\r\n" BODY), "G" },
	{ "a bare LF after the start line", S("INVITE sip:a SIP/2.0\nl: 4\n\nbody"), "G" },
	{ "a bare LF in a header", S(REQUEST "X: a\nl: 4\r\n" BODY), "G" },
	{ "a bare LF as the end", S(REQUEST LENGTH "\nbody"), "G" },
	{ "a bare CR", S(REQUEST "X: a\rl: 9\r\n" LENGTH BODY), "G" },
	{ "CR CR LF", S(REQUEST LENGTH "\r\r\n" "body"), "G" },
	{ "NUL in a header", S(REQUEST "X: \0\r\n" LENGTH BODY), "G" },
	{ "NUL in the start line", S("INVITE s\0p:a SIP/2.0\r\n" LENGTH BODY), "G" },
	{ "NUL in a length", S(REQUEST "l: 4\0\r\n" BODY), "G" },
	{ "a folded start line", S(REQUEST " X: a\r\n" LENGTH BODY), "G" },
	{ "LF first", S("\n" OPTIONS), "G" },
	{ "CR first", S("\r" OPTIONS), "G" },
	{ "a ping that is none", S("\r\n\r" OPTIONS), "S2 G" },
	{ "no version", S("INVITE sip:a\r\nl: 0\r\n\r\n"), "G" },
	{ "another version", S("INVITE sip:a SIP/3.0\r\nl: 0\r\n\r\n"), "G" },
	{ "another protocol", S("GET http://a/ HTTP/1.1\r\nl: 0\r\n\r\n"), "G" },
	{ "a response of another version", S("SIP/2.1 200 OK\r\nl: 0\r\n\r\n"), "G" },
	{ "a good one, then none", S(OPTIONS "\0\0\0\0"), "M31 G" },
	{ "a head that is too long", S(REQUEST "X: ------------------------------------------------------------------\r\nl: 0\r\n\r\n"), "G" },
	{ "a head that does not end", S(REQUEST "X: -----------------------------------------------------------------------------"), "G" },
};

/* Garbage, and after how many bytes it is known */
static const struct { const char *name; struct sk_span in; size_t known; } early[] = {
	{ "TLS", S("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), 1 },
	{ "STUN", S("\x00\x01\x00\x00\x21\x12\xa4\x42"), 1 },
	{ "SSH", S("SSH-2.0-x\r\n"), 10 },
	{ "HTTP", S("GET / HTTP/1.1\r\n"), 5 },
	{ "HTTP/2", S("PRI * HTTP/2.0\r\n"), 5 },
	{ "a response of HTTP", S("HTTP/1.1 200 OK\r\n"), 5 },
	{ "no method", S(" sip:a SIP/2.0\r\n"), 1 },
	{ "no URI", S("INVITE  SIP/2.0\r\n"), 8 },
	{ "a method without an end", S("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), 65 },
	{ "words", S("hello?"), 6 },
	{ "a folded nothing", S("\tX"), 1 },
	{ "UTF-8", S("\xc3\xa9"), 1 },
};
/* clang-format on */

enum {
	MAX = 100
};

static void check(const struct feed *f, const char *name, const char *want, size_t cut)
{
	CHECK(strcmp(f->text, want) == 0 && !f->wrong, "%s, cut at %zu: got \"%s\", want \"%s\"",
	      name, cut, f->text, want);
}

/* The bytes lie at the end of a block of the heap: whoever reads past them is seen. */
static void one_row(const char *name, struct sk_span in, const char *want)
{
	char *copy = malloc(in.len);
	struct sk_span all = { copy, in.len };
	struct feed f;

	if (!copy)
		exit(1);
	memcpy(copy, in.ptr, in.len);
	for (size_t cut = 0; cut <= in.len; cut++) {
		feed_begin(&f, all, MAX);
		feed_until(&f, cut);
		feed_until(&f, in.len);
		check(&f, name, want, cut);
	}
	feed_begin(&f, all, MAX);
	for (size_t end = 0; end <= in.len; end++)
		feed_until(&f, end);
	check(&f, name, want, 1);
	free(copy);
}

static void known_early(void)
{
	for (size_t i = 0; i < SK_COUNT(early); i++) {
		struct feed f;

		feed_begin(&f, early[i].in, MAX);
		for (size_t end = 0; end <= early[i].in.len; end++)
			feed_until(&f, end);
		CHECK_STR(f.text, "G", early[i].name);
		CHECK(f.known == early[i].known, "%s: known after %zu", early[i].name, f.known);
	}
}

/* A reload makes the limit smaller than the head that has come. */
static void smaller(void)
{
	static const char text[] = REQUEST "l: 40\r\n\r\n";
	struct frame f = { 0 };

	CHECK(frame_look(&f, SK_SPAN(text), MAX) == FRAME_MORE, "the body is to come");
	CHECK(frame_look(&f, SK_SPAN(text), 20) == FRAME_CUT && f.len == sizeof(text) - 1,
	      "too long now");
	memset(&f, 0, sizeof(f));
	CHECK(frame_look(&f, SK_SPAN(REQUEST), MAX) == FRAME_MORE, "the head is to come");
	CHECK(frame_look(&f, SK_SPAN(REQUEST "l"), 10) == FRAME_GARBAGE, "too long now");
}

int main(void)
{
	for (size_t i = 0; i < SK_COUNT(rows); i++)
		one_row(rows[i].name, rows[i].in, rows[i].want);
	known_early();
	smaller();
	return check_result();
}
