/*
 * Rules over facts that the test makes by hand: no bytes, no sockets.
 */
#include "redirector/call/policy.h"
#include "tests/check.h"
#include "tests/unit/callkit.h"

#include <stdlib.h>

#define NOW 1443208350
#define TN1 "<sip:+12155551212@a.example;user=phone>;tag=1"
#define ANY "<sip:anonymous@anonymous.invalid>;tag=1"

static struct facts usual(void)
{
	struct facts f = { .complete = true, .now = NOW, .first_seen = NOW };

	f.from = SK_SPAN(TN1);
	f.to = SK_SPAN("<sip:+12155551213@b.example;user=phone>");
	f.id[0] = 7;
	if (!addr_parse(SK_SPAN("192.0.2.9:5060"), &f.source))
		exit(1);
	return f;
}

static void set_header(struct facts *f, const char *name, const char *value)
{
	f->headers[f->header_count++] = (struct header){ sk_span_of(name), sk_span_of(value) };
}

/* clang-format off */
static const struct {
	const char *name, *yaml, *from, *pai, *pai2, *callers; /* callers: joined by ',' */
} sources[] = {
	{ "atis: From", "", TN1, NULL, NULL, "12155551212" },
	{ "atis: PAI first", "", TN1, "<tel:+12155550001>", NULL, "12155550001" },
	{ "atis: two PAI", "", TN1, "<tel:+12155550001>", "<sip:+12155550002@a>", "12155550001,12155550002" },
	{ "atis: PAI is no number", "", TN1, "<sip:bob@a>", NULL, "12155551212" },
	{ "atis: anonymous, PAI", "", ANY, "<tel:+12155550001>", NULL, "12155550001" },
	{ "atis: anonymous", "", ANY, NULL, NULL, "" },
	{ "rfc: From alone", "tenant: {profile: rfc8224}\n", TN1, "<tel:+12155550001>", NULL, "12155551212" },
	{ "rfc: anonymous", "tenant: {profile: rfc8224}\n", ANY, "<tel:+12155550001>", NULL, "" },
	{ "man: From first", "tenant: {profile: man}\n", TN1, "<tel:+12155550001>", NULL, "12155551212" },
	{ "man: anonymous", "tenant: {profile: man}\n", ANY, "<tel:+12155550001>", NULL, "12155550001" },
	{ "choice beats profile", "sign: {orig-source: from-only}\n", TN1, "<tel:+12155550001>", NULL, "12155551212" },
	{ "choice beats profile 2", "sign: {orig-source: pai-first}\ntenant: {profile: man}\n", TN1, "<tel:+12155550001>", NULL, "12155550001" },
	{ "number in the host", "", "<sip:12155551212>", NULL, NULL, "" },
	{ "too long", "", "<sip:+1234567890123456@a;user=phone>", NULL, NULL, "" },
	{ "name is not looked at", "", "\"+12155550009\" <sip:+12155551212@a>", NULL, NULL, "12155551212" },
};

static const struct { const char *name, *from, *to, *pai; } broken[] = {
	{ "From", "<sip:+12155551212@a", "<sip:+12155551213@b>", NULL },
	{ "To", TN1, "<sip:+12155551213@b", NULL },
	{ "From, though PAI counts", "\"open <sip:a@b>", "<sip:+12155551213@b>", "<tel:+12155550001>" },
	{ "PAI", TN1, "<sip:+12155551213@b>", "<tel:+12155550001" },
	{ "empty From", "", "<sip:+12155551213@b>", NULL },
	{ "empty To", TN1, "", NULL },
	{ "%00 in From", "<sip:+1215%005551212@a>", "<sip:+12155551213@b>", NULL },
	{ "%00 in To", TN1, "<sip:+12155551213%00@b>", NULL },
	{ "%00 in PAI", TN1, "<sip:+12155551213@b>", "<sip:%00+1215@b>" },
	{ "%00 in a bare address", "sip:%00a@b;tag=1", "<sip:+12155551213@b>", NULL },
};

