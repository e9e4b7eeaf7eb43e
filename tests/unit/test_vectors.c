/*
 * The 88 tokens of generated.json against the whole verifier: SIP code, phrase,
 * verstat and case of ATIS-1000082, with a chain for the vectors' key that a test
 * root of 2015 issued.  And the texts of serialization.json for rph and rcd, read and
 * printed byte for byte.
 */
#include "shaken/verify.h"

#include "pki.h"
#include "shaken/b64url.h"
#include "shaken/json.h"
#include "shaken/rcd.h"
#include "shaken/rph.h"
#include "tests/check.h"

#include <jansson.h>
#include <stdlib.h>

static const char *text_of(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	return text ? text : "";
}

static struct sk_party number(const char *digits)
{
	struct sk_party party = { .kind = SK_PARTY_TN };

	snprintf(party.text, sizeof(party.text), "%s", digits);
	return party;
}

static enum sk_err verify_row(const json_t *row, const struct sk_chain *chain,
			      const struct sk_trust *trust)
{
	const struct sk_verify_policy policy = { .max_age = 60, .max_skew = 60 };
	const struct sk_call_parties call = { .callers = { number(text_of(row, "call_orig")) },
					      .caller_count = 1,
					      .called = number(text_of(row, "call_dest")) };
	const int64_t now = json_integer_value(json_object_get(row, "now"));
	const struct sk_span identity = sk_span_of(text_of(row, "identity"));
	struct sk_passport passport = { 0 };
	enum sk_err err;

	/* one row has no Identity at all, and a policy that asks for one */
	if (identity.len == 0)
		return SK_IDENTITY_REQUIRED;

	/* without its terminator */
	char *copy = malloc(identity.len);

	memcpy(copy, identity.ptr, identity.len);
	err = sk_verify_token((struct sk_span){ copy, identity.len }, &policy, &passport);
	if (!err)
		err = sk_verify_claims(&passport.claims, &call, &policy, now);
	if (!err)
		err = sk_verify_shape(&passport);
	if (!err)
		err = sk_verify_credential(&passport, chain, trust, now);
	free(copy);
	return err;
}

static void check_row(const json_t *row, enum sk_err err)
{
	const char *name = text_of(row, "name");
	const json_t *expect = json_object_get(row, "expect");
	const json_t *code = json_object_get(expect, "sip");
	const struct sk_outcome *outcome = sk_outcome(err);
	char atis[8] = "";

	if (outcome->atis_case)
		snprintf(atis, sizeof(atis), "E%u", outcome->atis_case);
	CHECK(outcome->code == (json_is_null(code) ? 0 : json_integer_value(code)), "%s: %s", name,
	      outcome->name);
	/* a header that is ignored has a note instead of a phrase */
	if (json_is_integer(code))
		CHECK_STR(outcome->phrase, text_of(expect, "reason"), name);
	else
		CHECK(err == SK_OK || err == SK_PPT_UNKNOWN, "%s: %s", name, outcome->name);
	CHECK_STR(sk_verstat_text(outcome->verstat), text_of(expect, "verstat"), name);
	/* without an Identity the API never gets as far as a case */
	if (err != SK_IDENTITY_REQUIRED)
		CHECK_STR(atis, text_of(expect, "atis82"), name);
}

/* Header and payload of a row, printed from what was read in them */
static void check_serialization(const json_t *row, enum sk_ppt ppt)
{
	const char *name = text_of(row, "name"), *payload = text_of(row, "payload");
	const size_t len = strlen(payload);
	char *part = malloc(SK_B64URL_LEN(len) + 1), text[2048];
	const struct sk_token token = { .payload = { part, sk_b64url_encode(payload, len, part) } };
	struct sk_claims claims = { 0 };
	struct sk_rph rph = { 0 };
	struct sk_rcd rcd = { 0 };
	struct sk_buf buf;

	CHECK(!sk_payload_read(&token, ppt, &claims), "%s: claims", name);
	CHECK(sk_rph_read(&token, &rph) == (ppt == SK_PPT_RPH ? SK_OK : SK_CLAIM_MISSING),
	      "%s: rph", name);
	CHECK(sk_rcd_read(&token, &rcd) == (ppt == SK_PPT_RCD ? SK_OK : SK_CLAIM_MISSING),
	      "%s: rcd", name);
	free(part);

	claims.rph = ppt == SK_PPT_RPH ? &rph : NULL;
	claims.rcd = ppt == SK_PPT_RCD ? &rcd : NULL;
	sk_buf_init(&buf, text, sizeof(text));
	sk_claims_print(&claims, &buf);
	CHECK_STR(text, payload, name);
	sk_buf_init(&buf, text, sizeof(text));
	sk_jose_print(ppt, SK_SPAN("https://cert.example.org/passport.cer"), &buf);
	CHECK_STR(text, text_of(row, "header"), name);
}

static void test_serialization(void)
{
	size_t len, i, seen = 0;
	char *text = pki_vector("passports/serialization.json", &len);
	json_t *rows = json_loads(text, 0, NULL), *row;

	json_array_foreach(rows, i, row) {
		const char *name = text_of(row, "name");
		const bool rcd = strcmp(name, "rcd") == 0;

		if (!rcd && strncmp(name, "rph", 3) != 0)
			continue;
		check_serialization(row, rcd ? SK_PPT_RCD : SK_PPT_RPH);
		seen++;
	}
	CHECK(seen == 3, "rows for rph and rcd: %zu", seen);
	json_decref(rows);
	free(text);
}

int main(void)
{
	static struct pki_text chain_text, anchors;
	const struct sk_trust_rules rules = { .profile = SK_PROFILE_STRICT };
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;
	EVP_PKEY *key = pki_vector_key("draft-stir-passport.key.pem");
	size_t len, i, passed = 0;
	char *text = pki_vector("passports/generated.json", &len);
	json_t *rows = json_loads(text, 0, NULL), *row;

	EVP_PKEY_free(pki_simple(key, &chain_text, &anchors));
	CHECK(!sk_trust_new(&rules, &trust) &&
		      !sk_trust_add_anchors(trust, anchors.text, anchors.len, NULL) &&
		      !sk_chain_new(chain_text.text, chain_text.len, &chain),
	      "set-up");
	CHECK(json_array_size(rows) == 88, "rows: %zu", json_array_size(rows));
	json_array_foreach(rows, i, row) {
		CHECK_STR(text_of(row, "key"), "draft", "key");
		const enum sk_err err = verify_row(row, chain, trust);

		check_row(row, err);
		passed += err == SK_OK;
	}
	CHECK(passed == 16, "tokens that pass: %zu", passed);
	json_decref(rows);
	free(text);
	EVP_PKEY_free(key);
	test_serialization();
	return check_result();
}
