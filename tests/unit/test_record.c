/*
 * One line whatever the texts hold; as JSON it must be read by a JSON reader.
 */
#include "redirector/call/record.h"

#include "redirector/call/asked.h"
#include "tests/check.h"
#include "tests/unit/callkit.h"

#include <jansson.h>

static struct sk_mac *mac;

static const char *print_as(struct call *c, const char *verstat, bool json)
{
	static char mem[RECORD_SIZE];
	struct answer a = { .status = 302, .verstat = verstat };
	struct sk_buf out;

	sk_buf_init(&out, mem, sizeof(mem));
	record_print(c, &a, json, mac, 123, &out);
	CHECK(!out.overflow, "fits");
	CHECK(out.len > 0 && strchr(mem, '\n') == mem + out.len - 1, "one line: %s", mem);
	return mem;
}

static const char *print(struct call *c, const char *verstat)
{
	return print_as(c, verstat, false);
}

static void plain(void)
{
	struct call *c = kit_call("tenant: {name: carrier}\n");

	kit_sign(c);
	c->claims.orig = (struct sk_party){ SK_PARTY_TN, "12155551212" };
	c->claims.dest[0] = (struct sk_party){ SK_PARTY_TN, "12155551213" };
	c->facts.call_id = SK_SPAN("a=b \"c\"\\\n");
	CHECK_STR(print(c, ""),
		  "event=call time=2015-09-25T19:12:30Z id=\"a=b \\\"c\\\"\\\\\\u000a\" "
		  "cseq=\"1 INVITE\" source=192.0.2.9:6060 listener=192.0.2.1:5060 transport=udp "
		  "tenant=carrier task=sign "
		  "result=SK_OK status=302 orig=12155551212 dest=12155551213 attest=A "
		  "origid=123e4567-e89b-12d3-a456-426655440000 iat=1443208350 waited=0 repeat=0 "
		  "billable=1 us=123\n",
		  "signed");
	kit_drop(c);
}