/* what comes of claims */
static const struct {
	const char *name, *yaml;
	const char *from, *to, *date, *identity;
	bool incomplete;
	enum sk_err want;
	int64_t iat;
} claims[] = {
	{ "usual", "", NULL, NULL, NULL, NULL, false, SK_OK, NOW },
	{ "iat is Date", "", NULL, NULL, "Fri, 25 Sep 2015 19:12:00 GMT", NULL, false, SK_OK, NOW - 30 },
	{ "60 s old", "", NULL, NULL, "Fri, 25 Sep 2015 19:11:30 GMT", NULL, false, SK_OK, NOW - 60 },
	{ "61 s old", "", NULL, NULL, "Fri, 25 Sep 2015 19:11:29 GMT", NULL, false, SK_DATE_STALE, 0 },
	{ "60 s ahead", "", NULL, NULL, "Fri, 25 Sep 2015 19:13:30 GMT", NULL, false, SK_OK, NOW + 60 },
	{ "61 s ahead", "", NULL, NULL, "Fri, 25 Sep 2015 19:13:31 GMT", NULL, false, SK_DATE_STALE, 0 },
	{ "no date", "", NULL, NULL, "today", NULL, false, SK_DATE_SYNTAX, 0 },
	{ "another zone", "", NULL, NULL, "Fri, 25 Sep 2015 19:12:00 EST", NULL, false, SK_DATE_SYNTAX, 0 },
	{ "own clock, stale", "sign: {stale-date: own-clock}\n", NULL, NULL, "Fri, 25 Sep 2015 18:12:00 GMT", NULL, false, SK_OK, NOW },
	{ "own clock, no date", "sign: {stale-date: own-clock}\n", NULL, NULL, "today", NULL, false, SK_OK, NOW },
	{ "own clock, fresh", "sign: {stale-date: own-clock}\n", NULL, NULL, "Fri, 25 Sep 2015 19:12:00 GMT", NULL, false, SK_OK, NOW - 30 },
	{ "signed already", "", NULL, NULL, NULL, "a.b.c;info=<x>;ppt=shaken", false, SK_SIGNED_ALREADY, 0 },
	{ "of another type", "", NULL, NULL, NULL, "a.b.c;info=<x>;ppt=div", false, SK_OK, NOW },
	{ "incomplete", "", NULL, NULL, NULL, NULL, true, SK_INCOMPLETE, 0 },
	{ "nobody calls", "", ANY, NULL, NULL, NULL, false, SK_NO_ORIG, 0 },
	{ "nobody is called", "", NULL, "<sip:anonymous@anonymous.invalid>", NULL, NULL, false, SK_NO_DEST, 0 },
	{ "emergency", "", NULL, "<sip:911@b;user=phone>", NULL, NULL, false, SK_OK, NOW },
	{ "broken To", "", NULL, "<", NULL, NULL, false, SK_REQUEST_SYNTAX, 0 },
};

/* the Date of a request to verify */
static const struct { const char *yaml, *date; enum sk_err want; } dates[] = {
	{ "", NULL, SK_OK }, { "", "today", SK_OK }, { "", "Fri, 25 Sep 2015 10:00:00 GMT", SK_OK },
	{ "verify: {date-check: rfc}\n", NULL, SK_OK },
	{ "verify: {date-check: rfc}\n", "today", SK_DATE_SYNTAX },
	{ "verify: {date-check: rfc}\n", "Fri, 25 Sep 2015 10:00:00 GMT", SK_OK },
	{ "verify: {date-check: strict}\n", "Fri, 25 Sep 2015 19:11:30 GMT", SK_OK },
	{ "verify: {date-check: strict}\n", "Fri, 25 Sep 2015 19:11:29 GMT", SK_DATE_STALE },
	{ "verify: {date-check: strict}\n", "Fri, 25 Sep 2015 19:13:30 GMT", SK_OK },
	{ "verify: {date-check: strict}\n", "Fri, 25 Sep 2015 19:13:31 GMT", SK_DATE_STALE },
	{ "verify: {date-check: strict}\n", "today", SK_DATE_SYNTAX },
	{ "verify: {date-check: strict}\n", NULL, SK_DATE_MISSING },
	{ "tenant: {profile: man}\n", "Fri, 25 Sep 2015 10:00:00 GMT", SK_DATE_STALE },
	{ "tenant: {profile: man}\n", NULL, SK_DATE_MISSING },
	{ "tenant: {profile: man}\n", "", SK_DATE_MISSING },
	{ "tenant: {profile: rfc8224}\n", NULL, SK_OK },
	{ "tenant: {profile: man}\nverify: {date-check: rfc}\n", NULL, SK_OK },
	{ "tenant: {profile: rfc8224}\n", "today", SK_DATE_SYNTAX },
	{ "tenant: {profile: man}\nverify: {date-check: iat-only}\n", "today", SK_OK },
};

