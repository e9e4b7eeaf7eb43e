/*
 * What an answer says beside the verdict on the number: further PASSporTs, priority,
 * the name, the bypass of the French MAN, and Reasons as a profile has them.
 */
#include "redirector/call/answer.h"
#include "tests/check.h"
#include "tests/unit/callkit.h"

#define MAN "tenant: {profile: man}\n"
#define DIV "e30.e30.ZGl2;info=<https://a.example/c>;alg=ES256;ppt=div"
#define RPH "e30.e30.cnBo;info=<https://a.example/c>;alg=ES256;ppt=rph"

static struct answer built;
static char mem[ANSWER_SIZE];

static const char *build(const struct call *c)
{
	answer_build(c, mem, &built);
	CHECK(!built.lines.overflow && strlen(mem) == built.lines.len, "it fits");
	return mem;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, what)); p++)
		n++;
	return n;
}

static struct call *failed(const char *yaml, enum sk_err err)
{
	struct call *c = kit_call(yaml);

	kit_sign(c);
	c->task = TASK_VERIFY;
	c->identity[0] = '\0';
	c->identity_len = 0;
	c->err = err;
	c->judged[c->judged_count++].err = err;
	return c;
}

/* --- several PASSporTs --- */

static void add_extra(struct call *c, const char *text)
{
	struct signed_extra *e = &c->extras[c->extra_count++];

	e->len = (size_t)snprintf(e->text, sizeof(e->text), "%s", text);
}

static struct call *call_with_extras(const char *yaml)
{
	struct call *c = kit_call(yaml);

	kit_sign(c);
	c->extras = calloc(4, sizeof(*c->extras));
	if (!c->extras)
		exit(1);
	add_extra(c, DIV);
	add_extra(c, RPH);
	return c;
}

static void drop(struct call *c)
{
	free(c->extras);
	c->extras = NULL;
	kit_drop(c);
}

static void extras(void)
{
	struct call *c = call_with_extras("");
	char all[ANSWER_SIZE];

	snprintf(all, sizeof(all),
		 "\r\nIdentity: %s\r\nIdentity: " DIV "\r\nIdentity: " RPH "\r\nDate: ",
		 c->identity);
	CHECK(strstr(build(c), all), "one line each, in order: %s", mem);
	CHECK(count(mem, "\r\nDate: ") == 1, "one Date: %s", mem);
	drop(c);

	c = call_with_extras("answer: {identity-in: [x-identity]}\n");
	build(c);
	CHECK(count(mem, "\r\nX-Identity: ") == 3 && !strstr(mem, "\r\nIdentity"), "%s", mem);
	drop(c);

	c = call_with_extras("answer: {identity-in: [contact]}\n");
	build(c);
	CHECK(count(mem, "Identity=") == 3 && count(mem, "&Identity=") == 2, "%s", mem);
	CHECK(count(mem, "&Date=") == 1 && strstr(mem, "ppt%3Drph>\r\n"), "%s", mem);
	drop(c);

	/* a call that was signed before may get a div alone */
	c = call_with_extras("answer: {nothing: 404, identity-in: [header, contact]}\n");
	c->identity_len = 0;
	c->identity[0] = '\0';
	for (int i = 0; i < 2; i++) {
		c->err = i ? SK_SIGNED_ALREADY : SK_OK;
		build(c);
		CHECK(built.status == 302 && count(mem, "\r\nIdentity: ") == 2, "%s", mem);
		CHECK(strstr(mem, "?Identity=e30.e30.ZGl2%3B"), "div first: %s", mem);
	}
	c->extra_count = 0;
	build(c);
	CHECK(built.status == 404 && !strstr(mem, "Identity"), "nothing at all: %s", mem);
	drop(c);
}

/* What does not fit into a Contact is left out of it, whole; the headers have all. */
static void long_extras(void)
{
	struct call *c = call_with_extras("answer: {identity-in: [header, contact]}\n");
	const char *end;

	for (size_t i = 0; i < 2; i++) {
		memset(c->extras[i].text, ';', SK_IDENTITY_SIZE - 1);
		c->extras[i].len = SK_IDENTITY_SIZE - 1;
	}
	build(c);
	end = strstr(mem, "\r\n");
	CHECK(count(mem, "\r\nIdentity: ") == 3, "all in headers");
	CHECK(count(mem, "&Identity=") == 1, "one more in the Contact");
	CHECK(end && end[-1] == '>' && !memcmp(end - 4, "%3B>", 4), "whole: %.20s", end - 19);
	drop(c);
}

