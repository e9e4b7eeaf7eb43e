/*
 * rcd, rcdi and crn: what is read, which digests are believed (the vector of RFC 9795
 * among them), and that what is printed reads as the same.
 */
#include "shaken/rcd.h"

#include "pki.h"
#include "shaken/b64url.h"
#include "shaken/claims.h"
#include "tests/check.h"

#include <jansson.h>
#include <stdlib.h>

/* The payload as a token has it, in memory of exactly its size */
static enum sk_err read_rcd(const char *json, struct sk_rcd *out)
{
	const size_t len = strlen(json);
	char *text = malloc(SK_B64URL_LEN(len) + 1);
	struct sk_token token = { .payload = { text, sk_b64url_encode(json, len, text) } };
	enum sk_err err = sk_rcd_read(&token, out);

	free(text);
	return err;
}

#define Q256 "sha256-sM275lTgzCte+LHOKHtU4SxG8shlOo6OS4ot8IJQImY"
#define Q384 "sha384-06myRLjHjqg9a9f+eRX44hOIdVC1XrIrxs9Mt9iDQ6BoUhsl2GPIe6LkOwhj+Gna"
#define Q512 \
	"sha512-+gRxYfMyUBhTTb8gzjaiTC+lESLZeH6BshgOW54fsD+y+7hAVuB405CQj/" \
	"2FBbCEMp1FcTFBj6r0TDml4WJ0JQ"
#define ZERO256 "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define NAM     "\"nam\":\"Q Branch Spy Gadgets\""
#define RCD     "{\"rcd\":{" NAM "}"
#define JCD \
	"\"jcd\":[\"vcard\",[[\"fn\",{},\"text\",\"Q\"],[\"photo\",{},\"uri\",\"https://h/p\"]]]"

