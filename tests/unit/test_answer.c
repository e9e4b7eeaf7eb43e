/*
 * From an outcome and a configuration to the answer: every row of the table of
 * outcomes both ways, every choice of `answer`, and texts that try to break out.
 */
#include "redirector/call/answer.h"
#include "tests/check.h"
#include "tests/unit/callkit.h"

#define TOKEN "e30.e30.c2ln;info=<https://a.example/c>;alg=ES256;ppt=shaken"
#define ESCAPED \
	"e30.e30.c2ln%3Binfo%3D%3Chttps%3A%2F%2Fa.example%2Fc%3E%3Balg%3DES256%3Bppt%3Dshaken"
#define PASSED "TN-Validation-Passed"
#define AT     "sip:+12155551213@192.0.2.9:6060;user=phone"

static struct answer built;
static char mem[ANSWER_SIZE];

static const char *build(const struct call *c)
{
	answer_build(c, mem, &built);
	CHECK(!built.lines.overflow, "it fits");
	return mem;
}

static struct call *signed_call(const char *yaml)
{
	struct call *c = kit_call(yaml);

	kit_sign(c);
	return c;
}

static struct call *verified(const char *yaml, enum sk_err err)
{
	struct call *c = kit_call(yaml);

	kit_sign(c);
	c->task = TASK_VERIFY;
	c->identity[0] = '\0';
	c->identity_len = 0;
	c->err = err;
	if (sk_err_class(err) != SK_CLASS_ABSENT && sk_err_class(err) != SK_CLASS_INPUT)
		c->judged[c->judged_count++].err = err;
	return c;
}

/* --- every outcome --- */

/* Outcomes whose answer the tenant chooses whole, in a table of their own. */
static bool is_chosen(enum sk_err err)
{
	return err == SK_LISTED || err == SK_DUMMY;
}

static void signing_outcome(enum sk_err err)
{
	struct call *c = signed_call(""), *hard = signed_call("sign: {fault: 503, stale-date: 403, "
							      "no-orig: 403}\nanswer: {nothing: "
							      "404}\n");
	const struct sk_outcome *row = sk_outcome(err);
	const char *name = sk_err_name(err);
	bool fault = row->blame == SK_CLASS_OURS && err != SK_NO_CREDENTIAL;
	char said[256];

	c->err = hard->err = err;
	if (err)
		c->identity_len = hard->identity_len = 0;
	build(c);
	if (err == SK_REQUEST_SYNTAX)
		CHECK(built.status == 400, "%s", name);
	else if (err == SK_OK || row->code == 0 || err == SK_DATE_STALE || err == SK_DATE_SYNTAX)
		CHECK(built.status == 302 && !strcmp(built.phrase, "Moved Temporarily"), "%s: %u",
		      name, built.status);
	CHECK(!strstr(mem, "Identity") == !!err, "%s: %s", name, mem);
	CHECK(!strstr(mem, "Validation"), "%s: %s", name, mem);
	CHECK_STR(built.verstat, "", name);

	build(hard);
	snprintf(said, sizeof(said), "Retry-After: 1\r\nReason: SIP;cause=503;text=\"%s\"\r\n",
		 row->text);
	CHECK(!strstr(mem, "Reason") == !fault, "%s: %s", name, mem);
	if (fault)
		CHECK(built.status == 503 && !strcmp(mem, said), "%s: %s", name, mem);
	else if (err == SK_DATE_STALE || err == SK_NO_ORIG)
		CHECK(built.status == 403, "%s: %u", name, built.status);
	else if (err == SK_NOTHING_TO_DO || err == SK_SIGNED_ALREADY || err == SK_NO_ATTEST)
		CHECK(built.status == 404, "%s: %u", name, built.status);
	else if (err && row->code == 0)
		CHECK(built.status == (err == SK_NO_CREDENTIAL ? 404 : 302), "%s: %u", name,
		      built.status);
	CHECK(!fault || built.status / 100 != 4, "%s: a fault of ours blames nobody", name);
	kit_drop(c);
	kit_drop(hard);
}