/* --- P-Identity-Bypass --- */

static void bypass(void)
{
	for (int e = 0; e < SK_ERR_COUNT; e++) {
		enum sk_err err = (enum sk_err)e;
		bool ours = sk_err_class(err) == SK_CLASS_OURS;
		struct call *c = kit_call(MAN "sign: {bypass-value: oops}\n"),
			    *hard = kit_call(MAN "sign: {fault: 503}\nanswer: {nothing: 404}\n"),
			    *off = kit_call(MAN "sign: {bypass: no}\n"), *atis = kit_call("");
		struct call *all[] = { c, hard, off, atis };

		for (size_t i = 0; i < SK_COUNT(all); i++) {
			kit_sign(all[i]);
			all[i]->err = err;
			all[i]->identity_len = err ? 0 : all[i]->identity_len;
		}
		build(c);
		CHECK(!strstr(mem, "P-Identity-Bypass: oops\r\n") == !ours, "%s: %s",
		      sk_err_name(err), mem);
		CHECK(!strstr(mem, "Bypass") == !ours, "%s", sk_err_name(err));
		build(hard);
		CHECK(!strstr(mem, "P-Identity-Bypass: 1\r\n") == !ours, "%s: %s", sk_err_name(err),
		      mem);
		CHECK(!strstr(build(off), "Bypass"), "%s: off", sk_err_name(err));
		CHECK(!strstr(build(atis), "Bypass"), "%s: atis", sk_err_name(err));
		c->task = TASK_VERIFY;
		CHECK(!strstr(build(c), "Bypass"), "%s: verifying", sk_err_name(err));
		for (size_t i = 0; i < SK_COUNT(all); i++)
			kit_drop(all[i]);
	}
}

/* --- Reasons, codes and verstats of the profiles --- */

/* clang-format off */
static const struct { const char *yaml; enum sk_err err; const char *reason, *verstat; unsigned reject; } rows[] = {
	{ "", SK_HEADER_CLAIM, "STIR;cause=436;text=\"Bad Identity Info\"", "No-TN-Validation", 436 },
	{ "tenant: {profile: rfc8224}\n", SK_HEADER_CLAIM, "STIR;cause=438;text=\"Invalid Identity Header\"", "No-TN-Validation", 438 },
	{ MAN, SK_HEADER_CLAIM, "SIP;cause=436;text=\"Bad Identity Info\"", "No-TN-Validation", 436 },
	{ "", SK_TYP_INVALID, "STIR;cause=437;text=\"Unsupported Credential\"", "No-TN-Validation", 437 },
	{ "tenant: {profile: rfc8224}\n", SK_TYP_INVALID, "STIR;cause=438;text=\"Invalid Identity Header\"", "No-TN-Validation", 438 },
	{ "", SK_CONSTRAINT, "STIR;cause=438;text=\"Invalid Identity Header\"", "TN-Validation-Failed", 438 },
	{ "verify: {constraint-code: 437}\n", SK_CONSTRAINT, "STIR;cause=437;text=\"Unsupported Credential\"", "TN-Validation-Failed", 437 },
	{ "verify: {verstat: {SK_CONSTRAINT: no}}\n", SK_CONSTRAINT, "STIR;cause=438;text=\"Invalid Identity Header\"", "No-TN-Validation", 438 },
	{ "verify: {verstat: {token: failed}}\n", SK_ORIG_MISMATCH, "STIR;cause=438;text=\"Invalid Identity Header\"", "TN-Validation-Failed", 438 },
	{ MAN, SK_DATE_MISSING, "SIP;cause=428;text=\"Use Identity Header\"", "No-TN-Validation", 428 },
	{ MAN, SK_DATE_STALE, "SIP;cause=403;text=\"Stale Date\"", "No-TN-Validation", 403 },
	{ MAN, SK_BYPASSED, NULL, "No-TN-Validation", 302 },
	{ "", SK_REPLAYED, "STIR;cause=438;text=\"Invalid Identity Header\"", "TN-Validation-Failed", 438 },
	{ "", SK_PPT_UNKNOWN, NULL, "No-TN-Validation", 302 },
	{ MAN, SK_ENOMEM, NULL, "No-TN-Validation", 302 },
};
/* clang-format on */

