#include "shaken/claims.h"
#include "shaken/json.h"
#include "tests/check.h"

#include <inttypes.h>

#define DEST   "\"dest\":{\"tn\":[\"12155551213\"]},"
#define IAT    "\"iat\":1443208345,"
#define ORIG   "\"orig\":{\"tn\":\"12155551212\"}"
#define ORIGID ",\"origid\":\"123e4567-e89b-12d3-a456-426655440000\""
#define SHAKEN "{\"attest\":\"A\"," DEST IAT ORIG ORIGID "}"
#define DIV    "{" DEST "\"div\":{\"tn\":\"12155551214\"}," IAT ORIG "}"

static enum sk_err read_claims(const char *text, enum sk_ppt ppt, struct sk_claims *out)
{
	json_auto_t *json = NULL;

	CHECK(sk_json_parse(sk_span_of(text), &json) == SK_OK, "%s", text);
	return json ? sk_claims_read(json, ppt, out) : SK_EINTERNAL;
}

static void check_print(const struct sk_claims *claims, const char *want)
{
	char text[8192];
	struct sk_buf buf;

	sk_buf_init(&buf, text, sizeof(text));
	sk_claims_print(claims, &buf);
	CHECK(!buf.overflow, "%s fits", want);
	CHECK_STR(text, want, "print");
}

/* Read and printed again: canonical text comes back as it is. */
static void test_round(void)
{
	static const struct {
		enum sk_ppt ppt;
		const char *in, *out; /* out NULL: the same */
	} cases[] = {
		{ SK_PPT_SHAKEN, SHAKEN, NULL },
		{ SK_PPT_DIV, DIV, NULL },
		{ SK_PPT_DIV_O, DIV, NULL },
		{ SK_PPT_NONE, "{" DEST IAT ORIG "}", NULL },
		{ SK_PPT_RPH, "{" DEST IAT ORIG "}", NULL },
		{ SK_PPT_OTHER, "{" DEST IAT ORIG "}", NULL },
		{ SK_PPT_NONE, DIV, "{" DEST IAT ORIG "}" }, /* div is of div tokens only */
		{ SK_PPT_SHAKEN, "{" ORIG ORIGID "," IAT DEST "\"zzz\":[1],\"attest\":\"A\"}",
		  SHAKEN },
		{ SK_PPT_NONE,
		  "{\"dest\":{\"uri\":[\"sip:b@h\",\"sip:a@h\"],\"tn\":[\"2\",\"10\"]}," IAT ORIG
		  "}",
		  "{\"dest\":{\"tn\":[\"10\",\"2\"],\"uri\":[\"sip:a@h\",\"sip:b@h\"]}," IAT ORIG
		  "}" },
		{ SK_PPT_NONE, "{" DEST "\"iat\":-5,\"orig\":{\"uri\":\"sip:a@h\",\"x\":1}}",
		  "{" DEST "\"iat\":-5,\"orig\":{\"uri\":\"sip:a@h\"}}" },
		{ SK_PPT_NONE, "{" DEST "\"iat\":9223372036854775807," ORIG "}", NULL },
		{ SK_PPT_NONE, "{" DEST IAT "\"orig\":{\"tn\":\"\\u0031\\u00e9\"}}",
		  "{" DEST IAT "\"orig\":{\"tn\":\"1\303\251\"}}" },
		{ SK_PPT_NONE,
		  "{" DEST IAT ORIG
		  ",\"origid\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\"}",
		  "{" DEST IAT ORIG ",\"origid\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001F\177\"}" },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_claims claims = { 0 };

		CHECK(read_claims(cases[i].in, cases[i].ppt, &claims) == SK_OK, "%s", cases[i].in);
		check_print(&claims, cases[i].out ? cases[i].out : cases[i].in);
	}
}

static void test_fields(void)
{
	struct sk_claims claims;

	CHECK(read_claims(SHAKEN, SK_PPT_SHAKEN, &claims) == SK_OK, "shaken");
	CHECK(claims.attest == SK_ATTEST_A, "attest");
	CHECK(claims.dest_count == 1 && claims.dest[0].kind == SK_PARTY_TN, "dest");
	CHECK_STR(claims.dest[0].text, "12155551213", "dest");
	CHECK(claims.iat == 1443208345, "iat: %" PRId64, claims.iat);
	CHECK_STR(claims.orig.text, "12155551212", "orig");
	CHECK_STR(claims.origid, "123e4567-e89b-12d3-a456-426655440000", "origid");
	CHECK(claims.div.kind == SK_PARTY_NONE, "div");

	CHECK(read_claims("{\"dest\":{\"uri\":[\"sip:a@h\"],\"tn\":[\"1\"]}," IAT ORIG "}",
			  SK_PPT_NONE, &claims) == SK_OK,
	      "base");
	CHECK(claims.attest == SK_ATTEST_NONE && claims.origid[0] == '\0', "no shaken claims");
	CHECK(claims.dest[0].kind == SK_PARTY_TN && claims.dest[1].kind == SK_PARTY_URI,
	      "numbers first");
}