/* clang-format off */
static const struct {
	const char *json;
	bool card, digests;
} accepted[] = {
	{ RCD "}", false, false },
	{ "{\"rcd\":{\"nam\":\"\"}}", false, false },
	{ "{\"crn\":\"Rendezvous\",\"rcd\":{\"apn\":\"12155551212\",\"icn\":\"https://h/i.png\"," NAM "}}", false, false },
	{ "{\"rcd\":{\"nam\":\"Zo\\u00eb \\ud83d\\ude80 \\\"q\\\" \\\\ /\"}}", false, false },
	{ "{\"rcd\":{\"other\":[1]," NAM "}}", false, false },
	{ "{\"rcd\":{" NAM "," JCD "}}", true, false },
	{ "{\"rcd\":{" NAM ",\"jcl\":\"https://h/card\"}}", true, false },
	{ RCD ",\"rcdi\":{\"/nam\":\"" Q256 "\"}}", false, true },
	{ RCD ",\"rcdi\":{\"/nam\":\"" Q256 "=\"}}", false, true },
	{ RCD ",\"rcdi\":{\"/nam\":\"" Q384 "\"}}", false, true },
	{ RCD ",\"rcdi\":{\"/nam\":\"" Q512 "\"}}", false, true },
	/* what is elsewhere: the digest's form counts alone */
	{ "{\"rcd\":{" NAM ",\"icn\":\"https://h/i\"},\"rcdi\":{\"/icn\":\"" ZERO256 "\",\"/nam\":\"" Q256 "\"}}", false, true },
	{ "{\"rcd\":{" NAM ",\"jcl\":\"https://h/c\"},\"rcdi\":{\"/jcl\":\"" ZERO256 "\"}}", true, true },
	{ "{\"rcd\":{" NAM "," JCD "},\"rcdi\":{\"/jcd/1/1/3\":\"" ZERO256 "\"}}", true, true },
	{ "{\"rcd\":{" NAM "," JCD "},\"rcdi\":{\"/jcd/1/0/3\":\"sha256-2lPcUAHvHocr1XW9ONn6/nW5oT6ZWs3v6LvRP0DhKCk\"}}", true, true },
	{ "{\"rcd\":{" NAM "," JCD "},\"rcdi\":{\"/jcd\":\"sha256-gGSJYzLNq3zlVb9amm0Srb/iKOiTrxvBzUE3M6eDIWE\"}}", true, true },
	/* inline, with members out of order, white space, a slash, a letter beyond ASCII */
	{ "{\"rcd\":{\"nam\":\"\",\"jcd\":{\"b\" : \"\\u00e9/\", \"a\":[1, true] }},\"rcdi\":{\"/jcd\":\"sha256-kMWbw9ZwOGcZYQ0inJCqAhX0m6a0C9e7FyE4MWrA9JA\"}}", true, true },
	{ "{\"rcd\":{\"nam\":\"Q\",\"a/b~c\":\"Q\",\"\":\"Q\"},\"rcdi\":{\"/a~1b~0c\":\"sha256-2lPcUAHvHocr1XW9ONn6/nW5oT6ZWs3v6LvRP0DhKCk\",\"/\":\"sha256-2lPcUAHvHocr1XW9ONn6/nW5oT6ZWs3v6LvRP0DhKCk\"}}", false, true },
	{ "{\"rcd\":{\"icn\":\"data:,x\",\"nam\":\"\"},\"rcdi\":{\"/icn\":\"sha256-CtNHwFmToHb6CcK5eowhTnl29JbmRMZnDT21vS3B0zo\"}}", false, true },
	{ "{\"rcd\":{\"nam\":\"https://h/\"},\"rcdi\":{\"/nam\":\"sha256-ygNntmoddIkUcMrduscbdDHChArELto9911AOodkg/M\"}}", false, true },
	/* what is behind a link is named through it */
	{ "{\"rcd\":{" NAM ",\"jcl\":\"https://h/c\"},\"rcdi\":{\"/jcl\":\"" ZERO256 "\",\"/jcl/1/2/3\":\"" ZERO256 "\"}}", true, true },
	/* numbers: no more digits than they need */
	{ "{\"rcd\":{" NAM ",\"jcd\":[\"vcard\",[[\"x-f\",{},\"float\",0.1]]]},\"rcdi\":{\"/jcd\":\"sha256-qDRg5bVkYR6hLZPx/ypuTntTsPkOLCLrdPSb6fOarDY\",\"/jcd/1/0/3\":\"sha256-FL5LRfGODYxntPcZtRRO7ohJfkE3CdEdhbCW2OI0YxA\"}}", true, true },
	{ "{\"rcd\":{" NAM ",\"jcd\":[0.1,2.5]},\"rcdi\":{\"/jcd\":\"sha256-oSWPQqA2Hl5EDJWNSlSwkmBu5R3L80TbJmTG4EJ+UpQ\"}}", true, true },
	{ "{\"rcd\":{" NAM ",\"jcd\":[0.30000000000000004]},\"rcdi\":{\"/jcd\":\"sha256-5U7AUNk1yS2S3n+5LDwHGCCsJILarY/G6f50BO469Bw\"}}", true, true },
	{ "{\"rcd\":{\"nam\":\"Q\"},\"rcdi\":{\"\":\"sha256-/I9jvXIwCiWFBAhJVc031j31OZuaNdKk5qooGFlI2jo\"}}", false, true },
};