static void by_profile(void)
{
	char line[256], hard[256];

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		const char *name = sk_err_name(rows[i].err);
		struct call *c = failed(rows[i].yaml, rows[i].err);

		build(c);
		snprintf(line, sizeof(line), "\r\nReason: %s\r\n", rows[i].reason);
		CHECK(count(mem, "Reason:") == !!rows[i].reason, "%s%s: %s", rows[i].yaml, name,
		      mem);
		CHECK(!rows[i].reason || strstr(mem, line), "%s%s: %s", rows[i].yaml, name, mem);
		CHECK_STR(built.verstat, rows[i].verstat, name);
		CHECK(count(mem, rows[i].verstat) == 2, "Contact and PAI: %s", mem);
		CHECK(built.status == 302, "%s: %u", name, built.status);
		kit_drop(c);

		snprintf(hard, sizeof(hard), "%s%s", rows[i].yaml,
			 strstr(rows[i].yaml, "verify:") ? "" : "verify: {on-failure: reject}\n");
		c = failed(hard, rows[i].err);
		((struct verify_conf *)(uintptr_t)&c->tenant->set->verify)->on_failure =
			FAILURE_REJECT;
		build(c);
		CHECK(built.status == rows[i].reject, "%s%s: %u", hard, name, built.status);
		CHECK(built.status == 302 || (!strstr(mem, "Reason") && !strstr(mem, "Contact")),
		      "%s%s: %s", hard, name, mem);
		kit_drop(c);
	}
}

/* Of one protocol SIP a message has one Reason (RFC 3326, 2); of STIR one for each PASSporT. */
static void several_reasons(void)
{
	static const char *const yamls[] = { "", MAN };

	for (size_t i = 0; i < SK_COUNT(yamls); i++) {
		struct call *c = failed(yamls[i], SK_IAT_STALE);

		c->judged[0].signature = SK_SPAN("c2ln");
		c->judged[c->judged_count++] =
			(struct judgement){ .err = SK_HEADER_CLAIM, .signature = SK_SPAN("c2lo") };
		build(c);
		CHECK(count(mem, "Reason:") == (i ? 1 : 2), "%s", mem);
		CHECK(count(mem, ";ppi=") == (i ? 0 : 2), "%s", mem);
		CHECK(strstr(mem, "cause=403"), "the one that says most: %s", mem);
		/* another one passed: each failure is still told by STIR */
		c->err = SK_OK;
		c->judged[c->judged_count++].err = SK_OK;
		CHECK(count(build(c), "Reason:") == (i ? 0 : 2), "%s", mem);
		kit_drop(c);
	}
}

/* A 503 that is none of our faults has no Reason, and none has one where nobody wants it. */
static void unsaid(void)
{
	static const struct {
		const char *yaml;
		enum sk_err err;
		bool over;
		const char *want;
	} silent[] = {
		{ "answer: {nothing: 503}\n", SK_NOTHING_TO_DO, false, "" },
		{ "answer: {nothing: 503}\nsign: {fault: 503}\n", SK_NO_CREDENTIAL, false, "" },
		{ "answer: {reason: none}\nsign: {fault: 503}\n", SK_LATE, false,
		  "Retry-After: 1\r\n" },
		{ "answer: {preset: sansay-compatible}\nsign: {fault: 503}\n", SK_ENOMEM, false,
		  "Retry-After: 1\r\n" },
		{ "sign: {fault: 503}\n", SK_OVER_LIMIT, true, "Retry-After: 1\r\n" },
	};

	for (size_t i = 0; i < SK_COUNT(silent); i++) {
		struct call *c = kit_call(silent[i].yaml);

		c->task = TASK_SIGN;
		c->err = silent[i].err;
		c->over_limit = silent[i].over;
		CHECK_STR(build(c), silent[i].want, silent[i].yaml);
		CHECK(built.status == 503, "%s: %u", silent[i].yaml, built.status);
		kit_drop(c);
	}
}

static void own_date(void)
{
	struct call *c = kit_call("answer: {identity-in: [header, contact]}\n");

	kit_sign(c);
	CHECK(count(build(c), "Date") == 2, "ours: %s", mem);
	c->facts.date = SK_SPAN("Fri, 25 Sep 2015 19:12:25 GMT");
	build(c);
	CHECK(!strstr(mem, "Date"), "the request has a Date: %s", mem);
	kit_drop(c);
}

/* --- priority and name --- */

