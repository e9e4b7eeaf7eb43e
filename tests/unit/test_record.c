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
	masked();
	json();
	for (size_t i = 0; i < sizeof(fills); i++) {
		hostile("", false, fills[i]);
		hostile("log: {format: json}\n", true, fills[i]);
	}
	return check_result();
}