/* numbers in headers of the request, which may say them */
#define SAY "sign: {orig-header: X-Orig, dest-header: X-Dest, attest-sources: [192.0.2.0/24]}\nnumbers: {country: 1}\n"
static const struct { const char *name, *yaml; bool may; const char *orig, *dest; enum sk_err want; const char *want_orig, *want_dest; } said[] = {
	{ "both", SAY, true, "+14045550100", "+14045550199", SK_OK, "14045550100", "14045550199" },
	{ "nobody may", SAY, false, "+14045550100", "+14045550199", SK_OK, "12155551212", "12155551213" },
	{ "no header is asked for", "", true, "+14045550100", "+14045550199", SK_OK, "12155551212", "12155551213" },
	{ "none is there", SAY, true, NULL, NULL, SK_OK, "12155551212", "12155551213" },
	{ "orig alone", SAY, true, "+14045550100", NULL, SK_OK, "14045550100", "12155551213" },
	{ "dest alone", SAY, true, NULL, "911", SK_OK, "12155551212", "911" },
	{ "as people write it", SAY, true, "(404) 555-0100", "404.555.0199", SK_OK, "14045550100", "14045550199" },
	{ "as addresses", SAY, true, "\"B\" <sip:+14045550100@a>;x=y", "tel:+14045550199", SK_OK, "14045550100", "14045550199" },
	{ "orig is no number", SAY, true, "bob", NULL, SK_NO_ORIG, "", "" },
	{ "orig is an address of nobody", SAY, true, "<sip:bob@a>", NULL, SK_NO_ORIG, "", "" },
	{ "orig is empty", SAY, true, "", NULL, SK_NO_ORIG, "", "" },
	{ "orig is broken", SAY, true, "<sip:+14045550100@a", NULL, SK_NO_ORIG, "", "" },
	{ "orig is two", SAY, true, "+14045550100, +14045550101", NULL, SK_NO_ORIG, "", "" },
	{ "orig is too long", SAY, true, "+1404555010012345", NULL, SK_NO_ORIG, "", "" },
	{ "orig is a short code", SAY, true, "911", NULL, SK_NO_ORIG, "", "" },
	{ "orig with %00", SAY, true, "<sip:+1404%005550100@a>", NULL, SK_NO_ORIG, "", "" },
	{ "dest is empty", SAY, true, NULL, "", SK_NO_DEST, "", "" },
	{ "dest is nobody", SAY, true, NULL, "sip:bob@a", SK_NO_DEST, "", "" },
};
/* clang-format on */

static void callers(void)
{
	for (size_t i = 0; i < SK_COUNT(sources); i++) {
		struct tenant *t = kit_tenant(sources[i].yaml);
		struct facts f = usual();
		struct sk_call_parties p;
		char mem[1024];
		struct sk_buf joined;

		sk_buf_init(&joined, mem, sizeof(mem));
		f.from = sk_span_of(sources[i].from);
		if (sources[i].pai)
			f.pai[f.pai_count++] = sk_span_of(sources[i].pai);
		if (sources[i].pai2)
			f.pai[f.pai_count++] = sk_span_of(sources[i].pai2);
		CHECK(policy_parties(t, &f, &p) == SK_OK, "%s", sources[i].name);
		for (size_t k = 0; k < p.caller_count; k++)
			sk_buf_printf(&joined, "%s%s", k ? "," : "", p.callers[k].text);
		CHECK_STR(joined.text, sources[i].callers, sources[i].name);
		CHECK_STR(p.called.text, "12155551213", sources[i].name);
		tenant_unref(t);
	}
}

