/*
 * Tokens of the vector files, and small ones made here.  Signatures are not
 * looked at: that is test_verify.c.
 */
#include "shaken/b64url.h"
#include "shaken/passport.h"
#include "tests/check.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define X5U    "https://cert.example.org/passport.cer"
#define HEADER "{\"alg\":\"ES256\",\"ppt\":\"shaken\",\"typ\":\"passport\",\"x5u\":\"" X5U "\"}"
#define PAYLOAD \
	"{\"attest\":\"A\",\"dest\":{\"tn\":[\"12155551213\"]},\"iat\":1443208345," \
	"\"orig\":{\"tn\":\"12155551212\"},\"origid\":\"123e4567-e89b-12d3-a456-426655440000\"}"

static json_t *load(const char *name)
{
	const char *folder = getenv("VECTORS");
	char path[4096];
	json_t *json;

	snprintf(path, sizeof(path), "%s/passports/%s", folder ? folder : "no-VECTORS", name);
	json = json_load_file(path, 0, NULL);
	CHECK(json_array_size(json) > 0, "%s", path);
	return json;
}

static const char *text_of(const json_t *row, const char *name)
{
	return json_string_value(json_object_get(row, name));
}

/* header "." payload "." signature, the first two encoded here */
static struct sk_span make(const char *header, const char *payload, const char *sig)
{
	static char text[SK_TOKEN_MAX * 2];
	size_t len = sk_b64url_encode(header, strlen(header), text);

	text[len++] = '.';
	len += sk_b64url_encode(payload, strlen(payload), text + len);
	text[len++] = '.';
	memcpy(text + len, sig, strlen(sig));
	return (struct sk_span){ text, len + strlen(sig) };
}

static void test_split(void)
{
	static const struct {
		const char *in;
		enum sk_err err;
		bool compact;
	} cases[] = {
		{ "YQ.YQ.YQ", SK_OK, false },
		{ "YQ.YQ.", SK_OK, false },
		{ "..YQ", SK_OK, true },
		{ "YQ..YQ", SK_OK, true },
		{ "..", SK_OK, true },
		{ ".YQ.YQ", SK_TOKEN_SYNTAX, false },
		{ ".YQ.", SK_TOKEN_SYNTAX, false },
		{ "", SK_TOKEN_SYNTAX, false },
		{ "YQ", SK_TOKEN_SYNTAX, false },
		{ "YQ.YQ", SK_TOKEN_SYNTAX, false },
		{ ".", SK_TOKEN_SYNTAX, false },
		{ "YQ.YQ.YQ.YQ", SK_TOKEN_SYNTAX, false },
		{ "YQ.YQ.YQ.", SK_TOKEN_SYNTAX, false },
		{ "...", SK_TOKEN_SYNTAX, false },
		{ "YQ.YQ.YQ==", SK_TOKEN_SYNTAX, false },
		{ "YQ=.YQ.YQ", SK_TOKEN_SYNTAX, false },
		{ "YQ.Y+.YQ", SK_TOKEN_SYNTAX, false },
		{ "YQ.YQ.Y", SK_TOKEN_SYNTAX, false },
		{ "YR.YQ.YQ", SK_TOKEN_SYNTAX, false },
		{ "YQ. YQ.YQ", SK_TOKEN_SYNTAX, false },
		{ "YQ.YQ.YQ ", SK_TOKEN_SYNTAX, false },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_token token = { .compact = true, .header = { "untouched", 9 } };
		enum sk_err err = sk_token_split(sk_span_of(cases[i].in), &token);

		CHECK(err == cases[i].err, "%s: %s", cases[i].in, sk_err_name(err));
		CHECK(err || token.compact == cases[i].compact, "%s: compact", cases[i].in);
		CHECK(!err || token.header.len == 9, "%s: untouched", cases[i].in);
	}
	CHECK(sk_token_split((struct sk_span){ NULL, 0 }, &(struct sk_token){ 0 }) ==
		      SK_TOKEN_SYNTAX,
	      "nothing");
}

static void test_size(void)
{
	static char text[SK_TOKEN_MAX + 1];
	struct sk_token token;
	struct sk_jose jose;

	memset(text, 'A', sizeof(text));
	text[SK_TOKEN_MAX - 2] = text[SK_TOKEN_MAX - 1] = '.';
	CHECK(sk_token_split((struct sk_span){ text, SK_TOKEN_MAX }, &token) == SK_TOKEN_SYNTAX ||
		      token.compact,
	      "longest");
	CHECK(sk_token_split((struct sk_span){ text, SK_TOKEN_MAX + 1 }, &token) == SK_TOKEN_SIZE,
	      "one more");

	/* a part that no token of legal size has */
	token.header = (struct sk_span){ text, SK_TOKEN_MAX + 1 };
	CHECK(sk_jose_read(&token, &jose) == SK_TOKEN_SIZE, "a header too long");
}

