/*
 * rph and sph: what is read, what covers a Resource-Priority header, what is picked
 * from one, and that what is printed reads as the same.
 */
#include "shaken/rph.h"

#include "shaken/b64url.h"
#include "shaken/claims.h"
#include "tests/check.h"

#include <stdlib.h>

/* The payload as a token has it, in memory of exactly its size */
static enum sk_err read_rph(const char *json, struct sk_rph *out)
{
	const size_t len = strlen(json);
	char *text = malloc(SK_B64URL_LEN(len) + 1);
	struct sk_token token = { .payload = { text, sk_b64url_encode(json, len, text) } };
	enum sk_err err = sk_rph_read(&token, out);

	free(text);
	return err;
}

#define LONGEST "a.3456789012345678901234567890123456789012345678901234567890123"

/* clang-format off */
static const struct {
	const char *json;
	size_t count;
	bool sph;
} accepted[] = {
	{ "{\"rph\":{\"auth\":[\"esnet.1\"]}}", 1, false },
	{ "{\"rph\":{\"auth\":[\"ets.0\",\"wps.0\"]}}", 2, false },
	{ "{\"rph\":{\"auth\":[\"esnet.0\"]},\"sph\":\"psap-callback\"}", 1, true },
	{ "{\"rph\":{\"auth\":[\"ets.0\",\"ESNET.0\"]},\"sph\":\"psap-callback\"}", 2, true },
	{ "{\"rph\":{\"auth\":[\"a-!%*_+`'~9.Z\"],\"other\":1}}", 1, false },
	{ "{\"rph\":{\"auth\":[\"a.1\",\"a.2\",\"a.3\",\"a.4\",\"a.5\",\"a.6\",\"a.7\",\"a.8\"]}}", 8, false },
	{ "{\"rph\":{\"auth\":[\"" LONGEST "\"]}}", 1, false },
};

static const struct {
	const char *json;
	enum sk_err want;
} refused[] = {
	{ "", SK_TOKEN_SYNTAX },
	{ "[]", SK_TOKEN_SYNTAX },
	{ "{}", SK_CLAIM_MISSING },
	{ "{\"sph\":\"psap-callback\"}", SK_CLAIM_MISSING },
	{ "{\"rph\":{}}", SK_CLAIM_MISSING },
	{ "{\"rph\":null}", SK_CLAIM_TYPE },
	{ "{\"rph\":\"esnet.1\"}", SK_CLAIM_TYPE },
	{ "{\"rph\":[\"esnet.1\"]}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":\"esnet.1\"}}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[]}}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":{}}}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[1]}}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[\"esnet.1\",null]}}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[\"\"]}}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[\"esnet\"]}}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[\"esnet.\"]}}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[\".1\"]}}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[\"a.b.c\"]}}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[\"esnet.1,ets.0\"]}}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[\"esnet.1 \"]}}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[\"esnet.1\\r\\nX: y\"]}}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[\"" LONGEST "5\"]}}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[\"a.1\",\"a.2\",\"a.3\",\"a.4\",\"a.5\",\"a.6\",\"a.7\",\"a.8\",\"a.9\"]}}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[\"ets.0\"]},\"sph\":\"psap-callback\"}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[\"xesnet.0\"]},\"sph\":\"psap-callback\"}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[\"esnet.0\"]},\"sph\":\"PSAP-callback\"}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[\"esnet.0\"]},\"sph\":true}", SK_CLAIM_TYPE },
	{ "{\"rph\":{\"auth\":[\"esnet.0\"]},\"sph\":null}", SK_CLAIM_TYPE },
};

static const struct {
	const char *header;
	bool covered; /* by esnet.1, ets.0 and wps.2 */
	const char *selected; /* of what is allowed: esnet.0, wps.*, q735.1; NULL: none */
} headers[] = {
	{ "esnet.1", true, NULL },
	{ "ets.0", true, NULL },
	{ " esnet.1 , ets.0 ", true, NULL },
	{ "ESNET.1,Ets.0,wps.2", true, "{\"rph\":{\"auth\":[\"wps.2\"]}" },
	{ "esnet.1\r\n ,ets.0", true, NULL },
	{ "esnet.1,esnet.1", true, NULL },
	{ "esnet.0", false, "{\"rph\":{\"auth\":[\"esnet.0\"]}" },
	{ "wps.4, Q735.1, esnet.0", false, "{\"rph\":{\"auth\":[\"Q735.1\",\"esnet.0\",\"wps.4\"]}" },
	{ "wps.4,WPS.4", false, "{\"rph\":{\"auth\":[\"wps.4\"]}" },
	{ "esnet.1,esnet.2", false, NULL },
	{ "esnet.1,", false, NULL },
	{ ",wps.2", false, NULL },
	{ "wps.2,,wps.2", false, NULL },
	{ "wps.2;x=y", false, NULL },
	{ "wps.2 ets.0", false, NULL },
	{ "wps", false, NULL },
	{ "wpsx.1", false, NULL },
	{ "", false, NULL },
	{ " ", false, NULL },
	{ "wps.1,wps.2,wps.3,wps.4,wps.5,wps.6,wps.7,wps.8,wps.9", false, NULL },
};
/* clang-format on */

