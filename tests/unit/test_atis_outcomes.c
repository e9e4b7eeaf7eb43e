/*
 * ATIS-1000082: every outcome of a call in the words of its case, letter by letter, and the claims
 * that some of them name.
 */
#include "tests/unit/atiskit.h"

/* --- outcomes --- */

#define NO     "No-TN-Validation"
#define FAILED "TN-Validation-Failed"
#define REPORT(code, text, desc, verstat) \
	"{\"verificationResponse\":{\"reasonCode\":" #code ",\"reasonText\":\"" text \
	"\",\"reasonDesc\":\"" desc "\",\"verstat\":\"" verstat "\"}}"

static const struct {
	unsigned number; /* En */
	const char *body;
} cases[] = {
	{ 3, REPORT(403, "Stale Date", "Received 'time' value is not fresh.", NO) },
	{ 4, REPORT(438, "Invalid Identity Header",
		    "Identity header in compact form instead of required by SHAKEN spec full form.",
		    NO) },
	{ 5, REPORT(438, "Invalid Identity Header",
		    "Identity header is received with 'ppt' parameter value that is not 'shaken'.",
		    NO) },
	{ 6, REPORT(436, "Bad identity Info", "Missing 'info' parameter in the 'identity'.", NO) },
	{ 7, REPORT(436, "Bad identity Info", "Invalid 'info' URI.", NO) },
	{ 8, REPORT(436, "Bad identity Info", "Failed to dereference 'info' URI.", NO) },
	{ 9, REPORT(436, "Bad identity Info", "Missing 'alg' claim in the PASSporT header.", NO) },
	{ 10, REPORT(436, "Bad identity Info",
		     "'x5u' from PASSporT header doesn't match the 'info' parameter of identity "
		     "header value.",
		     NO) },
	{ 11, REPORT(437, "Unsupported credential", "'typ' from PASSporT header is not 'passport'.",
		     NO) },
	{ 12,
	  REPORT(437, "Unsupported credential", "'alg' from PASSporT header is not 'ES256'.", NO) },
	{ 13, REPORT(438, "Invalid Identity Header", "'ppt' from PASSporT header is not 'shaken'.",
		     NO) },
	{ 14, REPORT(438, "Invalid Identity Header",
		     "Missing 'attest' mandatory claim in PASSporT payload", NO) },
	{ 15, REPORT(403, "Stale Date", "'iat' from PASSporT payload is not fresh.", NO) },
	{ 17, REPORT(437, "Unsupported credential", "Failed to authenticate CA.", FAILED) },
	{ 18, REPORT(438, "Invalid Identity Header", "Signature validation failed.", FAILED) },
	{ 19,
	  REPORT(438, "Invalid Identity Header", "'attest' claim in PASSporT is not valid.", NO) },
};

static const char *case_body(unsigned number)
{
	for (size_t i = 0; i < SK_COUNT(cases); i++)
		if (cases[i].number == number)
			return cases[i].body;
	return "";
}

/* 503 is what is over soon. */
static bool is_soon_over(enum sk_err err)
{
	return err == SK_BUSY || err == SK_LATE || err == SK_DRAINING || err == SK_OVER_LIMIT ||
	       err == SK_OVERLOAD || err == SK_SIGNER_AWAY;
}

