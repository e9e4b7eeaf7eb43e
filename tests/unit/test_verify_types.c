/*
 * Tokens of every type that we make: what a claim of another type does, who may sign
 * which type, and what each is compared with.
 */
#include "shaken/verify.h"

#include "pki.h"
#include "shaken/rcd.h"
#include "shaken/rph.h"
#include "shaken/sign.h"
#include "tests/check.h"

#include <stdlib.h>

#define X5U "https://cert.example.org/passport.cer"

static const struct sk_verify_policy usual_policy = { .max_age = 60, .max_skew = 60 };
static const enum sk_ppt types[] = { SK_PPT_SHAKEN, SK_PPT_DIV, SK_PPT_RPH, SK_PPT_RCD };
static const struct sk_rph usual_rph = { { "esnet.0" }, 1, true };
static const struct sk_rcd usual_rcd = { .nam = "Q", .crn = "why", .digests = true };

/* What a token of the type must have */
static struct sk_claims claims_of(enum sk_ppt ppt)
{
	struct sk_claims claims = { .orig = { SK_PARTY_TN, "12155551212" },
				    .dest = { { SK_PARTY_TN, "12155551214" } },
				    .dest_count = 1,
				    .iat = PKI_NOW };

	if (ppt == SK_PPT_SHAKEN) {
		claims.attest = SK_ATTEST_A;
		strcpy(claims.origid, "123e4567-e89b-12d3-a456-426655440000");
	}
	if (ppt == SK_PPT_DIV)
		claims.div = (struct sk_party){ SK_PARTY_TN, "12155551213" };
	if (ppt == SK_PPT_RPH)
		claims.rph = &usual_rph;
	if (ppt == SK_PPT_RCD)
		claims.rcd = &usual_rcd;
	return claims;
}

static enum sk_err sign_as(struct sk_signer *signer, enum sk_ppt ppt,
			   const struct sk_claims *claims, char buf[SK_IDENTITY_SIZE], size_t *len)
{
	SK_CLEANUP(sk_credential_free_p) struct sk_credential *credential = NULL;
	enum sk_err err = sk_credential_new(SK_SPAN(X5U), SK_URL_STRICT, ppt, signer, &credential);

	return err ? err : sk_sign(credential, claims, buf, SK_IDENTITY_SIZE, len);
}

static enum sk_err ones_sign(struct sk_signer *self, struct sk_span msg, uint8_t sig[SK_SIG_LEN])
{
	(void)self, (void)msg;
	memset(sig, 1, SK_SIG_LEN);
	return SK_OK;
}

static struct sk_signer ones = { ones_sign };

/* One row: what is changed in the claims of a type, and the answer */
static void refused(const char *what, enum sk_ppt ppt, const struct sk_claims *claims,
		    enum sk_err want)
{
	char buf[SK_IDENTITY_SIZE];
	size_t len = 77;
	enum sk_err err = sign_as(&ones, ppt, claims, buf, &len);

	CHECK(err == want, "%s, %s: %s", sk_ppt_text(ppt), what, sk_err_name(err));
	CHECK((len == 77) == (want != SK_OK), "%s, %s: length", sk_ppt_text(ppt), what);
}

/* Every type has its own claims and, but for rcd in shaken, no claim of another */
static void test_sign_claims(void)
{
	for (size_t i = 0; i < SK_COUNT(types); i++) {
		const enum sk_ppt ppt = types[i];
		const bool shaken = ppt == SK_PPT_SHAKEN;
		const struct sk_claims usual = claims_of(ppt);
		struct sk_claims c = usual;

		refused("complete", ppt, &c, SK_OK);
		c.div = (struct sk_party){ SK_PARTY_TN, "1" };
		refused("div", ppt, &c, ppt == SK_PPT_DIV ? SK_OK : SK_CLAIM_TYPE);
		c = usual;
		c.rph = &usual_rph;
		refused("rph", ppt, &c, ppt == SK_PPT_RPH ? SK_OK : SK_CLAIM_TYPE);
		c = usual;
		c.rcd = &usual_rcd;
		refused("rcd", ppt, &c, shaken || ppt == SK_PPT_RCD ? SK_OK : SK_CLAIM_TYPE);
		c = usual;
		c.attest = SK_ATTEST_B;
		refused("attest", ppt, &c, shaken ? SK_OK : SK_CLAIM_TYPE);
		c = usual;
		strcpy(c.origid, "00000000-0000-0000-0000-000000000000");
		refused("origid", ppt, &c, shaken ? SK_OK : SK_CLAIM_TYPE);
		c = usual;
		c.div.kind = SK_PARTY_NONE;
		refused("no div", ppt, &c, ppt == SK_PPT_DIV ? SK_CLAIM_MISSING : SK_OK);
		c = usual;
		c.rph = NULL;
		refused("no rph", ppt, &c, ppt == SK_PPT_RPH ? SK_CLAIM_MISSING : SK_OK);
		c = usual;
		c.rcd = NULL;
		refused("no rcd", ppt, &c, ppt == SK_PPT_RCD ? SK_CLAIM_MISSING : SK_OK);
		c = usual;
		c.orig.kind = SK_PARTY_NONE;
		refused("no orig", ppt, &c, SK_NO_ORIG);
		c = usual;
		c.dest_count = 0;
		refused("no dest", ppt, &c, SK_NO_DEST);
		c = usual;
		c.iat = -1;
		refused("iat", ppt, &c, SK_CLAIM_TYPE);
	}
}