static void test_parts(void)
{
	struct sk_span text = make(HEADER, PAYLOAD, "YQ");
	struct sk_token token;

	CHECK(sk_token_split(text, &token) == SK_OK, "split");
	CHECK(token.signed_part.ptr == text.ptr, "what was signed is where it was");
	CHECK(token.signed_part.len == text.len - 3, "without the signature and its dot");
	CHECK(sk_span_eq(token.signature, SK_SPAN("YQ")), "signature");
	CHECK(token.header.ptr == text.ptr && token.payload.ptr == text.ptr + token.header.len + 1,
	      "parts");
}

static enum sk_err read_jose(const char *header, struct sk_jose *out)
{
	struct sk_token token = { 0 };

	CHECK(sk_token_split(make(header, "{}", ""), &token) == SK_OK, "%s", header);
	return sk_jose_read(&token, out);
}

static void test_jose(void)
{
	static const struct {
		const char *in;
		bool typ, alg, critical;
		enum sk_ppt ppt;
	} cases[] = {
		{ HEADER, true, true, false, SK_PPT_SHAKEN },
		{ " { \"x5u\":\"a\", \"typ\":\"passport\", \"alg\":\"ES256\" }\n", true, true,
		  false, SK_PPT_NONE },
		{ "{\"alg\":\"ES384\",\"typ\":\"passport\",\"x5u\":\"a\"}", true, false, false,
		  SK_PPT_NONE },
		{ "{\"alg\":\"none\",\"typ\":\"JWT\",\"x5u\":\"a\"}", false, false, false,
		  SK_PPT_NONE },
		{ "{\"alg\":\"es256\",\"typ\":\"PASSporT\",\"x5u\":\"a\"}", false, false, false,
		  SK_PPT_NONE },
		{ "{\"alg\":[\"ES256\"],\"typ\":null,\"x5u\":\"a\"}", false, false, false,
		  SK_PPT_NONE },
		{ "{\"alg\":\"ES256 \",\"typ\":\"passport\\n\",\"x5u\":\"a\"}", false, false, false,
		  SK_PPT_NONE },
		{ "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"a\",\"crit\":[]}", true, true,
		  true, SK_PPT_NONE },
		{ "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"a\",\"b64\":false}", true,
		  true, true, SK_PPT_NONE },
		{ "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"a\",\"b64\":null}", true, true,
		  true, SK_PPT_NONE },
		{ "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"a\",\"ppt\":\"div\"}", true,
		  true, false, SK_PPT_DIV },
		{ "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"a\",\"ppt\":\"xyz\"}", true,
		  true, false, SK_PPT_OTHER },
		{ "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"a\",\"ppt\":\"\"}", true, true,
		  false, SK_PPT_OTHER },
		{ "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"a\",\"ppt\":null}", true, true,
		  false, SK_PPT_OTHER },
		{ "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"a\",\"ppt\":[\"shaken\"]}",
		  true, true, false, SK_PPT_OTHER },
		{ "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"a\",\"jku\":1,\"jwk\":{},"
		  "\"x5c\":[],\"kid\":null}",
		  true, true, false, SK_PPT_NONE },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_jose jose;

		CHECK(read_jose(cases[i].in, &jose) == SK_OK, "%s", cases[i].in);
		CHECK(jose.typ_is_passport == cases[i].typ, "%s: typ", cases[i].in);
		CHECK(jose.alg_is_es256 == cases[i].alg, "%s: alg", cases[i].in);
		CHECK(jose.critical == cases[i].critical, "%s: critical", cases[i].in);
		CHECK(jose.ppt == cases[i].ppt, "%s: ppt", cases[i].in);
		CHECK_STR(jose.x5u, i == 0 ? X5U : "a", "x5u");
		CHECK(jose.x5u_len == strlen(jose.x5u), "%s: x5u_len", cases[i].in);
	}
}