static void refusals(void)
{
	struct tenant *t = kit_tenant("");

	for (size_t i = 0; i < SK_COUNT(broken); i++) {
		struct facts f = usual();
		struct sk_call_parties p;

		f.from = sk_span_of(broken[i].from);
		f.to = sk_span_of(broken[i].to);
		if (broken[i].pai)
			f.pai[f.pai_count++] = sk_span_of(broken[i].pai);
		CHECK(policy_parties(t, &f, &p) == SK_REQUEST_SYNTAX, "%s", broken[i].name);
	}
	tenant_unref(t);
}

static void signing(void)
{
	for (size_t i = 0; i < SK_COUNT(claims); i++) {
		struct tenant *t = kit_tenant(claims[i].yaml);
		struct facts f = usual();
		struct sk_claims c = { .iat = 0 };
		enum sk_err err;

		if (claims[i].from)
			f.from = sk_span_of(claims[i].from);
		if (claims[i].to)
			f.to = sk_span_of(claims[i].to);
		if (claims[i].date)
			f.date = sk_span_of(claims[i].date);
		if (claims[i].identity)
			f.identities[f.identity_count++] = sk_span_of(claims[i].identity);
		f.complete = !claims[i].incomplete;
		err = policy_claims(t, &f, false, &c);
		CHECK(err == claims[i].want, "%s: %s", claims[i].name, sk_err_name(err));
		CHECK(err || c.iat == claims[i].iat, "%s: %lld", claims[i].name, (long long)c.iat);
		CHECK(err || (c.dest_count == 1 && c.div.kind == SK_PARTY_NONE &&
			      sk_uuid_check(sk_span_of(c.origid))),
		      "%s", claims[i].name);
		tenant_unref(t);
	}
}

static void headers(void)
{
	for (size_t i = 0; i < SK_COUNT(said); i++) {
		struct tenant *t = kit_tenant(said[i].yaml);
		struct facts f = usual();
		struct sk_claims c = { .iat = 0 };
		enum sk_err err;

		if (said[i].orig)
			set_header(&f, "x-orig", said[i].orig);
		if (said[i].dest)
			set_header(&f, "X-DEST", said[i].dest);
		err = policy_claims(t, &f, said[i].may, &c);
		CHECK(err == said[i].want, "%s: %s", said[i].name, sk_err_name(err));
		CHECK_STR(c.orig.text, said[i].want_orig, said[i].name);
		CHECK_STR(c.dest[0].text, said[i].want_dest, said[i].name);
		CHECK(c.attest == SK_ATTEST_NONE, "%s: not its business", said[i].name);
		tenant_unref(t);
	}
}

static void origids(void)
{
	static const char uuid[] = "123E4567-e89b-12d3-a456-426655440000";
	static const char lower[] = "123e4567-e89b-12d3-a456-426655440000";
	struct tenant *derived = kit_tenant(""),
		      *fixed = kit_tenant("sign: {origid: fixed, origid-value: "
					  "123e4567-e89b-12d3-a456-426655440000}\n"),
		      *header = kit_tenant("sign: {origid: header, origid-headers: "
					   "[X-Origid]}\n");
	struct facts f = usual(), with = usual(), odd = usual();
	struct sk_claims a, b;

	set_header(&with, "x-origid", uuid);
	set_header(&odd, "X-Origid", "\"}\r\nEvil: 1");
	CHECK(!policy_claims(derived, &f, true, &a) && !policy_claims(derived, &with, true, &b),
	      "derived");
	CHECK_STR(a.origid, b.origid, "the same request, the same origid");
	with.id[0]++;
	CHECK(!policy_claims(derived, &with, true, &b) && strcmp(a.origid, b.origid) != 0,
	      "another");
	with.id[0]--;
	CHECK(!policy_claims(fixed, &with, true, &b), "fixed");
	CHECK_STR(b.origid, lower, "fixed");
	CHECK(!policy_claims(header, &with, true, &b), "of a header");
	CHECK_STR(b.origid, lower, "in lower case");
	CHECK(!policy_claims(header, &f, true, &b), "header not there");
	CHECK_STR(b.origid, a.origid, "then derived");
	CHECK(!policy_claims(header, &odd, true, &b), "header is no UUID");
	CHECK_STR(b.origid, a.origid, "then derived too");
	CHECK(!policy_claims(header, &with, false, &b), "a header of somebody who may not say");
	CHECK_STR(b.origid, a.origid, "derived as well");
	tenant_unref(derived);
	tenant_unref(fixed);
	tenant_unref(header);
}