static void test_sign_values(void)
{
	static const struct sk_rph no_value = { { "esnet" }, 1, false }, none = { .count = 0 };
	static const struct sk_rph no_emergency = { { "ets.0" }, 1, true };
	static const struct sk_rcd escape = { .nam = "\x1b[2J" }, latin = { .nam = "Zo\xeb" };
	struct sk_claims c = claims_of(SK_PPT_RPH);

	c.rph = &no_value;
	refused("no r-value", SK_PPT_RPH, &c, SK_CLAIM_TYPE);
	c.rph = &none;
	refused("no values", SK_PPT_RPH, &c, SK_CLAIM_TYPE);
	c.rph = &no_emergency;
	refused("sph without esnet", SK_PPT_RPH, &c, SK_CLAIM_TYPE);
	c.rph = &usual_rph;
	c.dest[0] = (struct sk_party){ SK_PARTY_URI, "urn:service:sos" };
	refused("to a urn", SK_PPT_RPH, &c, SK_OK);
	c = claims_of(SK_PPT_RCD);
	c.rcd = &escape;
	refused("control character", SK_PPT_RCD, &c, SK_RCD_INVALID);
	c.rcd = &latin;
	refused("no UTF-8", SK_PPT_RCD, &c, SK_RCD_INVALID);
	c = claims_of(SK_PPT_SHAKEN);
	c.rcd = &latin;
	refused("no UTF-8", SK_PPT_SHAKEN, &c, SK_RCD_INVALID);
}

/* A value of one type asked for as another; and nothing else than these four */
static void test_token_of(void)
{
	for (size_t i = 0; i < SK_COUNT(types); i++) {
		struct sk_claims claims = claims_of(types[i]);
		struct sk_passport passport = { 0 };
		char buf[SK_IDENTITY_SIZE];
		size_t len = 0;

		CHECK(!sign_as(&ones, types[i], &claims, buf, &len), "signed");
		for (size_t k = 0; k < SK_COUNT(types); k++)
			CHECK(sk_verify_token_of((struct sk_span){ buf, len }, types[k],
						 &usual_policy,
						 &passport) == (k == i ? SK_OK : SK_PPT_PARAM),
			      "%s as %s", sk_ppt_text(types[i]), sk_ppt_text(types[k]));
		CHECK(sk_verify_token_of((struct sk_span){ buf, len }, SK_PPT_NONE, &usual_policy,
					 &passport) == SK_PPT_PARAM,
		      "as none");
		CHECK(sk_verify_token_of((struct sk_span){ buf, len }, SK_PPT_OTHER, &usual_policy,
					 &passport) == SK_PPT_PARAM,
		      "as other");
		/* the parameter says another type than the token */
		const char *other = types[i] == SK_PPT_RCD ? "rph" : "rcd";
		const size_t at = len - strlen(sk_ppt_text(types[i]));

		strcpy(buf + at, other);
		CHECK(sk_verify_token_of((struct sk_span){ buf, at + 3 },
					 types[i] == SK_PPT_RCD ? SK_PPT_RPH : SK_PPT_RCD,
					 &usual_policy, &passport) == SK_PPT_MISMATCH,
		      "%s called %s", sk_ppt_text(types[i]), other);
	}
}