static void test_jose_refused(void)
{
	static const struct {
		const char *in;
		enum sk_err err;
	} cases[] = {
		{ "{\"typ\":\"passport\",\"x5u\":\"a\"}", SK_HEADER_CLAIM },
		{ "{\"alg\":\"ES256\",\"x5u\":\"a\"}", SK_HEADER_CLAIM },
		{ "{\"alg\":\"ES256\",\"typ\":\"passport\"}", SK_HEADER_CLAIM },
		{ "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":1}", SK_HEADER_CLAIM },
		{ "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":[\"a\"]}", SK_HEADER_CLAIM },
		{ "{\"alg\":\"ES256\",\"typ\":\"passport\",\"X5U\":\"a\"}", SK_HEADER_CLAIM },
		{ "{}", SK_HEADER_CLAIM },
		{ "[]", SK_TOKEN_SYNTAX },
		{ "{", SK_TOKEN_SYNTAX },
		{ HEADER "x", SK_TOKEN_SYNTAX },
		{ "{\"alg\":\"none\",\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"a\"}",
		  SK_TOKEN_SYNTAX },
		{ "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"a\\u0000b\"}",
		  SK_TOKEN_SYNTAX },
	};
	char text[1024];
	struct sk_jose jose = { .x5u_len = 99 };

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		enum sk_err err = read_jose(cases[i].in, &jose);

		CHECK(err == cases[i].err, "%s: %s", cases[i].in, sk_err_name(err));
		CHECK(jose.x5u_len == 99, "%s: untouched", cases[i].in);
	}
	for (int len = SK_URL_MAX - 1; len <= SK_URL_MAX + 1; len++) {
		snprintf(text, sizeof(text),
			 "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"%0*d\"}", len, 0);
		CHECK(read_jose(text, &jose) == (len <= SK_URL_MAX ? SK_OK : SK_TOKEN_SIZE),
		      "x5u of %d", len);
	}
}

static void test_jose_print(void)
{
	static const struct {
		enum sk_ppt ppt;
		const char *x5u, *want;
	} cases[] = {
		{ SK_PPT_SHAKEN, X5U, HEADER },
		{ SK_PPT_NONE, X5U,
		  "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"" X5U "\"}" },
		{ SK_PPT_DIV_O, "a",
		  "{\"alg\":\"ES256\",\"ppt\":\"div-o\",\"typ\":\"passport\",\"x5u\":\"a\"}" },
		{ SK_PPT_NONE, "a\"b\\c\n",
		  "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"a\\u0022b\\u005Cc\\u000A\"}" },
	};
	char text[256];
	struct sk_buf buf;

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		sk_buf_init(&buf, text, sizeof(text));
		sk_jose_print(cases[i].ppt, sk_span_of(cases[i].x5u), &buf);
		CHECK(!buf.overflow, "fits");
		CHECK_STR(text, cases[i].want, "header");
	}
	sk_buf_init(&buf, text, 40);
	sk_jose_print(SK_PPT_SHAKEN, SK_SPAN(X5U), &buf);
	CHECK(buf.overflow, "too small is told");
}

static void test_signature(void)
{
	char sig[SK_B64URL_LEN(96) + 1];
	struct sk_passport passport;

	for (size_t bytes = 0; bytes <= 96; bytes++) {
		uint8_t raw[96];
		size_t len;

		memset(raw, 0xa5, sizeof(raw));
		len = sk_b64url_encode(raw, bytes, sig);
		sig[len] = '\0';
		passport.token.signature = (struct sk_span){ sig, len };
		passport.sig_len = 999;
		sk_passport_read_sig(&passport);
		CHECK(passport.sig_len == bytes, "%zu bytes: %zu", bytes, passport.sig_len);
		CHECK(bytes != SK_SIG_LEN || memcmp(passport.sig, raw, SK_SIG_LEN) == 0, "bytes");
	}
	sig[84] = '=';
	passport.token.signature = (struct sk_span){ sig, 86 };
	sk_passport_read_sig(&passport);
	CHECK(passport.sig_len == 0, "not base64url");
}

/* What each token printed in an RFC is to a reader; signatures aside. */
static void test_official(void)
{
	static const struct {
		const char *name;
		enum sk_err err;
	} want[] = {
		{ "rfc8225-appA", SK_OK },
		{ "rfc8225-7.1", SK_CLAIM_TYPE }, /* iat is a string */
		{ "rfc8224-5.1-reconstructed", SK_OK },
		{ "rfc8946-sec3-div", SK_OK },
		{ "rfc8946-sec5-opt-inner", SK_OK },
		{ "rfc8946-sec5-div-o", SK_CLAIM_TYPE }, /* dest.tn is a string */
		{ "rfc8443-4.1-rph", SK_TOKEN_SYNTAX },  /* the payload is no JSON */
		{ "rfc7515-A3", SK_HEADER_CLAIM },
	};
	json_auto_t *rows = load("official.json");

	CHECK(json_array_size(rows) == SK_COUNT(want), "%zu rows", json_array_size(rows));
	for (size_t i = 0; i < json_array_size(rows) && i < SK_COUNT(want); i++) {
		const json_t *row = json_array_get(rows, i);
		struct sk_passport passport;
		struct sk_token token;
		struct sk_span text = sk_span_of(text_of(row, "token"));
		enum sk_err err = sk_passport_parse(text, &passport);

		CHECK_STR(text_of(row, "name"), want[i].name, "row");
		CHECK(sk_token_split(text, &token) == SK_OK, "%s: split", want[i].name);
		CHECK(err == want[i].err, "%s: %s", want[i].name, sk_err_name(err));
		CHECK(err || passport.sig_len == SK_SIG_LEN, "%s: signature", want[i].name);
		CHECK(err || passport.claims.iat > 1400000000, "%s: iat", want[i].name);
	}
}

