#include "shaken/b64url.h"
#include "tests/check.h"

/* The texts of RFC 4648, section 10, without their padding. */
static void test_known(void)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = {
		{ "", "" },
		{ "f", "Zg" },
		{ "fo", "Zm8" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg" },
		{ "fooba", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xfb\xff", "-_8" },
		{ "\xff\xff\xff", "____" },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		size_t bytes = strlen(cases[i].bytes), len = 99;
		char text[16] = "";
		uint8_t back[16] = { 0 };

		text[sk_b64url_encode(cases[i].bytes, bytes, text)] = '\0';
		CHECK_STR(text, cases[i].text, "encode");
		CHECK(strlen(text) == SK_B64URL_LEN(bytes), "%s: length", text);
		CHECK(sk_b64url_check(sk_span_of(text)), "%s: check", text);
		CHECK(sk_b64url_decode(sk_span_of(text), back, &len), "%s: decode", text);
		CHECK(len == bytes && memcmp(back, cases[i].bytes, len) == 0, "%s: bytes", text);
	}
}

static void test_refused(void)
{
	static const char *const cases[] = {
		"Zg==",   "Zm8=",    "Zm9v=", "=",       "Z",       "Zm9vY", "Zm9 v",
		" Zm9v",  "Zm9v ",   "Zm\n9", "+_8",     "-/8",     "Zh",    "Zm9",
		"Zm9vYh", "Zm9vYmF", "Z.g",   "Zm9\x80", "Zm9\xff", "Zm,v",  "Zm9v\tYg",
		"Zm9@",   "Zm9[",    "Zm9`",  "Zm9{",
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		uint8_t out[32];
		size_t len = 99;

		CHECK(!sk_b64url_check(sk_span_of(cases[i])), "check \"%s\"", cases[i]);
		CHECK(!sk_b64url_decode(sk_span_of(cases[i]), out, &len), "decode \"%s\"",
		      cases[i]);
		CHECK(len == 99, "\"%s\": len untouched", cases[i]);
	}
	CHECK(!sk_b64url_check((struct sk_span){ "Zm\0v", 4 }), "NUL inside");
}

/* Of every text of one to four characters over some alphabet, each value in one text only. */
static void test_unique(void)
{
	static const char set[] = "AQgwBZaz09-_+/=.";
	size_t n = sizeof(set) - 1;

	for (size_t i = 0; i < n * n * n; i++) {
		char text[3] = { set[i % n], set[i / n % n], set[i / n / n] };

		for (size_t len = 2; len <= 3; len++) {
			struct sk_span span = { text, len };
			uint8_t bytes[3];
			char again[4];
			size_t count;
			bool ok = sk_b64url_decode(span, bytes, &count);

			CHECK(ok == sk_b64url_check(span), "%.*s", (int)len, text);
			if (ok)
				CHECK(sk_b64url_encode(bytes, count, again) == len &&
					      memcmp(again, text, len) == 0,
				      "%.*s", (int)len, text);
		}
	}
}

static void test_all_bytes(void)
{
	uint8_t in[256], out[256];
	char text[SK_B64URL_LEN(256)];

	for (int i = 0; i < 256; i++)
		in[i] = (uint8_t)(i * 167 + 13);
	for (size_t len = 0; len <= sizeof(in); len++) {
		size_t chars = sk_b64url_encode(in, len, text), back = 0;

		CHECK(chars == SK_B64URL_LEN(len), "%zu: length", len);
		CHECK(SK_B64URL_BYTES(chars) == len, "%zu: bytes", len);
		CHECK(sk_b64url_decode((struct sk_span){ text, chars }, out, &back), "%zu", len);
		CHECK(back == len && memcmp(in, out, len) == 0, "%zu: content", len);
	}
}

int main(void)
{
	size_t len = 99;

	CHECK(sk_b64url_check((struct sk_span){ NULL, 0 }), "the empty text");
	CHECK(sk_b64url_decode((struct sk_span){ NULL, 0 }, NULL, &len) && len == 0, "empty");
	test_known();
	test_refused();
	test_unique();
	test_all_bytes();

	return check_result();
}