static void test_claims_read(void)
{
	struct sk_claims claims = claims_of(SK_PPT_RPH);
	struct sk_passport passport = { 0 };
	struct sk_rph rph = { 0 };
	struct sk_rcd rcd = { 0 };
	char buf[SK_IDENTITY_SIZE];
	size_t len = 0;

	CHECK(!sign_as(&ones, SK_PPT_RPH, &claims, buf, &len) &&
		      !sk_verify_token_of((struct sk_span){ buf, len }, SK_PPT_RPH, &usual_policy,
					  &passport) &&
		      !sk_rph_read(&passport.token, &rph),
	      "rph");
	CHECK(rph.count == 1 && rph.psap_callback && sk_rph_covers(&rph, SK_SPAN("esnet.0")),
	      "what it says");
	CHECK(sk_rcd_read(&passport.token, &rcd) == SK_CLAIM_MISSING, "no rcd in it");
	claims = claims_of(SK_PPT_SHAKEN);
	claims.rcd = &usual_rcd;
	CHECK(!sign_as(&ones, SK_PPT_SHAKEN, &claims, buf, &len) &&
		      !sk_verify_token((struct sk_span){ buf, len }, &usual_policy, &passport) &&
		      !sk_rcd_read(&passport.token, &rcd),
	      "rcd inside of shaken");
	CHECK(strcmp(rcd.nam, "Q") == 0 && strcmp(rcd.crn, "why") == 0 && rcd.digests,
	      "what it says");
	CHECK(sk_rph_read(&passport.token, &rph) == SK_CLAIM_MISSING, "no rph in it");
}

static void test_beside(void)
{
	const struct sk_claims good = claims_of(SK_PPT_RCD);
	const struct sk_call_parties call = { .callers = { good.orig },
					      .caller_count = 1,
					      .called = good.dest[0] };
	struct sk_call_parties other = call;
	struct sk_claims claims = good;

	CHECK(!sk_verify_beside_claims(&claims, &call, &usual_policy, PKI_NOW), "good");
	CHECK(!sk_verify_beside_claims(&claims, &call, &usual_policy, PKI_NOW + 60), "60 s");
	CHECK(!sk_verify_beside_claims(&claims, &call, &usual_policy, PKI_NOW - 60), "60 s ahead");
	CHECK(sk_verify_beside_claims(&claims, &call, &usual_policy, PKI_NOW + 61) == SK_IAT_STALE,
	      "61 s");
	CHECK(sk_verify_beside_claims(&claims, &call, &usual_policy, PKI_NOW - 61) == SK_IAT_STALE,
	      "61 s ahead");
	strcpy(other.called.text, "911");
	CHECK(sk_verify_beside_claims(&claims, &other, &usual_policy, PKI_NOW) == SK_DEST_MISMATCH,
	      "dest");
	strcpy(other.callers[0].text, "911");
	CHECK(sk_verify_beside_claims(&claims, &other, &usual_policy, PKI_NOW) == SK_ORIG_MISMATCH,
	      "orig");
	other = call;
	other.called = claims.dest[0] = (struct sk_party){ SK_PARTY_URI, "urn:service:sos" };
	CHECK(!sk_verify_beside_claims(&claims, &other, &usual_policy, PKI_NOW), "a urn");
	strcpy(claims.dest[0].text, "urn:service:sos.fire");
	CHECK(sk_verify_beside_claims(&claims, &other, &usual_policy, PKI_NOW) == SK_DEST_MISMATCH,
	      "another urn");
}

static void test_ages(void)
{
	const struct sk_verify_policy long_ringing = { .max_age = 60,
						       .div_max_age = 300,
						       .max_skew = 30 };
	const struct sk_claims claims = claims_of(SK_PPT_DIV);
	const struct sk_call_parties call = { .callers = { claims.orig }, .caller_count = 1 };
	static const struct {
		int64_t late;
		bool fresh, inner; /* max_age 60; div_max_age 300 */
	} cases[] = {
		{ 0, true, true },     { 60, true, true },    { 61, false, true },
		{ 300, false, true },  { 301, false, false }, { -30, true, true },
		{ -31, false, false },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		const int64_t now = PKI_NOW + cases[i].late;

		CHECK(sk_verify_fresh(PKI_NOW, &long_ringing, now) == cases[i].fresh, "%d s",
		      (int)cases[i].late);
		CHECK(sk_verify_div_claims(&claims, &call, &long_ringing, now) ==
			      (cases[i].inner ? SK_OK : SK_IAT_STALE),
		      "%d s, inner", (int)cases[i].late);
	}
	CHECK(sk_verify_div_claims(&claims, &call, &usual_policy, PKI_NOW + 61) == SK_IAT_STALE,
	      "as max_age");
	CHECK(!sk_verify_fresh(INT64_MIN, &usual_policy, 0) &&
		      !sk_verify_fresh(INT64_MAX, &usual_policy, -2) &&
		      !sk_verify_fresh(INT64_MIN, &usual_policy, INT64_MAX),
	      "no overflow");
}