static void priority(void)
{
	struct call *c = failed("", SK_OK),
		    *other = failed("answer: {priority-header: X-Prio}\n", SK_OK),
		    *none = failed("answer: {priority-header: \"\"}\n", SK_OK);

	CHECK(!strstr(build(c), "RPH"), "not judged: %s", mem);
	for (int e = 0; e < SK_ERR_COUNT; e++) {
		enum sk_err err = (enum sk_err)e;
		bool bad = err == SK_RPH_MISMATCH || sk_outcome(err)->verstat == SK_VERSTAT_FAILED;
		const char *want = !err  ? "Priority-Verstat: RPH-Validation-Passed\r\n"
				   : bad ? "Priority-Verstat: RPH-Validation-Failed\r\n"
					 : "Priority-Verstat: No-RPH-Validation\r\n";

		c->rph = (struct beside){ true, err };
		build(c);
		CHECK(strstr(mem, want) && count(mem, "RPH-Validation") == 1, "%s: %s",
		      sk_err_name(err), mem);
		CHECK(built.status == 302 && strstr(mem, ";verstat=TN-Validation-Passed>") &&
			      !strstr(mem, "Reason"),
		      "%s says nothing of the number: %s", sk_err_name(err), mem);
	}
	other->rph.judged = none->rph.judged = true;
	CHECK(strstr(build(other), "X-Prio: RPH-Validation-Passed\r\n"), "%s", mem);
	CHECK(!strstr(build(none), "RPH"), "%s", mem);
	kit_drop(c);
	kit_drop(other);
	kit_drop(none);
}

/* clang-format off */
static const struct { const char *name, *want; } names[] = {
	{ "Bank of Somewhere", "\"Bank of Somewhere\"" },
	{ "a \"b\" \\c", "\"a \\\"b\\\" \\\\c\"" },
	{ "\\", "\"\\\\\"" },
	{ "\xc3\x89lys\xc3\xa9" "e \xe2\x82\xac \xf0\x9f\x93\x9e", "\"\xc3\x89lys\xc3\xa9" "e \xe2\x82\xac \xf0\x9f\x93\x9e\"" },
	{ "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\xc2\xa0", "\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\xc2\xa0\"" },
	{ "<sip:x@y>;verstat=TN-Validation-Passed", "\"<sip:x@y>;verstat=TN-Validation-Passed\"" },
	{ "", NULL }, { "a\r\nEvil: 1", NULL }, { "a\tb", NULL }, { "a\x7f", NULL }, { "\x01", NULL },
	{ "\xc2\x85", NULL }, { "\xc2", NULL }, { "\xff", NULL }, { "a\x80", NULL }, { "\xc0\xaf", NULL },
	{ "\xe0\x80\xaf", NULL }, { "\xed\xa0\x80", NULL }, { "\xf4\x90\x80\x80", NULL }, { "\xf0\x80\x80\xaf", NULL },
	{ "\xf5\x80\x80\x80", NULL }, { "\xe2\x82", NULL }, { "\xe2\x82" "a", NULL }, { "\xc3\"", NULL },
};
/* clang-format on */

static void rcd_names(void)
{
	struct call *c = failed("", SK_OK),
		    *other = failed("answer: {name-header: X-Caller}\n", SK_OK),
		    *none = failed("answer: {name-header: \"\"}\n", SK_OK);
	char want[512];

	for (size_t i = 0; i < SK_COUNT(names); i++) {
		snprintf(c->rcd_name, sizeof(c->rcd_name), "%s", names[i].name);
		c->rcd = (struct beside){ true, SK_OK };
		build(c);
		snprintf(want, sizeof(want), "\r\nX-RCD-Name: %s\r\n", names[i].want);
		CHECK(!strstr(mem, "X-RCD-Name") == !names[i].want, "%s: %s", names[i].name, mem);
		CHECK(!names[i].want || strstr(mem, want), "%s: %s", names[i].name, mem);
		/* a name that was not verified is nobody's */
		c->rcd.err = SK_RCD_INVALID;
		CHECK(!strstr(build(c), "X-RCD-Name"), "invalid: %s", mem);
		c->rcd = (struct beside){ false, SK_OK };
		CHECK(!strstr(build(c), "X-RCD-Name"), "not judged: %s", mem);
	}
	for (size_t i = 0; i < 2; i++) {
		struct call *one = i ? none : other;

		one->rcd.judged = true;
		snprintf(one->rcd_name, sizeof(one->rcd_name), "Bob");
		CHECK(!strstr(build(one), "X-Caller: \"Bob\"\r\n") == (i == 1), "%s", mem);
		CHECK(i == 0 || !strstr(mem, "RCD"), "%s", mem);
	}
	kit_drop(c);
	kit_drop(other);
	kit_drop(none);
}

int main(void)
{
	extras();
	long_extras();
	bypass();
	by_profile();
	several_reasons();
	unsaid();
	own_date();
	priority();
	rcd_names();
	return check_result();
}