static void verifying_outcome(enum sk_err err)
{
	struct call *c = verified("", err), *hard = verified("verify: {on-failure: reject, fault: "
							     "503}\n",
							     err);
	const struct sk_outcome *row = sk_outcome(err);
	const char *name = sk_err_name(err), *verstat = sk_verstat_text(row->verstat);
	/* RFC 9410, 4: 400 is no cause of the protocol STIR */
	const bool told = row->code && row->code != 400;
	char want[128];

	build(c);
	if (err == SK_REQUEST_SYNTAX) {
		CHECK(built.status == 400 && !strstr(mem, "verstat"), "%s", name);
	} else {
		CHECK(built.status == 302, "%s: %u", name, built.status);
		CHECK_STR(built.verstat, verstat, name);
		snprintf(want, sizeof(want), "Contact: <" AT ";verstat=%s>\r\n", verstat);
		CHECK(strstr(mem, want), "%s: %s", name, mem);
		snprintf(want, sizeof(want), "Reason: STIR;cause=%u;text=\"%s\"\r\n", row->code,
			 row->phrase);
		CHECK(!strstr(mem, "Reason:") == !told, "%s: %s", name, mem);
		CHECK(!told || strstr(mem, want), "%s: %s", name, mem);
	}
	CHECK(!strstr(mem, "Passed") == !!err, "%s: %s", name, mem);
	CHECK(!strstr(mem, "P-Attestation-Indicator: A\r\n") == !!err, "%s: %s", name, mem);

	build(hard);
	snprintf(want, sizeof(want), "\r\nReason: SIP;cause=503;text=\"%s\"\r\n", row->text);
	if (row->blame == SK_CLASS_OURS && err != SK_NO_CREDENTIAL)
		CHECK(built.status == 503 && strstr(mem, want), "%s: %u %s", name, built.status,
		      mem);
	else if (row->code)
		CHECK(built.status == row->code && !strcmp(built.phrase, row->phrase), "%s", name);
	else
		CHECK(built.status == 302, "%s: %u", name, built.status);
	CHECK(built.status == 302 || !strstr(mem, "Contact"), "%s: %s", name, mem);
	kit_drop(c);
	kit_drop(hard);
}

/* --- every choice --- */

/* clang-format off */
static const struct {
	const char *yaml;
	bool verify;
	const char *want, *and, *deny;
} choices[] = {
	{ "", false, "Contact: <" AT ">\r\n", "\r\nIdentity: " TOKEN "\r\n", "X-Identity" },
	{ "", false, "\r\nDate: Fri, 25 Sep 2015 19:12:30 GMT\r\n", "", "verstat" },
	{ "answer: {identity-in: [x-identity]}\n", false, "\r\nX-Identity: " TOKEN "\r\n", "", "\r\nIdentity" },
	{ "answer: {identity-in: [contact]}\n", false, "<" AT "?Identity=" ESCAPED "&Date=Fri%2C%2025%20Sep%202015%2019%3A12%3A30%20GMT>\r\n", "", "\r\nIdentity" },
	{ "answer: {identity-in: [header, x-identity, contact]}\n", false, "\r\nIdentity: ", "?Identity=" ESCAPED "&", NULL },
	{ "answer: {verstat-in: [header]}\n", true, "X-Verstat: " PASSED "\r\n", "Contact: <" AT ">\r\n", "P-Asserted" },
	{ "answer: {verstat-in: [header], verstat-header: P-Foo}\n", true, "P-Foo: " PASSED "\r\n", "", "X-Verstat" },
	{ "answer: {verstat-in: [contact-user]}\n", true, "<sip:+12155551213;verstat=" PASSED "@192.0.2.9:6060;user=phone>", "", "P-Asserted" },
	{ "answer: {verstat-in: [pai]}\n", true, "P-Asserted-Identity: \"Bob\" <sip:+12155551212;verstat=" PASSED "@example.com;user=phone>\r\n", "Contact: <" AT ">\r\n", NULL },
	{ "answer: {verstat-in: [contact-pai]}\n", true,
	  "?P-Asserted-Identity=%22Bob%22%20%3Csip%3A%2B12155551212%3Bverstat%3D" PASSED "%40example.com%3Buser%3Dphone%3E>\r\n", "", "P-Asserted-Identity: " },
	{ "answer: {verstat-in: [pai], pai-verstat: uri}\n", true, "P-Asserted-Identity: \"Bob\" <sip:+12155551212@example.com;user=phone;verstat=" PASSED ">\r\n", "", "12;" },
	{ "answer: {verstat-in: [pai], pai-verstat: header, pai-header: X-PAI}\n", true, "X-PAI: \"Bob\" <sip:+12155551212@example.com;user=phone>;verstat=" PASSED "\r\n", "", "12;" },
	{ "answer: {verstat-in: [contact-pai], pai-verstat: uri}\n", true, "%40example.com%3Buser%3Dphone%3Bverstat%3D" PASSED "%3E>\r\n", "", "12%3B" },
	{ "answer: {verstat-in: [contact-pai], pai-verstat: header}\n", true, "%40example.com%3Buser%3Dphone%3E%3Bverstat%3D" PASSED ">\r\n", "", "12%3B" },
	{ "answer: {verstat-in: [contact-uri, contact-user, pai, contact-pai, header]}\n", true, "X-Verstat", "?P-Asserted-Identity=", NULL },
	{ "answer: {verstat-suffix: yes}\n", true, "verstat=" PASSED "-A>", "", NULL },
	{ "answer: {attest-header: Attestation-Info, origid-header: Origination-Id}\n", true,
	  "Attestation-Info: A\r\n", "Origination-Id: 123e4567-e89b-12d3-a456-426655440000\r\n", "P-" "Attestation" },
	{ "answer: {attest-header: \"\", origid-header: \"\"}\n", true, "Contact", "", "Attest" },
};

