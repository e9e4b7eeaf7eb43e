#include "redirector/call/uri.h"
#include "tests/check.h"

#include <stdlib.h>

/* clang-format off */
static const struct {
	const char *text, *scheme, *user, *host, *port, *params, *headers;
} good[] = {
	{ "sip:a@b", "sip", "a", "b", "", "", "" },
	{ "SIPS:+1215;npdi;rn=2:pw@EXAMPLE.com:5061;lr;x=y?A=b&C=d", "SIPS", "+1215;npdi;rn=2", "EXAMPLE.com", "5061", ";lr;x=y", "?A=b&C=d" },
	{ "sip:host", "sip", "", "host", "", "", "" },
	{ "sip:a@[2001:db8::1]:5060", "sip", "a", "[2001:db8::1]", "5060", "", "" },
	{ "sip:a@[::1];transport=udp", "sip", "a", "[::1]", "", ";transport=udp", "" },
	{ "sip:a?b;c@h", "sip", "a?b;c", "h", "", "", "" },
	{ "sip:h?Subject=x", "sip", "", "h", "", "", "?Subject=x" },
	{ "tel:+1-215;phone-context=+1", "tel", "+1-215;phone-context=+1", "", "", "", "" },
	{ "urn:service:sos", "urn", "service:sos", "", "", "", "" },
	{ "sip:a:@b", "sip", "a", "b", "", "", "" },
	{ "sip:a_b@h_o.s-t.", "sip", "a_b", "h_o.s-t.", "", "", "" },
};

static const char *const bad[] = {
	"", "sip", "sip:", ":a", "1a:b", "sip:a@", "sip:a@b:", "sip:a@b:x", "sip:a@b:123456", "sip:a@b@c",
	"sip:a b@c", "sip:a@b\r\n", "sip:<a@b>", "sip:a\"@b", "sip:a@b;x=\"", "sip:a@[::1", "sip:a@::1]",
	"sip:a@b\x7f", "sip:a\xc3\xa9@b", "sip:;x", "sip:?x", "sip:a@;x", "s\0p:a@b", "sip:a\\@b", "sip:a@[]",
	"sip:a@b,c", "sip:@b", "sip::x@b", "sip:a@b;x=c@d", "tel:+1@b", "sip:a@b/c",
};

/* RFC 3261, 19.1.4, and the cases that follow from its rules */
static const struct {
	const char *a, *b;
	bool equal;
} pairs[] = {
	{ "sip:%61lice@atlanta.example;transport=TCP", "sip:alice@AtlanTa.Example;Transport=tcp", true },
	{ "sip:carol@chicago.example", "sip:carol@chicago.example;newparam=5", true },
	{ "sip:carol@chicago.example;security=on", "sip:carol@chicago.example;newparam=5", true },
	{ "sip:biloxi.example;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.example", "sip:biloxi.example;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.example", true },
	{ "sip:alice@a.example?subject=x%20y&priority=urgent", "sip:alice@a.example?priority=urgent&subject=x%20y", true },
	{ "sip:a@b?X=%61", "sip:a@b?x=a", true },
	{ "SIP:a@b", "sip:a@B", true },
	{ "sip:a@b;x=Y", "sip:a@b;X=y", true },
	{ "sip:a@b;;", "sip:a@b", true },
	{ "sip:a%2d@b", "sip:a-@b", true },
	{ "sip:a%2B@b", "sip:a%2b@b", true },
	{ "tel:+1", "TEL:+1", true },
	{ "sip:ALICE@a.example", "sip:alice@a.example", false },
	{ "sip:bob@biloxi.example", "sip:bob@biloxi.example:5060", false },
	{ "sip:bob@biloxi.example", "sip:bob@biloxi.example;transport=udp", false },
	{ "sip:bob@biloxi.example", "sip:bob@biloxi.example:6000;transport=tcp", false },
	{ "sip:carol@chicago.example", "sip:carol@chicago.example?Subject=next%20meeting", false },
	{ "sip:bob@phone21.boxes.example", "sip:bob@192.0.2.4", false },
	{ "sip:carol@c.example;security=on", "sip:carol@c.example;security=off", false },
	{ "sip:a@b", "sips:a@b", false },
	{ "sip:a@b;user=phone", "sip:a@b", false },
	{ "sip:a@b;maddr=192.0.2.1", "sip:a@b", false },
	{ "sip:a@b;ttl=1", "sip:a@b", false },
	{ "sip:a@b;method=INVITE", "sip:a@b", false },
	{ "sip:a:x@b", "sip:a:y@b", false },
	{ "sip:a:x@b", "sip:a@b", false },
	{ "sip:%2B1@b", "sip:+1@b", false }, /* '+' is reserved */
	{ "sip:a%40@b", "sip:a@b", false },
	{ "sip:a@b?x=1&y=2", "sip:a@b?x=1", false },
	{ "sip:a@b?x=1", "sip:a@b?x=2", false },
	{ "sip:a%00@b", "sip:a@b", false },
	{ "sip:a@b:5060", "sip:a@b:5061", false },
};
/* clang-format on */

