/*
 * The rules of the French MAN over facts made by hand: what a Diversion does to an
 * attestation, and what P-Identity-Bypass stands for.
 */
#include "redirector/call/policy.h"
#include "tests/check.h"
#include "tests/unit/callkit.h"
#include "tests/unit/pki.h"

#include <stdlib.h>

static struct facts usual(void)
{
	struct facts f = { .complete = true, .now = KIT_NOW, .first_seen = KIT_NOW };

	f.from = SK_SPAN("<sip:+12155551212@a.example;user=phone>;tag=1");
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
#define MAN "tenant: {profile: man}\n"
#define D   "<sip:+33140278000@a>"
/* Diversion headers, and what an A becomes; lines are told apart by '|' */
static const struct { const char *yaml, *lines; enum sk_err want; enum sk_attest attest; } loops[] = {
	{ MAN, "", SK_OK, SK_ATTEST_A },
	{ "", D, SK_OK, SK_ATTEST_A },
	{ "", D "," D "," D "," D "," D "," D, SK_OK, SK_ATTEST_A },
	{ "sign: {diversion: yes}\n", D, SK_OK, SK_ATTEST_C },
	{ MAN "sign: {diversion: no}\n", D ";counter=9", SK_OK, SK_ATTEST_A },
	{ MAN, D, SK_OK, SK_ATTEST_C },
	{ MAN, "junk", SK_OK, SK_ATTEST_C },
	{ MAN, "<sip:a@b", SK_OK, SK_ATTEST_C },
	{ MAN, " , ,, ", SK_OK, SK_ATTEST_A },
	{ MAN, D "," D "," D "," D "," D, SK_OK, SK_ATTEST_C },
	{ MAN, D "|" D "|" D "|" D "|" D, SK_OK, SK_ATTEST_C },
	{ MAN, D "," D "," D "," D "," D "," D, SK_DIVERSIONS, SK_ATTEST_NONE },
	{ MAN, D "|" D "|" D "|" D "|" D "|" D, SK_DIVERSIONS, SK_ATTEST_NONE },
	{ MAN, D "|" D "," D "|" D "," D "|" D, SK_DIVERSIONS, SK_ATTEST_NONE },
	{ MAN, "a|b|c|d|e|f", SK_DIVERSIONS, SK_ATTEST_NONE },
	{ MAN, D ";counter=5", SK_OK, SK_ATTEST_C },
	{ MAN, D ";counter=6", SK_DIVERSIONS, SK_ATTEST_NONE },
	{ MAN, D ";reason=unconditional;COUNTER = 06 ;privacy=off", SK_DIVERSIONS, SK_ATTEST_NONE },
	{ MAN, D ";counter=3," D ";counter=2", SK_OK, SK_ATTEST_C },
	{ MAN, D ";counter=3," D ";counter=3", SK_DIVERSIONS, SK_ATTEST_NONE },
	{ MAN, D ";counter=5|" D, SK_DIVERSIONS, SK_ATTEST_NONE },
	{ MAN, D ";counter=99999999999999999999999999", SK_DIVERSIONS, SK_ATTEST_NONE },
	/* a counter of 0 does not unmake its value */
	{ MAN, D ";counter=0", SK_OK, SK_ATTEST_C },
	{ MAN, D ";counter=0," D ";counter=0," D ";counter=0," D ";counter=0," D ";counter=0," D ";counter=0", SK_DIVERSIONS, SK_ATTEST_NONE },
	/* what no counter is counts one */
	{ MAN, D ";counter=-9", SK_OK, SK_ATTEST_C },
	{ MAN, D ";counter=9x", SK_OK, SK_ATTEST_C },
	{ MAN, D ";counter=", SK_OK, SK_ATTEST_C },
	{ MAN, D ";counter", SK_OK, SK_ATTEST_C },
	{ MAN, D ";counter=\"9\"", SK_OK, SK_ATTEST_C },
	{ MAN, D ";xcounter=9", SK_OK, SK_ATTEST_C },
	/* commas, semicolons and counters that belong to something else */
	{ MAN, "\"a,b,c,d,e,f\" " D, SK_OK, SK_ATTEST_C },
	{ MAN, "<sip:a,b,c,d,e,f@a>", SK_OK, SK_ATTEST_C },
	{ MAN, "<sip:a;counter=9@a;counter=9>", SK_OK, SK_ATTEST_C },
	{ MAN, D ";reason=\"x;counter=9\"", SK_OK, SK_ATTEST_C },
	{ MAN, "\"\\\",;counter=9\" " D ";counter=2", SK_OK, SK_ATTEST_C },
	{ MAN, "\"open;counter=9, b, c, d, e, f", SK_OK, SK_ATTEST_C },
	{ MAN, "\"open\\", SK_OK, SK_ATTEST_C },
};

/* a request without Identity: what it comes to, and whose task it is in mode auto */
static const struct { const char *yaml, *name, *value; enum sk_err want; enum sk_err date; enum task task; } absent[] = {
	{ "", NULL, NULL, SK_NO_IDENTITY, SK_OK, TASK_SIGN },
	{ "verify: {identity-required: yes}\n", NULL, NULL, SK_IDENTITY_REQUIRED, SK_OK, TASK_SIGN },
	{ "", "P-Identity-Bypass", "1", SK_NO_IDENTITY, SK_OK, TASK_SIGN },
	{ "verify: {identity-required: yes}\n", "P-Identity-Bypass", "1", SK_IDENTITY_REQUIRED, SK_OK, TASK_SIGN },
	{ "verify: {bypass: yes, identity-required: yes}\n", "P-Identity-Bypass", "1", SK_BYPASSED, SK_OK, TASK_VERIFY },
	{ "verify: {bypass: yes}\n", "p-identity-BYPASS", "any token", SK_BYPASSED, SK_OK, TASK_VERIFY },
	{ "verify: {bypass: yes}\n", "P-Identity-Bypass", "", SK_NO_IDENTITY, SK_OK, TASK_SIGN },
	{ "verify: {bypass: yes}\n", "P-Identity-Bypassed", "1", SK_NO_IDENTITY, SK_OK, TASK_SIGN },
	{ MAN, NULL, NULL, SK_IDENTITY_REQUIRED, SK_DATE_MISSING, TASK_SIGN },
	{ MAN "verify: {identity-required: no}\n", NULL, NULL, SK_NO_IDENTITY, SK_DATE_MISSING, TASK_SIGN },
	{ "tenant: {profile: rfc8224}\n", NULL, NULL, SK_NO_IDENTITY, SK_OK, TASK_SIGN },
	{ MAN, "P-Identity-Bypass", "1", SK_BYPASSED, SK_OK, TASK_VERIFY },
	{ MAN "verify: {bypass: no}\n", "P-Identity-Bypass", "1", SK_IDENTITY_REQUIRED, SK_DATE_MISSING, TASK_SIGN },
	{ MAN "verify: {identity-required: yes}\n", NULL, NULL, SK_IDENTITY_REQUIRED, SK_DATE_MISSING, TASK_SIGN },
};
/* clang-format on */

static void set_lines(struct facts *f, const char *lines)
{
	while (*lines) {
		size_t len = strcspn(lines, "|");

		f->headers[f->header_count++] =
			(struct header){ SK_SPAN("diversion"), { lines, len } };
		lines += len + (lines[len] == '|');
	}
}

static void diversions(void)
{
	for (size_t i = 0; i < SK_COUNT(loops); i++) {
		struct tenant *t = kit_tenant(loops[i].yaml);
		struct sk_claims c = { .attest = SK_ATTEST_NONE };
		struct facts f = usual();
		enum sk_attest lowered;
		enum sk_err err;

		set_lines(&f, loops[i].lines);
		err = policy_claims(t, &f, false, &c);
		CHECK(err == loops[i].want, "%s%s: %s", loops[i].yaml, loops[i].lines,
		      sk_err_name(err));
		lowered = policy_lowered(t, &f, SK_ATTEST_A);
		CHECK(err || lowered == loops[i].attest, "%s%s: %c", loops[i].yaml, loops[i].lines,
		      sk_attest_letter(lowered));
		/* B and C say no more than is true; what is none stays none */
		for (unsigned other = SK_ATTEST_NONE; other <= SK_ATTEST_BAD; other++)
			CHECK(other == SK_ATTEST_A ||
				      policy_lowered(t, &f, (enum sk_attest)other) == other,
			      "%s%s: %u stays", loops[i].yaml, loops[i].lines, other);
		tenant_unref(t);
	}
}

static void no_identity(void)
{
	for (size_t i = 0; i < SK_COUNT(absent); i++) {
		struct tenant *t = kit_tenant(absent[i].yaml);
		struct facts f = usual();
		const char *value = absent[i].value ? absent[i].value : "none";

		if (absent[i].name)
			set_header(&f, absent[i].name, value);
		CHECK(policy_no_identity(t, &f) == absent[i].want, "%s%s: %s", absent[i].yaml,
		      value, sk_err_name(policy_no_identity(t, &f)));
		CHECK(policy_date(t, &f) == absent[i].date, "%s%s: Date", absent[i].yaml, value);
		CHECK(policy_task(t, &f) == absent[i].task, "%s%s: task", absent[i].yaml, value);
		/* with an Identity, even a bad one, nothing is bypassed */
		f.identities[f.identity_count++] = SK_SPAN("x");
		CHECK(policy_no_identity(t, &f) != SK_BYPASSED, "%s%s", absent[i].yaml, value);
		tenant_unref(t);
	}
}

/* Date against a certificate that is valid from 10 s before to 10 s after now */
/* clang-format off */
static const struct { const char *yaml, *date; enum sk_err want; } covered[] = {
	{ MAN, "Fri, 25 Sep 2015 19:12:30 GMT", SK_OK },
	{ MAN, "Fri, 25 Sep 2015 19:12:20 GMT", SK_OK },
	{ MAN, "Fri, 25 Sep 2015 19:12:19 GMT", SK_CERT_NOT_YET },
	{ MAN, "Fri, 25 Sep 2015 19:11:40 GMT", SK_CERT_NOT_YET },
	{ MAN, "Fri, 25 Sep 2015 19:12:40 GMT", SK_OK },
	{ MAN, "Fri, 25 Sep 2015 19:12:41 GMT", SK_CERT_EXPIRED },
	{ MAN, "Fri, 25 Sep 2015 19:13:20 GMT", SK_CERT_EXPIRED },
	{ MAN, "today", SK_OK }, /* policy_date() has said so before */
	{ "verify: {date-check: strict}\n", "Fri, 25 Sep 2015 19:11:40 GMT", SK_CERT_NOT_YET },
	/* only where Date counts */
	{ MAN "verify: {date-check: rfc}\n", "Fri, 25 Sep 2015 19:11:40 GMT", SK_OK },
	{ MAN "verify: {date-check: iat-only}\n", "Fri, 25 Sep 2015 19:13:20 GMT", SK_OK },
	{ "", "Fri, 25 Sep 2015 19:11:40 GMT", SK_OK },
	{ "tenant: {profile: rfc8224}\n", "Fri, 25 Sep 2015 19:11:40 GMT", SK_OK },
};
/* clang-format on */

static void date_covered(void)
{
	const struct pki_spec spec = { .from = KIT_NOW - 10, .to = KIT_NOW + 10 };
	struct pki_cert leaf = pki_issue(&spec, PKI_LEAF, NULL, NULL);
	static struct pki_text pem;
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;

	pki_add_cert(&pem, leaf.cert);
	pki_drop(&leaf);
	if (sk_chain_new(pem.text, pem.len, &chain))
		exit(1);
	for (size_t i = 0; i < SK_COUNT(covered); i++) {
		struct tenant *t = kit_tenant(covered[i].yaml);
		struct facts f = usual();
		enum sk_err err;

		f.date = sk_span_of(covered[i].date);
		err = policy_date_covered(t, &f, chain);
		CHECK(err == covered[i].want, "%sDate: %s: %s", covered[i].yaml, covered[i].date,
		      sk_err_name(err));
		tenant_unref(t);
	}
}

int main(void)
{
	date_covered();
	diversions();
	no_identity();
	return check_result();
}