/* Encoded parts of a token are its header and payload printed again, byte for byte. */
static void check_reprint(const char *name, const struct sk_passport *passport)
{
	char text[4096], encoded[8192];
	struct sk_buf buf;
	size_t len;

	sk_buf_init(&buf, text, sizeof(text));
	sk_jose_print(passport->jose.ppt,
		      (struct sk_span){ passport->jose.x5u, passport->jose.x5u_len }, &buf);
	len = sk_b64url_encode(text, buf.len, encoded);
	encoded[len++] = '.';
	sk_buf_init(&buf, text, sizeof(text));
	sk_claims_print(&passport->claims, &buf);
	len += sk_b64url_encode(text, buf.len, encoded + len);
	CHECK(sk_span_eq(passport->token.signed_part, (struct sk_span){ encoded, len }), "%s: %.*s",
	      name, (int)len, encoded);
}

static void test_golden(void)
{
	static const char *const names[] = { "gen-shaken-A.txt", "rfc8225-appA.txt",
					     "rfc8946-sec3-div.txt", "rfc8946-sec5-opt-inner.txt",
					     "rfc8224-5.1-reconstructed.txt" };
	const char *folder = getenv("VECTORS");

	for (size_t i = 0; i < SK_COUNT(names); i++) {
		char path[4096], text[8192] = "";
		struct sk_passport passport;
		FILE *f;

		snprintf(path, sizeof(path), "%s/passports/%s", folder ? folder : "no-VECTORS",
			 names[i]);
		f = fopen(path, "r");
		CHECK(f && fgets(text, sizeof(text), f), "%s", path);
		if (f)
			fclose(f);
		text[strcspn(text, ";\r\n")] = '\0';
		CHECK(sk_passport_parse(sk_span_of(text), &passport) == SK_OK, "%s", names[i]);
		check_reprint(names[i], &passport);
	}
}

/* Rows with claims that the struct does not hold are read, but not printed again. */
static void test_serialization(void)
{
	json_auto_t *rows = load("serialization.json");
	size_t same = 0;

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *name = text_of(row, "name"), *header = text_of(row, "header");
		const char *payload = text_of(row, "payload");
		struct sk_passport passport;
		struct sk_span text = make(
			header ? header
			       : "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"" X5U "\"}",
			payload, "");

		CHECK(sk_passport_parse(text, &passport) == SK_OK, "%s", name);
		if (strstr(payload, "\"rph\":") || strstr(payload, "\"rcd\":") ||
		    strstr(payload, "\"mky\":"))
			continue;
		check_reprint(name, &passport);
		same++;
	}
	CHECK(same == 2, "%zu rows of shaken and base form", same);
}

static void test_parse(void)
{
	struct sk_passport passport = { .sig_len = 99 };
	enum sk_err err;

	CHECK(sk_passport_parse(make(HEADER, PAYLOAD, "YQ"), &passport) == SK_OK, "whole");
	CHECK(passport.sig_len == 1 && passport.jose.ppt == SK_PPT_SHAKEN, "fields");
	CHECK_STR(passport.claims.orig.text, "12155551212", "orig");

	passport.sig_len = 99;
	CHECK(sk_passport_parse(SK_SPAN("..YQ"), &passport) == SK_COMPACT_FORM, "compact");
	err = sk_passport_parse(make(HEADER, "{\"iat\":1}", ""), &passport);
	CHECK(err == SK_CLAIM_MISSING, "claims: %s", sk_err_name(err));
	err = sk_passport_parse(make("{\"alg\":1}", PAYLOAD, ""), &passport);
	CHECK(err == SK_HEADER_CLAIM, "header first: %s", sk_err_name(err));
	CHECK(passport.sig_len == 99, "untouched");
}

int main(void)
{
	test_split();
	test_size();
	test_parts();
	test_jose();
	test_jose_refused();
	test_jose_print();
	test_signature();
	test_official();
	test_golden();
	test_serialization();
	test_parse();

	return check_result();
}