static void test_refused(void)
{
	static const struct {
		enum sk_ppt ppt;
		enum sk_err err;
		const char *in;
	} cases[] = {
		{ SK_PPT_SHAKEN, SK_CLAIM_MISSING, "{}" },
		{ SK_PPT_SHAKEN, SK_CLAIM_MISSING, "{" DEST IAT ORIG ORIGID "}" },
		{ SK_PPT_SHAKEN, SK_CLAIM_MISSING, "{\"attest\":\"A\"," IAT ORIG ORIGID "}" },
		{ SK_PPT_SHAKEN, SK_CLAIM_MISSING, "{\"attest\":\"A\"," DEST ORIG ORIGID "}" },
		{ SK_PPT_SHAKEN, SK_CLAIM_MISSING,
		  "{\"attest\":\"A\"," DEST "\"iat\":1" ORIGID "}" },
		{ SK_PPT_SHAKEN, SK_CLAIM_MISSING, "{\"attest\":\"A\"," DEST IAT ORIG "}" },
		{ SK_PPT_DIV, SK_CLAIM_MISSING, "{" DEST IAT ORIG "}" },
		{ SK_PPT_DIV_O, SK_CLAIM_MISSING, "{" DEST IAT ORIG "}" },
		{ SK_PPT_NONE, SK_CLAIM_MISSING, "{" DEST ORIG "}" },
		{ SK_PPT_RPH, SK_CLAIM_MISSING, "{" DEST "\"iat\":1}" },
		/* iat */
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{" DEST "\"iat\":\"1443208345\"," ORIG "}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{" DEST "\"iat\":1443208345.0," ORIG "}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{" DEST "\"iat\":1e9," ORIG "}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{" DEST "\"iat\":null," ORIG "}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{" DEST "\"iat\":true," ORIG "}" },
		/* orig */
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{" DEST IAT "\"orig\":\"12155551212\"}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{" DEST IAT "\"orig\":null}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{" DEST IAT "\"orig\":{}}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{" DEST IAT "\"orig\":{\"tn\":12155551212}}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{" DEST IAT "\"orig\":{\"tn\":[\"1\"]}}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{" DEST IAT "\"orig\":{\"tn\":\"\"}}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE,
		  "{" DEST IAT "\"orig\":{\"tn\":\"1\",\"uri\":\"a:b\"}}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{" DEST IAT "\"orig\":{\"uri\":null}}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{" DEST IAT "\"orig\":{\"TN\":\"1\"}}" },
		/* dest */
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{\"dest\":{}," IAT ORIG "}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{\"dest\":[]," IAT ORIG "}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{\"dest\":\"1\"," IAT ORIG "}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{\"dest\":{\"tn\":\"1\"}," IAT ORIG "}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{\"dest\":{\"tn\":[]}," IAT ORIG "}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE,
		  "{\"dest\":{\"tn\":[],\"uri\":[\"a:b\"]}," IAT ORIG "}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{\"dest\":{\"tn\":[1]}," IAT ORIG "}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{\"dest\":{\"tn\":[\"1\",null]}," IAT ORIG "}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{\"dest\":{\"tn\":[\"\"]}," IAT ORIG "}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE,
		  "{\"dest\":{\"tn\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}," IAT
			  ORIG "}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE,
		  "{\"dest\":{\"tn\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\"],\"uri\":"
		  "[\"a:b\"]}," IAT ORIG "}" },
		/* the rest */
		{ SK_PPT_SHAKEN, SK_CLAIM_TYPE,
		  "{\"attest\":\"A\"," DEST IAT ORIG ",\"origid\":1}" },
		{ SK_PPT_NONE, SK_CLAIM_TYPE, "{" DEST IAT ORIG ",\"origid\":null}" },
		{ SK_PPT_DIV, SK_CLAIM_TYPE, "{" DEST "\"div\":\"1\"," IAT ORIG "}" },
		{ SK_PPT_DIV, SK_CLAIM_TYPE, "{" DEST "\"div\":{\"tn\":[\"1\"]}," IAT ORIG "}" },
		{ SK_PPT_DIV, SK_CLAIM_TYPE,
		  "{" DEST "\"div\":{\"tn\":\"1\",\"uri\":\"a:b\"}," IAT ORIG "}" },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_claims claims = { .dest_count = 99 };
		enum sk_err err = read_claims(cases[i].in, cases[i].ppt, &claims);

		CHECK(err == cases[i].err, "%s: %s", cases[i].in, sk_err_name(err));
		CHECK(claims.dest_count == 99, "%s: untouched", cases[i].in);
	}
}

static void test_lengths(void)
{
	char text[1024];
	struct sk_claims claims;

	for (int len = 254; len <= 256; len++) {
		snprintf(text, sizeof(text), "{" DEST IAT "\"orig\":{\"tn\":\"%0*d\"}}", len, 0);
		CHECK(read_claims(text, SK_PPT_NONE, &claims) ==
			      (len < SK_PARTY_SIZE ? SK_OK : SK_CLAIM_TYPE),
		      "orig of %d", len);
	}
	for (int len = 126; len <= 128; len++) {
		snprintf(text, sizeof(text), "{" DEST IAT ORIG ",\"origid\":\"%0*d\"}", len, 0);
		CHECK(read_claims(text, SK_PPT_NONE, &claims) ==
			      (len < SK_ORIGID_SIZE ? SK_OK : SK_CLAIM_TYPE),
		      "origid of %d", len);
	}
}