static const struct {
	const char *json;
	enum sk_err want;
} refused[] = {
	{ "", SK_TOKEN_SYNTAX },
	{ "[]", SK_TOKEN_SYNTAX },
	{ "{}", SK_CLAIM_MISSING },
	{ "{\"crn\":\"x\"}", SK_CLAIM_MISSING },
	{ "{\"rcdi\":{\"/nam\":\"" Q256 "\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":null}", SK_RCD_INVALID },
	{ "{\"rcd\":\"Q\"}", SK_RCD_INVALID },
	{ "{\"rcd\":{}}", SK_RCD_INVALID },
	{ "{\"rcd\":{\"apn\":\"1\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{\"nam\":1}}", SK_RCD_INVALID },
	{ "{\"rcd\":{\"nam\":null}}", SK_RCD_INVALID },
	{ "{\"rcd\":{\"nam\":\"a\\nb\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{\"nam\":\"\\u001b[2J\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{\"nam\":\"\\u007f\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{\"nam\":\"\\u0085\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{\"nam\":\"\\u009f\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{\"apn\":1," NAM "}}", SK_RCD_INVALID },
	{ "{\"rcd\":{\"apn\":\"\\u0001\"," NAM "}}", SK_RCD_INVALID },
	{ "{\"rcd\":{\"icn\":[]," NAM "}}", SK_RCD_INVALID },
	{ "{\"rcd\":{\"icn\":\"https://h/\\r\\n\"," NAM "}}", SK_RCD_INVALID },
	{ "{\"crn\":1,\"rcd\":{" NAM "}}", SK_RCD_INVALID },
	{ "{\"crn\":\"\\t\",\"rcd\":{" NAM "}}", SK_RCD_INVALID },
	{ "{\"rcd\":{" NAM "," JCD ",\"jcl\":\"https://h/c\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{" NAM ",\"jcd\":\"x\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{" NAM ",\"jcl\":[]}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":null}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":[]}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":\"" Q256 "\"}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/nam\":1}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/nam\":\"\"}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/nam\":\"sha256\"}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/nam\":\"sha256-\"}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/nam\":\"" ZERO256 "\"}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/nam\":\"" Q256 "==\"}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/nam\":\"" Q256 "A\"}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/nam\":\"" Q256 " " Q384 "\"}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/nam\":\"sha256-sM275lTgzCte-LHOKHtU4SxG8shlOo6OS4ot8IJQImY\"}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/nam\":\"SHA256-sM275lTgzCte+LHOKHtU4SxG8shlOo6OS4ot8IJQImY\"}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/nam\":\"sha384-sM275lTgzCte+LHOKHtU4SxG8shlOo6OS4ot8IJQImY\"}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/nam\":\"md5-1B2M2Y8AsgTpgAmY7PhCfg\"}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/nam\":\"" Q256 "\",\"/apn\":\"" Q256 "\"}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"nam\":\"" Q256 "\"}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/rcd/nam\":\"" Q256 "\"}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/nam/\":\"" Q256 "\"}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/nam/0\":\"" Q256 "\"}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/na~2m\":\"" Q256 "\"}}", SK_RCD_INVALID },
	{ RCD ",\"rcdi\":{\"/nam~\":\"" Q256 "\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{" NAM ",\"icn\":\"https://h/i\"},\"rcdi\":{\"/icn\":\"sha256-x\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{" NAM ",\"icn\":\"https://h/i\"},\"rcdi\":{\"/icn\":\"" Q256 "\",\"/nam\":\"" ZERO256 "\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{" NAM ",\"icn\":\"data:,x\"},\"rcdi\":{\"/icn\":\"" ZERO256 "\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{\"nam\":\"https://h/\"},\"rcdi\":{\"/nam\":\"" ZERO256 "\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{" NAM "," JCD "},\"rcdi\":{\"/jcd\":\"" ZERO256 "\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{" NAM "," JCD "},\"rcdi\":{\"/jcd/1/01/3\":\"" ZERO256 "\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{" NAM "," JCD "},\"rcdi\":{\"/jcd/1/-/3\":\"" ZERO256 "\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{" NAM "," JCD "},\"rcdi\":{\"/jcd/1/2/3\":\"" ZERO256 "\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{" NAM "," JCD "},\"rcdi\":{\"/jcd/18446744073709551617/1/3\":\"" ZERO256 "\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{" NAM ",\"jcd\":[0.1]},\"rcdi\":{\"/jcd/0\":\"sha256-oSWPQqA2Hl5EDJWNSlSwkmBu5R3L80TbJmTG4EJ+UpQ\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{" NAM ",\"jcl\":\"https://h/c\"},\"rcdi\":{\"/jcl/1~2\":\"" ZERO256 "\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{" NAM ",\"jcl\":\"https://h/c\"},\"rcdi\":{\"/jcl/1/2\":\"sha256-x\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{" NAM ",\"icn\":\"https://h/i\"},\"rcdi\":{\"/icn/1\":\"" ZERO256 "\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{" NAM "},\"rcdi\":{\"/jcl/1/2/3\":\"" ZERO256 "\"}}", SK_RCD_INVALID },
	{ "{\"rcd\":{" NAM "," JCD "},\"rcdi\":{\"/jcd/1/1/3/0\":\"" ZERO256 "\"}}", SK_RCD_INVALID },
};
/* clang-format on */

