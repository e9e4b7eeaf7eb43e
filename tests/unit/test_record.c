/*
 * One line whatever the texts hold; as JSON it must be read by a JSON reader.
 */
#include "redirector/call/record.h"
#include "tests/check.h"
#include "tests/unit/callkit.h"

#include <jansson.h>

static const char *print(struct call *c, const char *verstat)
{
	static char mem[RECORD_SIZE];
	struct answer a = { .status = 302, .verstat = verstat };
	struct sk_buf out;

	sk_buf_init(&out, mem, sizeof(mem));
	record_print(c, &a, 123, &out);
	CHECK(!out.overflow, "fits");
	CHECK(out.len > 0 && strchr(mem, '\n') == mem + out.len - 1, "one line: %s", mem);
	return mem;
}

static void plain(void)
{
	struct call *c = kit_call("tenant: {name: carrier}\n");

	kit_sign(c);
	c->claims.orig = (struct sk_party){ SK_PARTY_TN, "12155551212" };
	c->claims.dest[0] = (struct sk_party){ SK_PARTY_TN, "12155551213" };
	c->facts.call_id = SK_SPAN("a=b \"c\"\\\n");
	CHECK_STR(
		print(c, ""),
		"event=call time=\"Fri, 25 Sep 2015 19:12:30 GMT\" id=\"a=b \\\"c\\\"\\\\\\u000a\" "
		"cseq=\"1 INVITE\" source=192.0.2.9:6060 transport=udp tenant=carrier task=sign "
		"result=SK_OK status=302 orig=12155551212 dest=12155551213 attest=A "
		"origid=123e4567-e89b-12d3-a456-426655440000 iat=1443208350 waited=0 repeat=0 "
		"us=123\n",
		"signed");
	kit_drop(c);
}

/* What stands beside the number, and what became of each of several. */
static void beside(void)
{
	struct call *c = kit_call("");
	struct signed_extra extras[] = { { .ppt = SK_PPT_RPH }, { .ppt = SK_PPT_RCD } };
	const char *line;

	c->task = TASK_VERIFY;
	c->facts.identity_count = 4;
	c->judged_count = 4;
	c->judged[0] = (struct judgement){ .err = SK_IAT_STALE, .as = SK_PPT_SHAKEN };
	c->judged[1] = (struct judgement){ .err = SK_PPT_UNKNOWN, .as = SK_PPT_OTHER };
	c->judged[2] = (struct judgement){ .err = SK_OK, .as = SK_PPT_DIV };
	c->judged[3] = (struct judgement){ .err = SK_RPH_MISMATCH, .as = SK_PPT_RPH };
	c->rph = (struct beside){ true, SK_RPH_MISMATCH };
	c->rcd = (struct beside){ true, SK_OK };
	c->replayed = true;
	c->cert_from = CERTS_FROM_STORE;
	line = print(c, "");
	CHECK(strstr(line, " cert=store identities=4 "
			   "judged=shaken:SK_IAT_STALE,other:-,div:SK_OK,rph:SK_RPH_MISMATCH "
			   "rph=SK_RPH_MISMATCH rcd=SK_OK replay=yes waited=0 "),
	      "%s", line);
	c->facts.identity_count = c->judged_count = 1;
	c->rph.judged = c->rcd.judged = c->replayed = false;
	line = print(c, "");
	CHECK(!strstr(line, "judged") && !strstr(line, "identities") && !strstr(line, "rph") &&
		      !strstr(line, "rcd") && !strstr(line, "replay"),
	      "one alone: %s", line);

	kit_sign(c);
	c->extras = extras;
	c->extra_count = 2;
	c->claims.attest = SK_ATTEST_NONE;
	line = print(c, "");
	CHECK(strstr(line, " extras=rph,rcd waited=0 ") && !strstr(line, "attest"), "%s", line);
	c->extra_count = 1;
	c->extra_err = SK_TOO_LONG;
	line = print(c, "");
	CHECK(strstr(line, " extras=rph extra-result=SK_TOO_LONG waited=0 "), "%s", line);
	kit_drop(c);
}