static void test_attest(void)
{
	static const struct {
		const char *json;
		enum sk_attest want;
		char letter;
	} cases[] = {
		{ "\"A\"", SK_ATTEST_A, 'A' },     { "\"B\"", SK_ATTEST_B, 'B' },
		{ "\"C\"", SK_ATTEST_C, 'C' },     { "\"D\"", SK_ATTEST_BAD, '-' },
		{ "\"a\"", SK_ATTEST_BAD, '-' },   { "\"\"", SK_ATTEST_BAD, '-' },
		{ "\"AA\"", SK_ATTEST_BAD, '-' },  { "\"A \"", SK_ATTEST_BAD, '-' },
		{ "1", SK_ATTEST_BAD, '-' },       { "null", SK_ATTEST_BAD, '-' },
		{ "[\"A\"]", SK_ATTEST_BAD, '-' },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_claims claims;
		char text[512];

		snprintf(text, sizeof(text), "{\"attest\":%s," DEST IAT ORIG ORIGID "}",
			 cases[i].json);
		CHECK(read_claims(text, SK_PPT_SHAKEN, &claims) == SK_OK, "%s", text);
		CHECK(claims.attest == cases[i].want, "%s", cases[i].json);
		CHECK(sk_attest_letter(claims.attest) == cases[i].letter, "%s: letter",
		      cases[i].json);
	}
	CHECK(sk_attest_letter(SK_ATTEST_NONE) == '-', "none has no letter");
	CHECK(sk_attest_parse((struct sk_span){ NULL, 0 }) == SK_ATTEST_BAD, "nothing");
}

static void test_ppt(void)
{
	static const struct {
		const char *text;
		enum sk_ppt ppt;
	} cases[] = {
		{ "", SK_PPT_NONE },       { "shaken", SK_PPT_SHAKEN }, { "div", SK_PPT_DIV },
		{ "div-o", SK_PPT_DIV_O }, { "rph", SK_PPT_RPH },       { "rcd", SK_PPT_RCD },
	};
	static const char *const cased[] = { "Shaken", "SHAKEN", "DIV", "div-O", "Rph", "RCD" };
	static const char *const others[] = { "Shaken", "SHAKEN", "shaken ", "shake", "div-", "x" };

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		CHECK(sk_ppt_parse(sk_span_of(cases[i].text)) == cases[i].ppt, "%s", cases[i].text);
		CHECK_STR(sk_ppt_text(cases[i].ppt), cases[i].text, "text");
	}
	for (size_t i = 0; i < SK_COUNT(others); i++)
		CHECK(sk_ppt_parse(sk_span_of(others[i])) == SK_PPT_OTHER, "%s", others[i]);
	for (size_t i = 0; i < SK_COUNT(cases); i++)
		CHECK(sk_ppt_param(sk_span_of(cases[i].text)) == cases[i].ppt, "parameter %s",
		      cases[i].text);
	for (size_t i = 0; i < SK_COUNT(cased); i++)
		CHECK(sk_ppt_param(sk_span_of(cased[i])) != SK_PPT_OTHER, "parameter %s", cased[i]);
	for (size_t i = 2; i < SK_COUNT(others); i++)
		CHECK(sk_ppt_param(sk_span_of(others[i])) == SK_PPT_OTHER, "parameter %s",
		      others[i]);
	CHECK_STR(sk_ppt_text(SK_PPT_OTHER), "other", "other");
	CHECK_STR(sk_ppt_text((enum sk_ppt)99), "other", "beyond");
}

static void test_print(void)
{
	struct sk_claims claims = { .iat = 7 };
	char text[16];
	struct sk_buf buf;

	check_print(&claims, "{\"iat\":7}");
	claims.attest = SK_ATTEST_BAD;
	claims.orig = (struct sk_party){ SK_PARTY_URI, "sip:\"a\\b\"@h" };
	check_print(&claims, "{\"iat\":7,\"orig\":{\"uri\":\"sip:\\\"a\\\\b\\\"@h\"}}");
	claims.dest_count = 3;
	claims.dest[0] = (struct sk_party){ SK_PARTY_URI, "sip:z@h" };
	claims.dest[1] = (struct sk_party){ SK_PARTY_NONE, "" };
	claims.dest[2] = (struct sk_party){ SK_PARTY_TN, "{" };
	claims.orig.kind = SK_PARTY_NONE;
	check_print(&claims, "{\"dest\":{\"tn\":[\"{\"],\"uri\":[\"sip:z@h\"]},\"iat\":7}");

	sk_buf_init(&buf, text, sizeof(text));
	sk_claims_print(&claims, &buf);
	CHECK(buf.overflow, "too small is told");
}

int main(void)
{
	test_round();
	test_fields();
	test_refused();
	test_lengths();
	test_attest();
	test_ppt();
	test_print();

	return check_result();
}