/* A token of each type by the key of a leaf with this list of numbers */
static void check_scope(const char *name, const char *tnauth, const enum sk_err want[4])
{
	static const struct pki_spec usual, mid_spec = { .tnauth = "3008a00616043730394a" };
	const struct pki_spec leaf_spec = { .tnauth = tnauth };
	const struct sk_trust_rules rules = { .allow_delegates = true };
	static struct pki_text chain_text, anchors, pem;
	struct pki_cert root = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	struct pki_cert mid = pki_issue(&mid_spec, PKI_MID, &root, NULL);
	struct pki_cert leaf = pki_issue(&leaf_spec, PKI_LEAF, &mid, NULL);
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;
	SK_CLEANUP(sk_key_free_p) struct sk_key *key = NULL;

	chain_text.len = anchors.len = pem.len = 0;
	pki_add_cert(&chain_text, leaf.cert);
	pki_add_cert(&chain_text, mid.cert);
	pki_add_cert(&anchors, root.cert);
	pki_add_key(&pem, leaf.key);
	CHECK(!sk_chain_new(chain_text.text, chain_text.len, &chain) &&
		      !sk_trust_new(&rules, &trust) &&
		      !sk_trust_add_anchors(trust, anchors.text, anchors.len, NULL) &&
		      !sk_key_new(pem.text, pem.len, &key),
	      "set-up");
	for (size_t i = 0; i < SK_COUNT(types); i++) {
		const struct sk_claims claims = claims_of(types[i]);
		struct sk_passport passport = { 0 };
		char buf[SK_IDENTITY_SIZE];
		size_t len = 0;
		enum sk_err err;

		CHECK(!sign_as(sk_key_signer(key), types[i], &claims, buf, &len) &&
			      !sk_verify_token_of((struct sk_span){ buf, len }, types[i],
						  &usual_policy, &passport),
		      "%s: a token", name);
		err = sk_verify_credential(&passport, chain, trust, PKI_NOW);
		CHECK(err == want[i], "%s, %s: %s", name, sk_ppt_text(types[i]), sk_err_name(err));
		passport.sig[10] ^= 1;
		err = sk_verify_credential(&passport, chain, trust, PKI_NOW);
		CHECK(err == (want[i] ? want[i] : SK_BAD_SIGNATURE), "%s, %s, bad signature: %s",
		      name, sk_ppt_text(types[i]), sk_err_name(err));
	}
	pki_drop(&root);
	pki_drop(&mid);
	pki_drop(&leaf);
}

static void test_scope(void)
{
	/* clang-format off */
	static const struct {
		const char *name, *tnauth;
		enum sk_err want[4]; /* shaken, div, rph, rcd; orig ends in 12, div in 13 */
	} cases[] = {
		{ "provider", NULL, { SK_OK, SK_OK, SK_OK, SK_OK } },
		{ "the caller's number", "300fa20d160b3132313535353531323132",
		  { SK_CERT_TNAUTH, SK_CERT_SCOPE, SK_CERT_SCOPE, SK_OK } },
		{ "the number that diverts", "300fa20d160b3132313535353531323133",
		  { SK_CERT_TNAUTH, SK_OK, SK_CERT_SCOPE, SK_CERT_SCOPE } },
		{ "a range with both", "3014a1123010160b3132313535353531323030020164",
		  { SK_CERT_TNAUTH, SK_OK, SK_CERT_SCOPE, SK_OK } },
		{ "another range", "3014a1123010160b3132313535353531333030020164",
		  { SK_CERT_TNAUTH, SK_CERT_SCOPE, SK_CERT_SCOPE, SK_CERT_SCOPE } },
	};
	/* clang-format on */

	for (size_t i = 0; i < SK_COUNT(cases); i++)
		check_scope(cases[i].name, cases[i].tnauth, cases[i].want);
}

int main(void)
{
	test_sign_claims();
	test_sign_values();
	test_token_of();
	test_claims_read();
	test_beside();
	test_ages();
	test_scope();
	return check_result();
}