/* Several names: the first that is there counts, good or not. */
static void origid_names(void)
{
	static const char one[] = "123e4567-e89b-12d3-a456-426655440000";
	static const char two[] = "223e4567-e89b-12d3-a456-426655440000";
	/* clang-format off */
	static const struct { const char *name, *lines[2][2], *want; } rows[] = {
		{ "both", { { "P-Origination-ID", one }, { "Origination-ID", two } }, one },
		{ "both, in another order", { { "Origination-ID", two }, { "P-Origination-ID", one } }, one },
		{ "the first", { { "P-Origination-ID", one } }, one },
		{ "the second", { { "origination-id", two } }, two },
		{ "neither", { { "X-Origination-ID", two } }, NULL },
		{ "the first is none", { { "P-Origination-ID", "x" }, { "Origination-ID", two } }, NULL },
		{ "the first is empty", { { "P-Origination-ID", "" }, { "Origination-ID", two } }, NULL },
		{ "the second twice", { { "Origination-ID", one }, { "Origination-ID", two } }, NULL },
	};
	/* clang-format on */
	struct tenant *t = kit_tenant("sign: {origid: header, origid-headers: "
				      "[P-Origination-ID, Origination-ID]}\n"),
		      *derived = kit_tenant("");
	struct facts plain = usual();
	struct sk_claims own, c;

	CHECK(!policy_claims(derived, &plain, true, &own), "derived");
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct facts f = usual();

		for (size_t k = 0; k < 2 && rows[i].lines[k][0]; k++)
			set_header(&f, rows[i].lines[k][0], rows[i].lines[k][1]);
		CHECK(!policy_claims(t, &f, true, &c), "%s", rows[i].name);
		CHECK_STR(c.origid, rows[i].want ? rows[i].want : own.origid, rows[i].name);
		CHECK(!policy_claims(t, &f, false, &c), "%s", rows[i].name);
		CHECK_STR(c.origid, own.origid, "who may not say");
	}
	tenant_unref(t);
	tenant_unref(derived);
}

static void verify_dates(void)
{
	for (size_t i = 0; i < SK_COUNT(dates); i++) {
		struct tenant *t = kit_tenant(dates[i].yaml);
		struct facts f = usual();

		f.date = sk_span_of(dates[i].date);
		CHECK(policy_date(t, &f) == dates[i].want, "%s %s", dates[i].yaml,
		      dates[i].date ? dates[i].date : "none");
		tenant_unref(t);
	}
}

static void tasks(void)
{
	struct tenant *t = kit_tenant(""), *pass = kit_tenant("tenant: {mode: pass}\n");
	struct facts f = usual(), with = usual();

	with.identities[with.identity_count++] = SK_SPAN("x");
	CHECK(policy_task(t, &f) == TASK_SIGN && policy_task(t, &with) == TASK_VERIFY, "auto");
	CHECK(policy_task(pass, &f) == TASK_PASS && policy_task(pass, &with) == TASK_PASS, "pass");
	CHECK_STR(policy_task_name(TASK_PASS), "pass", "name");
	CHECK_STR(policy_task_name(TASK_VERIFY), "verify", "name");
	tenant_unref(t);
	tenant_unref(pass);
}

int main(void)
{
	callers();
	refusals();
	signing();
	headers();
	origids();
	origid_names();
	verify_dates();
	tasks();
	return check_result();
}
