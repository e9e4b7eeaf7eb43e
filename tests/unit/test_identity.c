#include "shaken/identity.h"
#include "tests/check.h"

#define URL "https://cert.example.org/passport.cer"

static void check_part(struct sk_span got, const char *want, const char *in, const char *part)
{
	CHECK((got.ptr == NULL) == (want == NULL), "%s: %s is %sthere", in, part,
	      want ? "not " : "");
	if (want)
		CHECK(sk_span_eq(got, sk_span_of(want)), "%s: %s is \"%.*s\"", in, part,
		      (int)got.len, got.ptr);
}

static void test_accepted(void)
{
	static const struct {
		const char *in, *token, *info, *alg, *ppt;
		unsigned extra;
		bool bare_info;
	} cases[] = {
		{ "h.p.s;info=<" URL ">;alg=ES256;ppt=shaken", "h.p.s", URL, "ES256", "shaken", 0,
		  false },
		{ "h.p.s;info=<" URL ">;alg=ES256;ppt=\"shaken\"", "h.p.s", URL, "ES256", "shaken",
		  0, false },
		{ "h.p.s ; info = <" URL "> ; alg = ES256 ; ppt = shaken ", "h.p.s", URL, "ES256",
		  "shaken", 0, false },
		{ "h.p.s;\r\n info=<" URL ">\r\n\t;alg\n =\n ES256;ppt=shaken", "h.p.s", URL,
		  "ES256", "shaken", 0, false },
		{ " \r\n h.p.s\r\n ;INFO=<" URL ">;Alg=ES256;PPT=shaken", "h.p.s", URL, "ES256",
		  "shaken", 0, false },
		{ "h.p.s;ppt=shaken;alg=ES256;info=<" URL ">", "h.p.s", URL, "ES256", "shaken", 0,
		  false },
		{ "h.p.s;info=<" URL ">;alg=ES256;ppt=shaken;foo=bar;baz", "h.p.s", URL, "ES256",
		  "shaken", 2, false },
		{ "h.p.s;x=\"a;b,c\\\"<\";info=<" URL ">;y=<;,>", "h.p.s", URL, NULL, NULL, 2,
		  false },
		{ "h.p.s;info=<" URL ">", "h.p.s", URL, NULL, NULL, 0, false },
		{ "h.p.s", "h.p.s", NULL, NULL, NULL, 0, false },
		{ "h.p.s;info=" URL, "h.p.s", URL, NULL, NULL, 0, true },
		{ "h.p.s;info=\"" URL "\"", "h.p.s", URL, NULL, NULL, 0, true },
		{ "h.p.s;info=<>", "h.p.s", "", NULL, NULL, 0, false },
		{ "h.p.s;info=<not a uri>", "h.p.s", "not a uri", NULL, NULL, 0, false },
		{ "h.p.s;info=<a;b=c>;alg=x", "h.p.s", "a;b=c", "x", NULL, 0, false },
		{ "h.p.s;alg;ppt", "h.p.s", NULL, "", "", 0, false },
		{ "h.p.s;ppt=\"\"", "h.p.s", NULL, NULL, "", 0, false },
		{ "h.p.s;ppt=\"sha\\\"ken\"", "h.p.s", NULL, NULL, "sha\\\"ken", 0, false },
		{ "..s;infos=x", "..s", NULL, NULL, NULL, 1, false },
		{ "not/looked+at=<>\"", "not/looked+at=<>\"", NULL, NULL, NULL, 0, false },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_identity got = { .extra_params = 99 };
		const char *in = cases[i].in;

		CHECK(sk_identity_parse(sk_span_of(in), &got) == SK_OK, "%s", in);
		check_part(got.token, cases[i].token, in, "token");
		check_part(got.info, cases[i].info, in, "info");
		check_part(got.alg, cases[i].alg, in, "alg");
		check_part(got.ppt, cases[i].ppt, in, "ppt");
		CHECK(got.extra_params == cases[i].extra, "%s: %u more", in, got.extra_params);
		CHECK(got.info_brackets == (cases[i].info && !cases[i].bare_info), "%s: brackets",
		      in);
	}
}