static const char *print(const struct sk_rcd *rcd, char *text, size_t size)
{
	struct sk_claims claims = { .iat = 1, .rcd = rcd };
	struct sk_buf buf;

	sk_buf_init(&buf, text, size);
	sk_claims_print(&claims, &buf);
	CHECK(!buf.overflow, "room");
	return text;
}

static bool same(const struct sk_rcd *a, const struct sk_rcd *b)
{
	return strcmp(a->nam, b->nam) == 0 && strcmp(a->apn, b->apn) == 0 &&
	       strcmp(a->icn, b->icn) == 0 && strcmp(a->crn, b->crn) == 0;
}

static void test_read(void)
{
	static char text[16384];

	for (size_t i = 0; i < SK_COUNT(accepted); i++) {
		const char *json = accepted[i].json;
		struct sk_rcd rcd = { 0 }, again = { 0 };
		enum sk_err err = read_rcd(json, &rcd);

		CHECK(err == SK_OK, "%s: %s", json, sk_err_name(err));
		CHECK(rcd.card == accepted[i].card && rcd.digests == accepted[i].digests, "%s",
		      json);
		CHECK(sk_rcd_check(&rcd), "%s: can be signed", json);
		/* with digests of its own, also where there were none */
		rcd.digests = true;
		print(&rcd, text, sizeof(text));
		CHECK(read_rcd(text, &again) == SK_OK && again.digests && same(&rcd, &again),
		      "%s: printed as %s", json, text);
	}
	for (size_t i = 0; i < SK_COUNT(refused); i++) {
		struct sk_rcd rcd = { .crn = "as it was" };
		enum sk_err err = read_rcd(refused[i].json, &rcd);

		CHECK(err == refused[i].want, "%s: %s", refused[i].json, sk_err_name(err));
		CHECK_STR(rcd.crn, "as it was", refused[i].json);
	}
}

static void test_vector(void)
{
	size_t len, i;
	char *text = pki_vector("misc/rfc9795-rcdi.json", &len), json[1024];
	json_t *rows = json_loads(text, 0, NULL), *row;
	struct sk_rcd rcd;

	CHECK(json_array_size(rows) == 1, "rows");
	json_array_foreach(rows, i, row) {
		const char *pointer = json_string_value(json_object_get(row, "pointer"));
		const char *digest = json_string_value(json_object_get(row, "expect"));
		const char *value = json_string_value(json_object_get(row, "json"));

		snprintf(json, sizeof(json), "{\"rcd\":{\"%s\":%s},\"rcdi\":{\"%s\":\"%s\"}}",
			 pointer + 1, value, pointer, digest);
		CHECK(read_rcd(json, &rcd) == SK_OK && rcd.digests, "%s", json);
		for (size_t at = strlen("sha256-"); at < strlen(digest); at++) {
			char *c = strstr(json, digest) + at, was = *c;

			/* the last character has two bits that are no part of the digest: also
			 * they count */
			*c = was == 'A' ? 'B' : 'A';
			CHECK(read_rcd(json, &rcd) == SK_RCD_INVALID, "%s", json);
			*c = was;
		}
	}
	json_decref(rows);
	free(text);
}