static void check_span(struct sk_span got, const char *want, const char *what)
{
	CHECK(sk_span_eq(got, sk_span_of(want)), "%s: got \"%.*s\", want \"%s\"", what,
	      (int)got.len, got.ptr ? got.ptr : "", want);
}

static void parsing(void)
{
	struct uri u;

	for (size_t i = 0; i < SK_COUNT(good); i++) {
		CHECK(uri_parse(sk_span_of(good[i].text), &u), "%s", good[i].text);
		check_span(u.scheme, good[i].scheme, good[i].text);
		check_span(u.user, good[i].user, good[i].text);
		check_span(u.host, good[i].host, good[i].text);
		check_span(u.port, good[i].port, good[i].text);
		check_span(u.params, good[i].params, good[i].text);
		check_span(u.headers, good[i].headers, good[i].text);
	}
	for (size_t i = 0; i < SK_COUNT(bad); i++)
		CHECK(!uri_parse(sk_span_of(bad[i]), &u), "row %zu: %s", i, bad[i]);
	CHECK(!uri_parse((struct sk_span){ NULL, 0 }, &u), "nothing");
	CHECK(!uri_parse((struct sk_span){ "sip:a\0@b", 8 }, &u), "a NUL inside");
}

static void equality(void)
{
	for (size_t i = 0; i < SK_COUNT(pairs); i++) {
		struct uri a, b;

		if (!uri_parse(sk_span_of(pairs[i].a), &a) ||
		    !uri_parse(sk_span_of(pairs[i].b), &b)) {
			CHECK(false, "%s, %s", pairs[i].a, pairs[i].b);
			continue;
		}
		CHECK(uri_eq(&a, &b) == pairs[i].equal, "%s = %s", pairs[i].a, pairs[i].b);
		CHECK(uri_eq(&b, &a) == pairs[i].equal, "%s = %s", pairs[i].b, pairs[i].a);
		CHECK(uri_eq(&a, &a) && uri_eq(&b, &b), "%s", pairs[i].a);
	}
}

static void params(void)
{
	const struct sk_span some = SK_SPAN(";a=1;;b;A=2;c=;lr"),
			     names[] = { { "a", 1 }, { "LR", 2 } };
	char mem[64];
	struct sk_buf out;

	check_span(uri_param(some, SK_SPAN("A")), "1", "the first of that name");
	CHECK(uri_param(some, SK_SPAN("b")).ptr && uri_param(some, SK_SPAN("b")).len == 0,
	      "there, without a value");
	CHECK(uri_param(some, SK_SPAN("c")).ptr && uri_param(some, SK_SPAN("c")).len == 0,
	      "there, with an empty value");
	CHECK(!uri_param(some, SK_SPAN("d")).ptr, "not there");
	CHECK(!uri_param((struct sk_span){ NULL, 0 }, SK_SPAN("d")).ptr, "nothing there");
	sk_buf_init(&out, mem, sizeof(mem));
	uri_print_params_without(some, names, SK_COUNT(names), &out);
	CHECK_STR(mem, ";b;c=", "without two");
}

static void escaping(void)
{
	char mem[1024], all[256];
	struct sk_buf out;

	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	sk_buf_init(&out, mem, sizeof(mem));
	uri_escape((struct sk_span){ all, 256 }, &out);
	CHECK(!out.overflow && out.len == 71 + 185 * 3, "%zu", out.len);
	sk_buf_init(&out, mem, sizeof(mem));
	uri_escape(SK_SPAN("a;b=<\"c\">, d@e&f%?\r\n#-_.!~*'()"), &out);
	CHECK_STR(mem, "a%3Bb%3D%3C%22c%22%3E%2C%20d%40e%26f%25%3F%0D%0A%23-_.!~*'()", "escaped");
}

int main(void)
{
	parsing();
	equality();
	params();
	escaping();
	return check_result();
}