static const struct { const char *yaml; enum sk_err err; bool sign; unsigned status; const char *phrase; } codes[] = {
	{ "answer: {code: 300}\n", SK_OK, true, 300, "Multiple Choices" },
	{ "answer: {code: 300}\n", SK_BAD_SIGNATURE, false, 300, "Multiple Choices" },
	{ "answer: {code: 300, nothing: 302}\n", SK_NOTHING_TO_DO, true, 300, "Multiple Choices" },
	{ "answer: {nothing: 404}\n", SK_NOTHING_TO_DO, true, 404, "Not Found" },
	{ "answer: {nothing: 503}\n", SK_NO_ATTEST, true, 503, "Service Unavailable" },
	{ "answer: {nothing: 404}\n", SK_NO_IDENTITY, false, 302, "Moved Temporarily" },
	{ "sign: {no-orig: 403}\n", SK_NO_ORIG, true, 403, "Forbidden" },
	{ "sign: {no-orig: 433}\n", SK_NO_ORIG, true, 433, "Anonymity Disallowed" },
	{ "answer: {nothing: 404}\n", SK_NO_ORIG, true, 302, "Moved Temporarily" },
	{ "answer: {nothing: 404}\n", SK_INCOMPLETE, true, 302, "Moved Temporarily" },
	{ "answer: {nothing: 404}\n", SK_SIGNED_ALREADY, true, 404, "Not Found" },
	{ "sign: {stale-date: 403}\n", SK_DATE_STALE, true, 403, "Stale Date" },
	{ "sign: {stale-date: 403}\n", SK_DATE_SYNTAX, true, 400, "Bad Request" },
	{ "sign: {fault: 503}\n", SK_LATE, true, 503, "Service Unavailable" },
	{ "verify: {fault: 503}\n", SK_LATE, false, 503, "Service Unavailable" },
	{ "verify: {on-failure: reject}\n", SK_LATE, false, 302, "Moved Temporarily" },
	{ "verify: {on-failure: reject}\n", SK_IDENTITY_REQUIRED, false, 428, "Use Identity Header" },
	{ "verify: {on-failure: reject}\n", SK_NO_IDENTITY, false, 302, "Moved Temporarily" },
};

/* texts from outside, each of which tries to become a line or to leave its quotes */
static const char *const evil[] = {
	"\"a\\\"b\" <sip:+12155551212@example.com>", "\"<sip:x@y>\" <sip:+12155551212@example.com>", "Bob\r\n <sip:+12155551212@example.com>",
	"\"a\r\n b\" <sip:+12155551212@example.com>", "<sip:+12155551212;verstat=" PASSED "@example.com>", "<sip:+12155551212@example.com;verstat=" PASSED ">",
	"<sip:+12155551212@example.com?Identity=x>", "<sip:+1%0d%0aEvil:%201@example.com>", "<sip:+12155551212\"@example.com>", "<sip:\xff@example.com>", "<sip:example.com>",
	"\"verstat=" PASSED "\" <sip:example.com>", "<sip:+12155551212:pw@example.com>",
};
static const char *const uris[] = {
	"sip:+1;verstat=" PASSED "@a", "sip:+1@a;verstat=" PASSED, "sip:+1@a?P-Asserted-Identity=%3Csip:x%3E", "sip:%0d%0aX:%201@a", "tel:+1;verstat=" PASSED, "sip:a", "urn:service:sos",
	"sip:1@a;x=%3E%0d%0a", "sips:1@[::1]",
};
/* clang-format on */