static void verify_outcome(enum sk_err err)
{
	const struct sk_outcome *row = sk_outcome(err);

	kit_desk.call->err = err;
	kit_desk.call->judged[0].err = err;
	post(VERIFICATION, QUESTION);
	if (row->blame == SK_CLASS_OURS) {
		expect(is_soon_over(err) ? 503 : 500, is_soon_over(err) ? BUSY : OURS, row->name);
		CHECK_STR(exchange.retry, is_soon_over(err) ? "1" : "", row->name);
	} else if (row->atis_case == 2) {
		CHECK(exchange.status == 400, "%s", row->name);
		CHECK(strstr(exchange.body, "\"SVC4005\"") && strstr(exchange.body, row->text),
		      "%s: %s", row->name, exchange.body);
	} else if (row->atis_case == 16) {
		expect(200,
		       err == SK_ORIG_MISMATCH
			       ? REPORT(438, "Invalid Identity Header",
					"'orig' claim from PASSporT payload doesn't match the "
					"received in the verification request claim.",
					NO)
			       : REPORT(438, "Invalid Identity Header",
					"'dest' claim from PASSporT payload doesn't match the "
					"received in the verification request claim.",
					NO),
		       row->name);
	} else if (err == SK_DATE_MISSING) {
		CHECK(exchange.status == 200, "cannot be: time is mandatory");
	} else if (row->atis_case > 2 || err == SK_IDENTITY_REQUIRED) {
		expect(200, case_body(err == SK_IDENTITY_REQUIRED ? 5 : row->atis_case), row->name);
	} else {
		CHECK(exchange.status == 200, "%s", row->name);
		CHECK(strstr(exchange.body, sk_verstat_text(row->verstat)), "%s: %s", row->name,
		      exchange.body);
		/* what has no code by SIP is no verdict; a call that is blocked has one */
		CHECK(!strstr(exchange.body, "reasonCode") == (row->code == 0 && err != SK_LISTED),
		      "%s: %s", row->name, exchange.body);
	}
}

static void sign_outcome(enum sk_err err)
{
	const struct sk_outcome *row = sk_outcome(err);

	kit_desk.call->err = err;
	post(SIGNING, REQUEST);
	if (err == SK_OK)
		expect(200, "{\"signingResponse\":{\"identity\":\"" TOKEN "\"}}", row->name);
	else if (row->blame == SK_CLASS_OURS)
		expect(is_soon_over(err) ? 503 : 500, is_soon_over(err) ? BUSY : OURS, row->name);
	else if (err == SK_DATE_STALE)
		expect(400, INVALID("iat", "not fresh"), row->name);
	else if (err == SK_NO_ORIG || err == SK_NO_DEST)
		CHECK(exchange.status == 400 && strstr(exchange.body, "SVC4005"), "%s: %s",
		      row->name, exchange.body);
	else
		CHECK(exchange.status == 403 && strstr(exchange.body, "POL4030") &&
			      strstr(exchange.body, row->text),
		      "%s: %s", row->name, exchange.body);
}

static void test_outcomes(void)
{
	struct call *call = kit_desk.call;

	for (int err = SK_OK; err < SK_ERR_COUNT; err++) {
		verify_outcome((enum sk_err)err);
		sign_outcome((enum sk_err)err);
	}
	/* nothing signed and no reason: ours */
	call->err = SK_OK;
	call->identity_len = 0;
	post(SIGNING, REQUEST);
	expect(500, OURS, "signed, but nothing is there");
	call->identity_len = strlen(call->identity);
	kit_desk.refused = SK_ENOMEM;
	post(SIGNING, REQUEST);
	expect(500, OURS, "the desk has no memory");
	kit_desk.refused = SK_OK;
}

/* The settings of a tenant are for reading, but to the one who made them. */
static struct answer_conf *answer_settings(void)
{
	return (struct answer_conf *)(uintptr_t)&client.tenant->set->answer;
}

/* The calling number is on a list that blocks: what the answer by SIP says (answer.block). */
static void test_blocked(void)
{
	static const struct {
		enum conf_block block;
		const char *body;
	} rows[] = {
#define BLOCKED(code, text) \
	REPORT(code, text, "the calling number is on a list of numbers to block", NO)
		{ BLOCK_603_PLUS, BLOCKED(603, "Network Blocked") },
		{ BLOCK_603, BLOCKED(603, "Decline") },
		{ BLOCK_607, BLOCKED(607, "Unwanted") },
		{ BLOCK_608, BLOCKED(608, "Rejected") },
	};
	struct call *call = kit_desk.call;

	call->err = SK_LISTED;
	call->judged_count = 0;
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		answer_settings()->block = rows[i].block;
		post(VERIFICATION, QUESTION);
		expect(200, rows[i].body, "blocked");
	}
	answer_settings()->block = BLOCK_603_PLUS;
	call->err = SK_DUMMY;
	post(VERIFICATION, QUESTION);
	expect(200, "{\"verificationResponse\":{\"verstat\":\"" NO "\"}}",
	       "a heartbeat: no verdict");
	call->err = SK_OK;
	call->judged_count = 1;
}