/* Eight outcomes with the longest names are in the line whole. */
static void eight(void)
{
	struct call *c = kit_call("");
	const char *line;

	c->task = TASK_VERIFY;
	c->facts.identity_count = c->judged_count = SK_IDENTITY_MAX;
	for (size_t i = 0; i < SK_IDENTITY_MAX; i++)
		c->judged[i] =
			(struct judgement){ .err = SK_IDENTITY_REQUIRED, .as = SK_PPT_SHAKEN };
	line = print(c, "");
	CHECK(strstr(line, "shaken:SK_IDENTITY_REQUIRED waited"), "%s", line);
	kit_drop(c);
}

static void masked(void)
{
	struct call *c = kit_call("log: {numbers: masked}\n");
	const char *line;

	kit_sign(c);
	c->claims.orig = (struct sk_party){ SK_PARTY_TN, "12155551212" };
	c->claims.dest[0] = (struct sk_party){ SK_PARTY_TN, "911" };
	line = print(c, "");
	CHECK(!strstr(line, "12155551212") && !strstr(line, "5555"), "%s", line);
	CHECK(strstr(line, "orig=1215xxxxxxx "), "%s", line);
	kit_drop(c);
}

static const char *text(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

static void json(void)
{
	struct call *c = kit_call("log: {format: json}\n");
	const char *line;
	json_t *o;

	c->task = TASK_VERIFY;
	c->err = SK_BAD_SIGNATURE;
	c->waited = true;
	c->cert_from = CERTS_FROM_MEMORY;
	snprintf(c->x5u, sizeof(c->x5u), "https://%0400d/c", 1);
	line = print(c, "TN-Validation-Failed");
	o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	CHECK(json_is_object(o), "%s", line);
	CHECK_STR(text(o, "result"), "SK_BAD_SIGNATURE", "result");
	CHECK_STR(text(o, "verstat"), "TN-Validation-Failed", "verstat");
	CHECK_STR(text(o, "cert"), "memory", "cert");
	CHECK_STR(text(o, "x5u"), c->x5u, "a long x5u, whole");
	CHECK(json_integer_value(json_object_get(o, "status")) == 302, "status");
	CHECK(json_integer_value(json_object_get(o, "waited")) == 1, "waited");
	json_decref(o);
	kit_drop(c);
}

/* Every text as long and as hostile as it can be. */
static void hostile(const char *yaml, bool is_json, char fill)
{
	static char huge[20000];
	struct call *c = kit_call(yaml);
	const char *line;

	memset(huge, fill, sizeof(huge));
	kit_sign(c);
	c->task = TASK_VERIFY;
	c->facts.call_id = c->facts.cseq = (struct sk_span){ huge, sizeof(huge) };
	c->claims.orig.kind = c->claims.dest[0].kind = SK_PARTY_URI;
	memset(c->claims.orig.text, fill, SK_PARTY_SIZE - 1);
	memset(c->claims.dest[0].text, fill, SK_PARTY_SIZE - 1);
	memset(c->claims.origid, fill, SK_ORIGID_SIZE - 1);
	memset(c->x5u, 'x', SK_URL_MAX);
	line = print(c, "No-TN-Validation");
	for (const char *p = line; p[1]; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p > '~')
			CHECK(false, "fill %02x: byte %02x", (unsigned char)fill, *p);
	if (is_json) {
		json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

		CHECK(json_is_object(o), "fill %02x: %s", (unsigned char)fill, line);
		CHECK_STR(text(o, "result"), "SK_OK", "what stands behind the long texts");
		CHECK(json_object_get(o, "us") != NULL, "up to the last");
		json_decref(o);
	} else {
		CHECK(strstr(line, " result=SK_OK ") && strstr(line, " us=123\n"), "%s", line);
	}
	kit_drop(c);
}

int main(void)
{
	static const char fills[] = { '\n',   '\r', '"', '\\', '\x01', '\x7f',
				      '\xff', ' ',  '=', '{',  'a' };

	plain();
	beside();
	eight();
	masked();
	json();
	for (size_t i = 0; i < sizeof(fills); i++) {
		hostile("", false, fills[i]);
		hostile("log: {format: json}\n", true, fills[i]);
	}
	return check_result();
}