static void options(void)
{
	for (size_t i = 0; i < SK_COUNT(choices); i++) {
		struct call *c = choices[i].verify ? verified(choices[i].yaml, SK_OK)
						   : signed_call(choices[i].yaml);

		build(c);
		CHECK(built.status == 302, "%s", choices[i].yaml);
		CHECK(strstr(mem, choices[i].want) && strstr(mem, choices[i].and), "%s%s",
		      choices[i].yaml, mem);
		CHECK(!choices[i].deny || !strstr(mem, choices[i].deny), "%s%s", choices[i].yaml,
		      mem);
		kit_drop(c);
	}
}

static void statuses(void)
{
	for (size_t i = 0; i < SK_COUNT(codes); i++) {
		struct call *c = codes[i].sign ? signed_call(codes[i].yaml)
					       : verified(codes[i].yaml, codes[i].err);

		c->err = codes[i].err;
		build(c);
		CHECK(built.status == codes[i].status, "%s%s: %u", codes[i].yaml,
		      sk_err_name(codes[i].err), built.status);
		CHECK_STR(built.phrase, codes[i].phrase, codes[i].yaml);
		kit_drop(c);
	}
}

static void reasons(void)
{
	struct call *c = verified("", SK_IAT_STALE),
		    *sip = verified("answer: {reason: sip}\n", SK_IAT_STALE);

	c->judged[0].signature = SK_SPAN("c2ln");
	CHECK(strstr(build(c), "Reason: STIR;cause=403;text=\"Stale Date\"\r\n"), "one: no ppi");
	c->judged[c->judged_count++] = c->judged[0];
	c->judged[1].err = SK_PPT_UNKNOWN;
	build(c);
	CHECK(strstr(mem, "text=\"Stale Date\";ppi=\"..c2ln\"\r\n"), "several: ppi: %s", mem);
	CHECK(!strstr(strstr(mem, "Reason:") + 1, "Reason:"), "an ignored one has no Reason: %s",
	      mem);
	c->judged[1].err = SK_BAD_SIGNATURE;
	CHECK(strstr(strstr(build(c), "cause=403"), "Reason: STIR;cause=438"), "two: %s", mem);
	c->err = SK_IDENTITY_REQUIRED;
	c->judged_count = 0;
	CHECK(strstr(build(c), "Reason: STIR;cause=428;text=\"Use Identity Header\"\r\n"), "428");
	kit_drop(c);

	sip->judged_count = 1;
	sip->judged[0].err = SK_IAT_STALE;
	CHECK(strstr(build(sip), "Reason: SIP;cause=403"), "%s", mem);
	kit_drop(sip);
	c = verified("answer: {reason: none}\n", SK_IAT_STALE);
	CHECK(!strstr(build(c), "Reason"), "none: %s", mem);
	kit_drop(c);
}

/* Every line is `name: value`, quotes are even, and nothing says Passed. */
static void check_lines(const char *lines, const char *what)
{
	for (const char *p = lines; *p;) {
		const char *end = strstr(p, "\r\n");
		unsigned quotes = 0;

		CHECK(end && strchr(p, ':') && strchr(p, ':') < end, "%s: %s", what, lines);
		if (!end)
			return;
		for (const char *q = p; q < end; q++) {
			CHECK((unsigned char)*q >= ' ' && *q != 0x7f, "%s: %s", what, lines);
			if (*q == '\\' && quotes % 2)
				q++;
			else if (*q == '"')
				quotes++;
		}
		CHECK(quotes % 2 == 0, "%s: quotes: %s", what, lines);
		p = end + 2;
	}
	CHECK(!strstr(lines, "Evil:") && !strstr(lines, "\nX:"), "%s: %s", what, lines);
}