static void test_refused(void)
{
	static const char *const cases[] = {
		"",
		" ",
		"\r\n ",
		";info=<" URL ">",
		" ;info=<" URL ">",
		"h.p .s;info=<" URL ">",
		"h. p.s",
		"h.p.\r\n s",
		"h.p.s info=<" URL ">",
		"h.p.s;info=<" URL,
		"h.p.s;info=" URL ">",
		"h.p.s;info=<" URL ">x;alg=ES256",
		"h.p.s;info=<" URL "><" URL ">",
		"h.p.s;ppt=\"shaken",
		"h.p.s;ppt=\"shaken\\\"",
		"h.p.s;ppt=sha\"ken\"",
		"h.p.s;ppt=\"sha\"ken",
		"h.p.s;ppt=sha ken",
		"h.p.s;ppt=",
		"h.p.s;ppt= ;alg=ES256",
		"h.p.s;",
		"h.p.s;;alg=ES256",
		"h.p.s; ;alg=ES256",
		"h.p.s;=x",
		"h.p.s;\"a\"=x",
		"h.p.s;alg=ES256;",
		"h.p.s;info=<a>;info=<a>",
		"h.p.s;info=<a>;INFO=<b>",
		"h.p.s;alg=ES256;alg=ES256",
		"h.p.s;alg;alg=ES256",
		"h.p.s;ppt=shaken;PPT=div",
		"h.p.s;alg=ES256\r\nX: y",
		"h.p.s;alg=ES256\nX",
		"h.p.s;alg=ES256\r X",
		"h.p.s;alg=\"\r\nX: y\"",
		"h.p.s;info=<\r\n>",
		"h.p.s;x=\001",
		"h.p.s;x=\177",
		"h\001.p.s",
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_identity got = { .extra_params = 99 };

		CHECK(sk_identity_parse(sk_span_of(cases[i]), &got) == SK_IDENTITY_SYNTAX, "%s",
		      cases[i]);
		CHECK(got.extra_params == 99, "%s: untouched", cases[i]);
	}
	CHECK(sk_identity_parse((struct sk_span){ "h.p.s\0;alg=x", 12 },
				&(struct sk_identity){ 0 }) == SK_IDENTITY_SYNTAX,
	      "NUL");
	CHECK(sk_identity_parse((struct sk_span){ NULL, 0 }, &(struct sk_identity){ 0 }) ==
		      SK_IDENTITY_SYNTAX,
	      "nothing");
}

static void test_size(void)
{
	static char text[SK_TOKEN_MAX + 16];
	struct sk_identity got;

	memset(text, 'a', sizeof(text));
	memcpy(text + SK_TOKEN_MAX, ";alg=x", 6);
	CHECK(sk_identity_parse((struct sk_span){ text, SK_TOKEN_MAX + 6 }, &got) == SK_OK,
	      "longest");
	text[SK_TOKEN_MAX] = 'a';
	CHECK(sk_identity_parse((struct sk_span){ text, SK_TOKEN_MAX + 1 }, &got) == SK_TOKEN_SIZE,
	      "one more");
}

static void test_next(void)
{
	static const struct {
		const char *in;
		const char *want[4];
	} cases[] = {
		{ "", { NULL } },
		{ "a", { "a" } },
		{ " a ", { "a" } },
		{ "a,b", { "a", "b" } },
		{ "a , b;x=1\r\n , c", { "a", "b;x=1", "c" } },
		{ "a,", { "a" } },
		{ ",a", { "", "a" } },
		{ "a,,b", { "a", "", "b" } },
		{ " ", { "" } },
		{ "a;info=<x,y>,b", { "a;info=<x,y>", "b" } },
		{ "a;x=\"p,\\\",q\",b", { "a;x=\"p,\\\",q\"", "b" } },
		{ "a;info=<\">,b;x=\"<\",c", { "a;info=<\">", "b;x=\"<\"", "c" } },
		/* what is open takes the rest with it */
		{ "a;info=<x,b", { "a;info=<x,b" } },
		{ "a;x=\"y,b", { "a;x=\"y,b" } },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_span rest = sk_span_of(cases[i].in), one;
		size_t n = 0;

		for (; sk_identity_next(&rest, &one); n++) {
			const char *want = n < 4 ? cases[i].want[n] : NULL;

			CHECK(want && sk_span_eq(one, sk_span_of(want)),
			      "%s: value %zu is \"%.*s\"", cases[i].in, n, (int)one.len, one.ptr);
		}
		CHECK(n == 4 || cases[i].want[n] == NULL, "%s: only %zu", cases[i].in, n);
	}
}

int main(void)
{
	test_accepted();
	test_refused();
	test_size();
	test_next();

	return check_result();
}