static const char *print(const struct sk_rph *rph, char *text, size_t size)
{
	struct sk_buf buf;

	sk_buf_init(&buf, text, size);
	sk_buf_putc(&buf, '{');
	sk_rph_print(rph, &buf);
	CHECK(!buf.overflow, "room");
	return text;
}

static void test_read(void)
{
	for (size_t i = 0; i < SK_COUNT(accepted); i++) {
		struct sk_rph rph = { 0 }, again = { 0 };
		char text[1024];

		CHECK(read_rph(accepted[i].json, &rph) == SK_OK, "%s", accepted[i].json);
		CHECK(rph.count == accepted[i].count && rph.psap_callback == accepted[i].sph, "%s",
		      accepted[i].json);
		CHECK(sk_rph_check(&rph), "%s: can be signed", accepted[i].json);
		print(&rph, text, sizeof(text));
		strcat(text, "}");
		CHECK(read_rph(text, &again) == SK_OK && again.count == rph.count &&
			      again.psap_callback == rph.psap_callback,
		      "%s: printed as %s", accepted[i].json, text);
		for (size_t k = 0; k < rph.count; k++)
			CHECK(sk_rph_covers(&again, sk_span_of(rph.auth[k])), "%s", rph.auth[k]);
	}
	for (size_t i = 0; i < SK_COUNT(refused); i++) {
		struct sk_rph rph = { .count = 99 };
		enum sk_err err = read_rph(refused[i].json, &rph);

		CHECK(err == refused[i].want && rph.count == 99, "%s: %s", refused[i].json,
		      sk_err_name(err));
	}
}

static void test_headers(void)
{
	static char rule1[] = "esnet.0", rule2[] = "wps.*", rule3[] = "q735.1", empty[] = "",
		    star[] = "*", dot[] = ".*";
	char *const allowed[] = { rule1, rule2, rule3, empty, star, dot };
	const struct sk_rph ours = { { "esnet.1", "ets.0", "wps.2" }, 3, false };

	for (size_t i = 0; i < SK_COUNT(headers); i++) {
		const size_t len = strlen(headers[i].header);
		char *copy = memcpy(malloc(len + 1), headers[i].header, len + 1);
		const struct sk_span header = { copy, len };
		struct sk_rph rph = { .count = 99 };
		char text[1024];
		bool got = sk_rph_select(header, allowed, SK_COUNT(allowed), &rph);

		CHECK(sk_rph_covers(&ours, header) == headers[i].covered, "covers %s", copy);
		CHECK(got == (headers[i].selected != NULL), "select from %s", copy);
		if (got)
			CHECK_STR(print(&rph, text, sizeof(text)), headers[i].selected, copy);
		else
			CHECK(rph.count == 99, "%s: untouched", copy);
		free(copy);
	}

	struct sk_rph none = { 0 };

	CHECK(!sk_rph_covers(&none, SK_SPAN("esnet.1")), "nothing covers nothing");
	CHECK(!sk_rph_select(SK_SPAN("esnet.0"), NULL, 0, &none), "nothing is allowed");
}

static void test_check(void)
{
	struct sk_rph rph = { .auth = { "esnet.0" }, .count = 1 };

	CHECK(sk_rph_check(&rph), "good");
	rph.psap_callback = true;
	CHECK(sk_rph_check(&rph), "callback");
	strcpy(rph.auth[0], "wps.0");
	CHECK(!sk_rph_check(&rph), "callback without esnet");
	rph.psap_callback = false;
	CHECK(sk_rph_check(&rph), "wps");
	memset(rph.auth[0], 'a', SK_RPH_SIZE);
	CHECK(!sk_rph_check(&rph), "not terminated");
	rph.count = 0;
	CHECK(!sk_rph_check(&rph), "none");
	rph.count = SK_RPH_MAX + 1;
	CHECK(!sk_rph_check(&rph), "too many");
}

int main(void)
{
	test_read();
	test_headers();
	test_check();
	return check_result();
}