/* Not by SIP: who asked, and by what; no CSeq. */
static void by_http(void)
{
	struct call *c = kit_call("tenant: {name: carrier}\n");
	struct asked asked = { .interface = "atis",
			       .client = "a b",
			       .task = TASK_SIGN,
			       .from = { SK_PARTY_TN, "12155551212" },
			       .to = { { SK_PARTY_TN, "12155551213" } },
			       .to_count = 1 };
	const char *line;

	c->asked = &asked;
	c->task = TASK_SIGN;
	c->err = SK_NO_CREDENTIAL;
	c->facts.transport = "https";
	line = print(c, "");
	CHECK(strstr(line, " id=call-1 source=192.0.2.9:6060 listener=192.0.2.1:5060 "
			   "transport=https interface=atis client=\"a b\" tenant=carrier "
			   "task=sign result=SK_NO_CREDENTIAL "),
	      "%s", line);
	CHECK(strstr(line, " orig=12155551212 dest=12155551213 "), "%s", line);
	CHECK(!strstr(line, "cseq"), "%s", line);
	line = print_as(c, "", true);
	CHECK(strstr(line, "\"interface\":\"atis\",\"client\":\"a b\",\"tenant\":"), "%s", line);
	c->asked = NULL;
	line = print(c, "");
	CHECK(strstr(line, "cseq=") && !strstr(line, "interface") && !strstr(line, "client"), "%s",
	      line);
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
	struct call *c = kit_call("records: {numbers: masked}\n");
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
	struct call *c = kit_call("");
	const char *line;
	json_t *o;

	c->task = TASK_VERIFY;
	c->err = SK_BAD_SIGNATURE;
	c->waited = true;
	c->cert_from = CERTS_FROM_MEMORY;
	snprintf(c->x5u, sizeof(c->x5u), "https://%0400d/c", 1);
	line = print_as(c, "TN-Validation-Failed", true);
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

/* Without claims: what the request says, and nothing that only a PASSporT says. */
static void asked(void)
{
#define SAYS "sign: {orig-header: X-Orig, attest-sources: [192.0.2.0/24]}\n"
	static const struct {
		const char *name, *yaml, *from, *pai[2];
		enum task task;
		enum sk_err err;
		size_t caller;
		bool said;
		const char *want;
	} rows[] = {
		/* clang-format off */
		{ "blocked", "", NULL, { NULL }, TASK_SIGN, SK_LISTED, 0, false, " orig=12155551212 dest=12155551213 " },
		{ "over a limit", "", NULL, { NULL }, TASK_VERIFY, SK_OVER_LIMIT, 0, false, " orig=12155551212 dest=12155551213 " },
		{ "no Identity", "", NULL, { NULL }, TASK_VERIFY, SK_NO_IDENTITY, 0, false, " orig=12155551212 dest=12155551213 " },
		{ "nothing to do", "", NULL, { NULL }, TASK_PASS, SK_NOTHING_TO_DO, 0, false, " orig=12155551212 dest=12155551213 " },
		{ "no key", "", NULL, { NULL }, TASK_SIGN, SK_NO_CREDENTIAL, 0, false, " orig=12155551212 dest=12155551213 " },
		{ "asserted", "", NULL, { "<tel:+14045550100>" }, TASK_SIGN, SK_LISTED, 0, false, " orig=14045550100 dest=12155551213 " },
		{ "the second is listed", "", NULL, { "<tel:+14045550100>", "<tel:+14045550501>" }, TASK_VERIFY, SK_LISTED, 1, false,
		  " orig=14045550501 dest=12155551213 " },
		{ "one that is not there", "", NULL, { NULL }, TASK_VERIFY, SK_LISTED, 1, false, " status=302 dest=12155551213 " },
		{ "a header says it", SAYS, NULL, { NULL }, TASK_SIGN, SK_NO_ATTEST, 0, true, " orig=14045550177 dest=12155551213 " },
		{ "a header, to verify", SAYS, NULL, { NULL }, TASK_VERIFY, SK_NO_IDENTITY, 0, true, " orig=12155551212 dest=12155551213 " },
		{ "masked", "records: {numbers: masked}\n", NULL, { NULL }, TASK_SIGN, SK_LISTED, 0, false,
		  " orig=1215xxxxxxx dest=1215xxxxxxx " },
		{ "anonymous", "", "<sip:anonymous@anonymous.invalid>;tag=1", { NULL }, TASK_SIGN, SK_NO_ORIG, 0, false,
		  " status=302 dest=12155551213 " },
		{ "malformed", "", "<sip:+12155551212@example.com", { NULL }, TASK_PASS, SK_REQUEST_SYNTAX, 0, false, " status=302 waited=0 " },
		{ "empty", "", "", { NULL }, TASK_PASS, SK_REQUEST_SYNTAX, 0, false, " status=302 waited=0 " },
		/* clang-format on */
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		char yaml[256];
		struct call *c;
		const char *line;

		snprintf(yaml, sizeof(yaml), "%s%s",
			 strstr(rows[i].yaml, "records") ? "" : "records: {numbers: full}\n",
			 rows[i].yaml);
		c = kit_call(yaml);
		c->task = rows[i].task;
		c->err = rows[i].err;
		c->caller = rows[i].caller;
		if (rows[i].from)
			c->facts.from = sk_span_of(rows[i].from);
		for (size_t k = 0; k < SK_COUNT(rows[i].pai) && rows[i].pai[k]; k++)
			c->facts.pai[c->facts.pai_count++] = sk_span_of(rows[i].pai[k]);
		if (rows[i].said)
			c->facts.headers[c->facts.header_count++] =
				(struct header){ SK_SPAN("X-Orig"), SK_SPAN("+14045550177") };
		line = print(c, "");
		CHECK(strstr(line, rows[i].want), "%s: %s", rows[i].name, line);
		CHECK(!strstr(line, "iat=") && !strstr(line, "attest="), "%s: %s", rows[i].name,
		      line);
		kit_drop(c);
	}
}

/* A request that nothing could be read of. */
static void unread(void)
{
	struct call *c = kit_call("");
	const char *line;

	c->facts.from = c->facts.to = (struct sk_span){ NULL, 0 };
	c->err = SK_REQUEST_SYNTAX;
	line = print(c, "");
	CHECK(!strstr(line, "orig=") && !strstr(line, "dest="), "%s", line);
	kit_drop(c);
}

/* Where there are claims they are what is told, whatever the request says. */
static void claimed(void)
{
	struct call *c = kit_call("records: {numbers: full}\n");
	const char *line;

	kit_sign(c);
	c->task = TASK_VERIFY;
	c->err = SK_ORIG_MISMATCH;
	c->claims.orig = (struct sk_party){ SK_PARTY_TN, "14045550666" };
	c->claims.dest[0] = (struct sk_party){ SK_PARTY_TN, "14045550667" };
	line = print(c, "");
	CHECK(strstr(line, " orig=14045550666 dest=14045550667 attest=A ") &&
		      !strstr(line, "1215555"),
	      "%s", line);
	kit_drop(c);
}

/* Every text as long and as hostile as it can be. */
static void hostile(bool is_json, char fill)
{
	static char huge[20000];
	struct call *c = kit_call("");
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
	line = print_as(c, "No-TN-Validation", is_json);
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

static void hashed(void)
{
	struct call *c = kit_call("records: {numbers: hashed}\n");
	char first[RECORD_SIZE], *at, other[] = "orig=12155551213";
	const char *line;

	kit_sign(c);
	c->claims.orig = (struct sk_party){ SK_PARTY_TN, "12155551212" };
	c->claims.dest[0] = (struct sk_party){ SK_PARTY_TN, "12155551212" };
	snprintf(first, sizeof(first), "%s", print(c, ""));
	at = strstr(first, " orig=");
	CHECK(at && strspn(at + 6, "0123456789abcdef") == 16 && at[22] == ' ', "%s", first);
	CHECK(at && strncmp(at + 6, strstr(first, " dest=") + 6, 16) == 0, "same number: %s",
	      first);
	CHECK_STR(print(c, ""), first, "always the same");
	snprintf(c->claims.orig.text, sizeof(c->claims.orig.text), "%s", other + 5);
	line = print(c, "");
	CHECK(at && strncmp(at + 6, strstr(line, " orig=") + 6, 16) != 0, "another: %s", line);
	CHECK(!strstr(line, "5555"), "%s", line);
	kit_drop(c);
}

/* Whose it was, and what was special about it. */
static void service(void)
{
	char east[] = "east";
	const struct trunk_conf trunk = { .name = east };
	struct call *c = kit_call("");
	const char *line;

	kit_sign(c);
	c->trunk = &trunk;
	c->credential = "spare";
	c->lists = NUMBERS_BLOCK | NUMBERS_ALLOW;
	c->dummy = c->over_limit = true;
	c->err = SK_OVER_LIMIT;
	snprintf(c->customer, sizeof(c->customer), "acme");
	snprintf(c->rcd_name, sizeof(c->rcd_name), "Acme Inc.");
	c->facts.branch = SK_SPAN("z9hG4bK1");
	line = print(c, "");
	CHECK(strstr(line, " branch=z9hG4bK1 ") && strstr(line, " trunk=east customer=acme "), "%s",
	      line);
	CHECK(strstr(line, " credential=spare ") && strstr(line, " lists=block,allow "), "%s",
	      line);
	CHECK(strstr(line, " reason=\"more than the limit allows\" "), "%s", line);
	CHECK(strstr(line, " cnam=1 waited=0 dummy=1 limited=1 repeat=0 billable=0 "), "%s", line);
	CHECK(!strstr(line, "Acme"), "a name is nobody's business: %s", line);
	kit_drop(c);
}

/* What is billed: a signature or a verdict, once, and never a failure of ours. */
static void billed(void)
{
	static const struct {
		const char *name;
		enum task task;
		enum sk_err err;
		size_t judged;
		bool repeat, dummy, over, want;
	} rows[] = {
		{ "signed", TASK_SIGN, SK_OK, 0, false, false, false, true },
		{ "passed", TASK_VERIFY, SK_OK, 1, false, false, false, true },
		{ "failed", TASK_VERIFY, SK_BAD_SIGNATURE, 1, false, false, false, true },
		{ "no certificate", TASK_VERIFY, SK_FETCH_STATUS, 1, false, false, false, true },
		{ "repeat", TASK_SIGN, SK_OK, 0, true, false, false, false },
		{ "repeat to verify", TASK_VERIFY, SK_OK, 1, true, false, false, false },
		{ "heartbeat", TASK_SIGN, SK_DUMMY, 0, false, true, false, false },
		{ "over the limit", TASK_SIGN, SK_OVER_LIMIT, 0, false, false, true, false },
		{ "our fault", TASK_VERIFY, SK_ENOMEM, 1, false, false, false, false },
		{ "no key", TASK_SIGN, SK_NO_CREDENTIAL, 0, false, false, false, false },
		{ "nothing there", TASK_VERIFY, SK_NO_IDENTITY, 0, false, false, false, false },
		{ "blocked", TASK_VERIFY, SK_LISTED, 1, false, false, false, false },
		{ "nothing to do", TASK_PASS, SK_NOTHING_TO_DO, 0, false, false, false, false },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct call *c = kit_call("");

		kit_sign(c);
		c->task = rows[i].task;
		c->err = rows[i].err;
		c->judged_count = rows[i].judged;
		c->facts.repeat = rows[i].repeat;
		c->dummy = rows[i].dummy;
		c->over_limit = rows[i].over;
		CHECK(record_billable(c) == rows[i].want, "%s", rows[i].name);
		kit_drop(c);
	}
}

int main(void)
{
	static const uint8_t key[SK_MAC_KEY] = { 1 };
	static const char fills[] = { '\n',   '\r', '"', '\\', '\x01', '\x7f',
				      '\xff', ' ',  '=', '{',  'a' };

	CHECK(sk_mac_new(key, &mac) == SK_OK, "mac");
	plain();
	by_http();
	beside();
	eight();
	masked();
	hashed();
	service();
	billed();
	asked();
	unread();
	claimed();
	json();
	for (size_t i = 0; i < sizeof(fills); i++) {
		hostile(false, fills[i]);
		hostile(true, fills[i]);
	}
	sk_mac_free(mac);
	return check_result();
}