static void test_lengths(void)
{
	static char json[2048];
	static const struct {
		const char *format;
		int size;
	} cases[] = {
		{ "{\"rcd\":{\"nam\":\"%0*d\"}}", SK_RCD_TEXT_SIZE },
		{ "{\"rcd\":{\"nam\":\"\",\"apn\":\"%0*d\"}}", SK_RCD_TEXT_SIZE },
		{ "{\"rcd\":{\"nam\":\"\",\"icn\":\"%0*d\"}}", SK_URL_MAX + 1 },
		{ "{\"crn\":\"%0*d\",\"rcd\":{\"nam\":\"\"}}", SK_RCD_TEXT_SIZE },
	};
	struct sk_rcd rcd;

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		for (int len = cases[i].size - 2; len <= cases[i].size + 1; len++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(json, sizeof(json), cases[i].format, len, 0);
#pragma GCC diagnostic pop
			CHECK(read_rcd(json, &rcd) ==
				      (len < cases[i].size ? SK_OK : SK_RCD_INVALID),
			      "%s", json);
		}
	}
}

/* Many digests make much work: there are not more than a few */
static void test_count(void)
{
	static char json[6144];
	struct sk_rcd rcd;

	for (int count = SK_RCD_DIGESTS_MAX - 1; count <= SK_RCD_DIGESTS_MAX + 1; count++) {
		struct sk_buf buf;

		sk_buf_init(&buf, json, sizeof(json));
		sk_buf_puts(&buf, "{\"rcd\":{\"nam\":\"\",\"jcd\":[\"https://h\"");
		for (int i = 1; i < count; i++)
			sk_buf_puts(&buf, ",\"https://h\"");
		sk_buf_puts(&buf, "]},\"rcdi\":{");
		for (int i = 0; i < count; i++)
			sk_buf_printf(&buf, "%s\"/jcd/%d\":\"" ZERO256 "\"", i ? "," : "", i);
		sk_buf_puts(&buf, "}}");
		sk_buf_putc(&buf, '\0');
		CHECK(!buf.overflow, "room");
		CHECK(read_rcd(json, &rcd) ==
			      (count <= SK_RCD_DIGESTS_MAX ? SK_OK : SK_RCD_INVALID),
		      "%d digests", count);
	}
}

static void test_check(void)
{
	static const char *const good[] = {
		"",
		"a",
		"\xc2\xa0",
		"\xc3\xa9",
		"\xe2\x82\xac",
		"\xed\x9f\xbf",
		"\xee\x80\x80",
		"\xf0\x9f\x9a\x80",
		"\xf4\x8f\xbf\xbf",
	};
	static const char *const bad[] = {
		"\x01",
		"\x7f",
		"\x80",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc2",
		"\xc2\x9f",
		"\xc2\x41",
		"\xe0\x9f\xbf",
		"\xe2\x82",
		"\xe2\x28\xa1",
		"\xe2\x82\x28",
		"\xed\xa0\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf0\x9f\x9a",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
	};
	struct sk_rcd rcd;

	for (size_t i = 0; i < SK_COUNT(good); i++) {
		rcd = (struct sk_rcd){ 0 };
		strcpy(rcd.nam, good[i]);
		strcpy(rcd.crn, good[i]);
		CHECK(sk_rcd_check(&rcd), "good text %zu", i);
	}
	for (size_t i = 0; i < SK_COUNT(bad); i++) {
		rcd = (struct sk_rcd){ 0 };
		strcpy(rcd.nam, bad[i]);
		CHECK(!sk_rcd_check(&rcd), "bad nam %zu", i);
		rcd = (struct sk_rcd){ 0 };
		strcpy(rcd.apn, bad[i]);
		CHECK(!sk_rcd_check(&rcd), "bad apn %zu", i);
		rcd = (struct sk_rcd){ 0 };
		strcpy(rcd.icn, bad[i]);
		CHECK(!sk_rcd_check(&rcd), "bad icn %zu", i);
		rcd = (struct sk_rcd){ 0 };
		strcpy(rcd.crn, bad[i]);
		CHECK(!sk_rcd_check(&rcd), "bad crn %zu", i);
	}
	rcd = (struct sk_rcd){ 0 };
	memset(rcd.nam, 'a', sizeof(rcd.nam));
	CHECK(!sk_rcd_check(&rcd), "not terminated");
}

int main(void)
{
	test_read();
	test_vector();
	test_lengths();
	test_count();
	test_check();
	return check_result();
}