static void evil_caller(const char *yaml, const char *from)
{
	struct call *c = verified(yaml, SK_BAD_SIGNATURE);

	c->facts.from = sk_span_of(from);
	check_lines(build(c), from);
	CHECK(!strstr(mem, ";verstat=" PASSED), "%s: %s", from, mem);
	CHECK(strstr(mem, ";verstat=TN-Validation-Failed"), "%s: %s", from, mem);
	kit_drop(c);
}

static void injections(void)
{
	static const char yaml[] = "answer: {verstat-in: [contact-uri, contact-user, pai, "
				   "contact-pai], contact: request-uri}\n",
			  alert[] = "actions: {failed: alert}\nanswer: {verstat-in: [contact-uri, "
				    "contact-pai]}\n";

	for (size_t i = 0; i < SK_COUNT(evil); i++) {
		struct call *c;

		evil_caller(yaml, evil[i]);
		evil_caller("answer: {verstat-in: [contact-uri, pai], pai-verstat: uri}\n",
			    evil[i]);
		evil_caller("answer: {verstat-in: [contact-uri, pai], pai-verstat: header}\n",
			    evil[i]);
		c = verified(alert, SK_BAD_SIGNATURE);
		c->facts.from = sk_span_of(evil[i]);
		c->facts.identity_count = 1;
		check_lines(build(c), evil[i]);
		CHECK(!strstr(mem, "P-Asserted-Identity") ||
			      strstr(mem, "ed-Identity: \"[spoofed?]"),
		      "%s: %s", evil[i], mem);
		CHECK(!strstr(mem, ";verstat=" PASSED), "%s: %s", evil[i], mem);
		kit_drop(c);
	}
	for (size_t i = 0; i < SK_COUNT(uris); i++) {
		struct call *c = verified(yaml, SK_BAD_SIGNATURE);

		c->facts.request_uri = sk_span_of(uris[i]);
		check_lines(build(c), uris[i]);
		CHECK(!strstr(mem, "verstat=" PASSED), "%s: %s", uris[i], mem);
		kit_drop(c);
	}
}

static void odd_origids(void)
{
	static const char *const texts[] = { "",    "a\r\nEvil: 1", "a b",      "\"",   "a;b",
					     "a,b", "<a>",          "\xc3\xa9", "a\x01" };
	struct call *c = verified("", SK_OK);

	for (size_t i = 0; i < SK_COUNT(texts); i++) {
		snprintf(c->claims.origid, sizeof(c->claims.origid), "%s", texts[i]);
		check_lines(build(c), texts[i]);
		CHECK(!strstr(mem, "P-Origination-ID"), "%s: %s", texts[i], mem);
	}
	kit_drop(c);
}

static void too_long(void)
{
	static char name[8192];
	struct call *c = verified("", SK_OK);

	snprintf(name, sizeof(name), "\"%08000d\" <sip:+12155551212@example.com>", 1);
	c->facts.from = sk_span_of(name);
	CHECK(strstr(build(c), ";verstat=" PASSED ">\r\n"), "the Contact says it: %s", mem);
	CHECK(!strstr(mem, "P-Asserted-Identity"), "a header that does not fit goes whole");
	check_lines(mem, "long name");
	kit_drop(c);
}

static void plain(void)
{
	static const unsigned all[] = { 200, 400, 403, 405, 414, 416, 481, 503 };
	struct call *c = kit_call("");

	for (size_t i = 0; i < SK_COUNT(all); i++) {
		answer_plain(all[i], mem, &built);
		CHECK(built.status == all[i] && strcmp(built.phrase, "Unknown") != 0, "%u", all[i]);
		CHECK(!strstr(mem, "Allow: INVITE, ACK, CANCEL, OPTIONS\r\n") ==
			      (all[i] != 405 && all[i] != 200),
		      "%u: %s", all[i], mem);
		CHECK(!strstr(mem, "Retry-After") == (all[i] != 503), "%u: %s", all[i], mem);
	}
	answer_in_dialog(c, mem, &built);
	CHECK(built.status == 302, "in a dialog");
	CHECK_STR(mem, "Contact: <" AT ">\r\n", "in a dialog");
	kit_drop(c);
}

int main(void)
{
	for (int err = 0; err < SK_ERR_COUNT; err++) {
		if (is_chosen((enum sk_err)err))
			continue;
		signing_outcome((enum sk_err)err);
		verifying_outcome((enum sk_err)err);
	}
	options();
	statuses();
	reasons();
	injections();
	odd_origids();
	too_long();
	plain();
	return check_result();
}