/* Which claim it is that E9 and E14 name.  Base64url of what stands behind each. */
static const struct {
	enum sk_err err;
	const char *header, *payload, *claim;
} claims[] = {
	/* {"typ":"passport","x5u":"https://a.example/c","ppt":"shaken"} and so on */
	{ SK_HEADER_CLAIM, "eyJ0eXAiOiJwYXNzcG9ydCJ9", "e30", "alg" },
	{ SK_HEADER_CLAIM, "eyJhbGciOiJFUzI1NiJ9", "e30", "typ" },
	{ SK_HEADER_CLAIM, "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0In0", "e30", "x5u" },
	{ SK_HEADER_CLAIM, "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9hIn0",
	  "e30", "ppt" },
	{ SK_HEADER_CLAIM, "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1Ijo3LCJwcHQiOiJzIn0",
	  "e30", "x5u" },
	{ SK_CLAIM_MISSING, "e30", "eyJhdHRlc3QiOiJBIn0", "dest" },
	{ SK_CLAIM_MISSING, "e30", "eyJhdHRlc3QiOiJBIiwiZGVzdCI6e319", "iat" },
	{ SK_CLAIM_MISSING, "e30", "eyJhdHRlc3QiOiJBIiwiZGVzdCI6e30sImlhdCI6MX0", "orig" },
	{ SK_CLAIM_MISSING, "e30", "eyJhdHRlc3QiOiJBIiwiZGVzdCI6e30sImlhdCI6MSwib3JpZyI6e319",
	  "origid" },
	/* all there, and one of the wrong type: dest, iat, orig, origid */
	{ SK_CLAIM_TYPE, "e30",
	  "eyJhdHRlc3QiOiJBIiwiZGVzdCI6e30sImlhdCI6MSwib3JpZyI6eyJ0biI6IjEifSwib3JpZ2lkIjoieCJ9",
	  "dest" },
	{ SK_CLAIM_TYPE, "e30",
	  "eyJhdHRlc3QiOiJBIiwiZGVzdCI6eyJ0biI6WyIxIl19LCJpYXQiOiIxIiwib3JpZyI6eyJ0biI6IjEifSwib3"
	  "JpZ2lkIjoieCJ9",
	  "iat" },
	{ SK_CLAIM_TYPE, "e30",
	  "eyJhdHRlc3QiOiJBIiwiZGVzdCI6eyJ0biI6WyIxIl19LCJpYXQiOjEsIm9yaWciOnt9LCJvcmlnaWQiOiJ4In0",
	  "orig" },
	{ SK_CLAIM_TYPE, "e30",
	  "eyJhdHRlc3QiOiJBIiwiZGVzdCI6eyJ0biI6WyIxIl19LCJpYXQiOjEsIm9yaWciOnsidG4iOiIxIn0sIm9yaW"
	  "dpZCI6N30",
	  "origid" },
};

static void test_claims(void)
{
	struct call *call = kit_desk.call;

	for (size_t i = 0; i < SK_COUNT(claims); i++) {
		bool header = claims[i].err == SK_HEADER_CLAIM;
		char value[512], want[512];

		snprintf(value, sizeof(value),
			 "%s.%s.c2ln;info=<https://a.example/c>;alg=ES256;ppt=shaken",
			 claims[i].header, claims[i].payload);
		call->facts.identities[0] = sk_span_of(value);
		call->err = call->judged[0].err = claims[i].err;
		snprintf(want, sizeof(want),
			 header ? "Missing '%s' claim in the PASSporT header."
				: "Missing '%s' mandatory claim in PASSporT payload",
			 claims[i].claim);
		post(VERIFICATION, QUESTION);
		CHECK(strstr(exchange.body, want), "%s: %s", want, exchange.body);
	}
	call->facts.identities[0] = SK_SPAN(TOKEN);
	call->err = call->judged[0].err = SK_OK;
}

int main(void)
{
	struct atis *atis = kit_atis();

	test_outcomes();
	test_blocked();
	test_claims();

	atis_free(atis);
	kit_drop(kit_desk.call);
	return check_result();
}
