/*
 * The order of the checks: a token that is wrong in two ways gets the outcome of
 * the earlier step.  Then the choices of policy, time both ways, and what a
 * certificate adds: its time, its numbers, its constraints.
 */
#include "shaken/verify.h"

#include "pki.h"
#include "shaken/b64url.h"
#include "shaken/sign.h"
#include "tests/check.h"

#include <stdlib.h>

#define X5U  "https://cert.example.org/passport.cer"
#define JOSE "{\"alg\":\"ES256\",\"ppt\":\"shaken\",\"typ\":\"passport\",\"x5u\":\"" X5U "\"}"
#define PAYLOAD \
	"{\"attest\":\"A\",\"dest\":{\"tn\":[\"12155551213\"]},\"iat\":1443208345," \
	"\"orig\":{\"tn\":\"12155551212\"},\"origid\":\"x\"}"
#define GOOD_PARAMS ";info=<" X5U ">;alg=ES256;ppt=shaken"
#define INFO        ";info=<" X5U ">"

static const struct sk_verify_policy usual_policy = { .max_age = 60, .max_skew = 60 };

static size_t encode(const char *text, char *out)
{
	return sk_b64url_encode(text, strlen(text), out);
}

/* header.payload.signature and parameters; a signature of zeros has the right length */
static size_t join(char *buf, const char *jose, const char *payload, const char *params)
{
	static const uint8_t zeros[SK_SIG_LEN];
	size_t at = encode(jose, buf);

	buf[at++] = '.';
	at += encode(payload, buf + at);
	buf[at++] = '.';
	at += sk_b64url_encode(zeros, sizeof(zeros), buf + at);
	return at + (size_t)sprintf(buf + at, "%s", params);
}

/* clang-format off */
static const struct {
	const char *name, *jose, *payload, *params;
	enum sk_err want;
} ladder[] = {
	{ "good", JOSE, PAYLOAD, GOOD_PARAMS, SK_OK },
	{ "only what must be there", JOSE, PAYLOAD, INFO ";ppt=shaken", SK_OK },
	{ "unknown parameter", JOSE, PAYLOAD, GOOD_PARAMS ";x=y", SK_OK },
	/* each row breaks one step and all later ones that can be broken with it */
	{ "no type", "[]", "[]", "", SK_PPT_PARAM },
	{ "empty type", "[]", "[]", ";ppt=\"\"", SK_PPT_PARAM },
	{ "unknown type", "[]", "[]", ";ppt=other", SK_PPT_UNKNOWN },
	{ "type in another case", "[]", "[]", ";ppt=SHAKEN", SK_INFO_MISSING },
	{ "div", "[]", "[]", ";ppt=div", SK_PPT_PARAM },
	{ "rcd", "[]", "[]", ";ppt=rcd", SK_PPT_PARAM },
	{ "rph", "[]", "[]", ";ppt=rph", SK_PPT_PARAM },
	{ "no info", "[]", "[]", ";alg=none;ppt=shaken", SK_INFO_MISSING },
	{ "info without brackets", "[]", "[]", ";info=" X5U ";alg=none;ppt=shaken", SK_INFO_INVALID },
	{ "empty info", "[]", "[]", ";info=<>;alg=none;ppt=shaken", SK_INFO_INVALID },
	{ "info by http", "[]", "[]", ";info=<http://a/b>;alg=none;ppt=shaken", SK_INFO_INVALID },
	{ "alg none", "[]", "[]", INFO ";alg=none;ppt=shaken", SK_ALG_UNSUPPORTED },
	{ "alg es257", "[]", "[]", INFO ";alg=es257;ppt=shaken", SK_ALG_UNSUPPORTED },
	/* RFC 3261, 7.3.1: parameters have no case; what is in the token has */
	{ "alg and type in another case", JOSE, PAYLOAD, INFO ";alg=es256;ppt=Shaken", SK_OK },
	{ "alg in another case, token's too", "{\"alg\":\"es256\",\"ppt\":\"shaken\",\"typ\":\"passport\",\"x5u\":\"" X5U "\"}", PAYLOAD, INFO ";alg=es256;ppt=shaken", SK_ALG_UNSUPPORTED },
	{ "type in another case, token's too", "{\"alg\":\"ES256\",\"ppt\":\"SHAKEN\",\"typ\":\"passport\",\"x5u\":\"" X5U "\"}", PAYLOAD, INFO ";ppt=SHAKEN", SK_PPT_MISMATCH },
	{ "header is an array", "[]", "[]", GOOD_PARAMS, SK_TOKEN_SYNTAX },
	{ "header without alg", "{\"typ\":\"x\",\"ppt\":\"x\",\"x5u\":\"x\"}", "[]", GOOD_PARAMS, SK_HEADER_CLAIM },
	{ "header without ppt", "{\"alg\":\"x\",\"typ\":\"x\",\"x5u\":\"x\"}", "[]", GOOD_PARAMS, SK_HEADER_CLAIM },
	{ "crit", "{\"alg\":\"x\",\"crit\":[\"x\"],\"typ\":\"x\",\"ppt\":\"x\",\"x5u\":\"x\"}", "[]", GOOD_PARAMS, SK_TOKEN_SYNTAX },
	{ "b64", "{\"alg\":\"x\",\"b64\":false,\"typ\":\"x\",\"ppt\":\"x\",\"x5u\":\"x\"}", "[]", GOOD_PARAMS, SK_TOKEN_SYNTAX },
	{ "x5u", "{\"alg\":\"x\",\"typ\":\"x\",\"ppt\":\"x\",\"x5u\":\"" X5U "x\"}", "[]", GOOD_PARAMS, SK_X5U_MISMATCH },
	{ "typ", "{\"alg\":\"x\",\"typ\":\"x\",\"ppt\":\"x\",\"x5u\":\"" X5U "\"}", "[]", GOOD_PARAMS, SK_TYP_INVALID },
	{ "alg", "{\"alg\":\"x\",\"typ\":\"passport\",\"ppt\":\"x\",\"x5u\":\"" X5U "\"}", "[]", GOOD_PARAMS, SK_ALG_UNSUPPORTED },
	{ "alg is an array", "{\"alg\":[\"ES256\"],\"typ\":\"passport\",\"ppt\":\"x\",\"x5u\":\"" X5U "\"}", "[]", GOOD_PARAMS, SK_ALG_UNSUPPORTED },
	{ "ppt", "{\"alg\":\"ES256\",\"typ\":\"passport\",\"ppt\":\"div\",\"x5u\":\"" X5U "\"}", "[]", GOOD_PARAMS, SK_PPT_MISMATCH },
	{ "payload is an array", JOSE, "[]", GOOD_PARAMS, SK_TOKEN_SYNTAX },
	{ "payload without claims", JOSE, "{}", GOOD_PARAMS, SK_CLAIM_MISSING },
};
/* clang-format on */

static void test_ladder(void)
{
	char buf[4096];

	for (size_t i = 0; i < SK_COUNT(ladder); i++) {
		struct sk_passport passport;
		const size_t len = join(buf, ladder[i].jose, ladder[i].payload, ladder[i].params);
		enum sk_err err =
			sk_verify_token((struct sk_span){ buf, len }, &usual_policy, &passport);

		CHECK(err == ladder[i].want, "%s: %s", ladder[i].name, sk_err_name(err));
		CHECK(passport.token.signature.len == 86, "%s: names the token", ladder[i].name);
	}

	struct sk_passport passport;

	CHECK(sk_verify_token(SK_SPAN(""), &usual_policy, &passport) == SK_IDENTITY_SYNTAX,
	      "nothing");
	CHECK(!passport.token.signature.ptr, "no token to name");
	CHECK(sk_verify_token(SK_SPAN("e30.e30;ppt=shaken"), &usual_policy, &passport) ==
		      SK_TOKEN_SYNTAX,
	      "two parts come before the type");
	CHECK(sk_verify_token(SK_SPAN("..AAAA;ppt=x"), &usual_policy, &passport) == SK_PPT_UNKNOWN,
	      "the type comes before the form");
	CHECK(sk_verify_token(SK_SPAN("..AAAA;ppt=shaken"), &usual_policy, &passport) ==
		      SK_COMPACT_FORM,
	      "the form comes before info");
}

static void test_policy(void)
{
	static const struct {
		const char *name, *params;
		struct sk_verify_policy policy;
		enum sk_err want;
	} cases[] = {
		{ "no alg", INFO ";ppt=shaken", { .alg_required = true }, SK_ALG_UNSUPPORTED },
		{ "alg", GOOD_PARAMS, { .alg_required = true }, SK_OK },
		{ "extra",
		  GOOD_PARAMS ";x=y",
		  { .extra_params_refused = true },
		  SK_IDENTITY_PARAMS },
		{ "no extra", GOOD_PARAMS, { .extra_params_refused = true }, SK_OK },
		{ "unknown", ";ppt=x", { .unknown_ppt_refused = true }, SK_PPT_PARAM },
		{ "known", GOOD_PARAMS, { .unknown_ppt_refused = true }, SK_OK },
		{ "lab port", ";info=<https://h:5/>;ppt=shaken", { 0 }, SK_INFO_INVALID },
		{ "lab port",
		  ";info=<https://h:5/>;ppt=shaken",
		  { .url_rules = SK_URL_LAB },
		  SK_X5U_MISMATCH },
	};
	char buf[4096];

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_passport passport;
		const size_t len = join(buf, JOSE, PAYLOAD, cases[i].params);
		enum sk_err err =
			sk_verify_token((struct sk_span){ buf, len }, &cases[i].policy, &passport);

		CHECK(err == cases[i].want, "%s: %s", cases[i].name, sk_err_name(err));
	}
}

static void test_claims(void)
{
	static const struct {
		const char *name;
		int64_t iat, now;
		enum sk_err want;
	} times[] = {
		{ "now", 1000, 1000, SK_OK },
		{ "30 s old", 1000, 1030, SK_OK },
		{ "31 s old", 1000, 1031, SK_IAT_STALE },
		{ "10 s ahead", 1000, 990, SK_OK },
		{ "11 s ahead", 1000, 989, SK_IAT_STALE },
		{ "largest", INT64_MAX, 1000, SK_IAT_STALE },
		{ "smallest", INT64_MIN, 1000, SK_IAT_STALE },
		{ "smallest, at 0", INT64_MIN, 0, SK_IAT_STALE },
		{ "largest, at -1", INT64_MAX, -1, SK_IAT_STALE },
		{ "largest, at -2", INT64_MAX, -2, SK_IAT_STALE },
		{ "negative", -1000, 1000, SK_IAT_STALE },
	};
	const struct sk_verify_policy policy = { .max_age = 30, .max_skew = 10 };
	const struct sk_claims good = { .orig = { SK_PARTY_TN, "1" },
					.dest = { { SK_PARTY_URI, "sip:a@b" },
						  { SK_PARTY_TN, "2" } },
					.dest_count = 2,
					.iat = 1000,
					.attest = SK_ATTEST_C };
	const struct sk_call_parties call = { .callers = { { SK_PARTY_TN, "9" },
							   { SK_PARTY_TN, "1" } },
					      .caller_count = 2,
					      .called = { SK_PARTY_TN, "2" } };
	struct sk_call_parties other = call;
	struct sk_claims claims = good;

	for (size_t i = 0; i < SK_COUNT(times); i++) {
		claims.iat = times[i].iat;
		CHECK(sk_verify_claims(&claims, &call, &policy, times[i].now) == times[i].want,
		      "%s", times[i].name);
	}

	/* each wrong in itself and in all that follows */
	claims = good;
	claims.attest = SK_ATTEST_BAD;
	CHECK(sk_verify_claims(&claims, &call, &policy, 1000) == SK_ATTEST_INVALID, "attest");
	claims.attest = SK_ATTEST_NONE;
	CHECK(sk_verify_claims(&claims, &call, &policy, 1000) == SK_ATTEST_INVALID, "no attest");
	claims.dest_count = 1;
	CHECK(sk_verify_claims(&claims, &call, &policy, 1000) == SK_DEST_MISMATCH, "dest");
	other.caller_count = 1;
	CHECK(sk_verify_claims(&claims, &other, &policy, 1000) == SK_ORIG_MISMATCH, "orig");
	other.caller_count = 0;
	CHECK(sk_verify_claims(&claims, &other, &policy, 1000) == SK_ORIG_MISMATCH, "no caller");
	claims.iat = 0;
	CHECK(sk_verify_claims(&claims, &other, &policy, 1000) == SK_IAT_STALE, "iat");

	claims = good;
	claims.orig.kind = SK_PARTY_NONE;
	other = call;
	other.callers[1] = claims.orig;
	CHECK(sk_verify_claims(&claims, &other, &policy, 1000) == SK_ORIG_MISMATCH,
	      "nobody is nobody");
}

static void test_shape(void)
{
	struct sk_passport p = { .sig_len = SK_SIG_LEN, .sig = { [31] = 1, [63] = 1 } };

	CHECK(sk_verify_shape(&p) == SK_OK, "r and s of 1");
	p.sig[63] = 0;
	CHECK(sk_verify_shape(&p) == SK_BAD_SIGNATURE, "s of 0");
	memset(p.sig, 0xff, sizeof(p.sig));
	CHECK(sk_verify_shape(&p) == SK_BAD_SIGNATURE, "beyond n");
	memset(p.sig, 0x7f, sizeof(p.sig));
	for (size_t len = 0; len <= 100; len++) {
		p.sig_len = len;
		CHECK((sk_verify_shape(&p) == SK_OK) == (len == 64), "%zu bytes", len);
	}
}

struct world {
	struct sk_trust *trust;
	struct sk_chain *chain;
	struct sk_key *key;
	char buf[SK_IDENTITY_SIZE];
	struct sk_passport passport;
};

static void world_free(struct world *w)
{
	sk_trust_free(w->trust);
	sk_chain_free(w->chain);
	sk_key_free(w->key);
}

/* A token of 12155551212 signed with the key of a leaf as told */
static void world_make(struct world *w, const struct pki_spec *leaf_spec)
{
	const struct sk_claims claims = { .orig = { SK_PARTY_TN, "12155551212" },
					  .dest = { { SK_PARTY_TN, "12155551213" } },
					  .dest_count = 1,
					  .iat = PKI_NOW,
					  .attest = SK_ATTEST_B,
					  .origid = "123e4567-e89b-12d3-a456-426655440000" };
	static const struct pki_spec usual, mid_spec = { .tnauth = "3008a00616043730394a" };
	const struct sk_trust_rules rules = { .allow_delegates = true };
	static struct pki_text chain, anchors, pem;
	struct pki_cert root = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	struct pki_cert mid = pki_issue(&mid_spec, PKI_MID, &root, NULL);
	struct pki_cert leaf = pki_issue(leaf_spec, PKI_LEAF, &mid, NULL);
	SK_CLEANUP(sk_credential_free_p) struct sk_credential *credential = NULL;
	size_t len = 0;

	*w = (struct world){ 0 };
	chain.len = anchors.len = pem.len = 0;
	pki_add_cert(&chain, leaf.cert);
	pki_add_cert(&chain, mid.cert);
	pki_add_cert(&anchors, root.cert);
	pki_add_key(&pem, leaf.key);
	CHECK(!sk_chain_new(chain.text, chain.len, &w->chain) && !sk_trust_new(&rules, &w->trust) &&
		      !sk_trust_add_anchors(w->trust, anchors.text, anchors.len, NULL) &&
		      !sk_key_new(pem.text, pem.len, &w->key) &&
		      !sk_credential_new(SK_SPAN(X5U), SK_URL_STRICT, SK_PPT_SHAKEN,
					 sk_key_signer(w->key), &credential) &&
		      !sk_sign(credential, &claims, w->buf, sizeof(w->buf), &len) &&
		      !sk_verify_token((struct sk_span){ w->buf, len }, &usual_policy,
				       &w->passport),
	      "set-up");
	pki_drop(&root);
	pki_drop(&mid);
	pki_drop(&leaf);
}

static void test_credential(void)
{
	static const struct {
		const char *name;
		struct pki_spec leaf;
		int64_t now;
		enum sk_err want;
	} cases[] = {
		{ "good", { 0 }, PKI_NOW, SK_OK },
		{ "a delegate, and it is its number",
		  { .tnauth = "300fa20d160b3132313535353531323132" },
		  PKI_NOW,
		  SK_CERT_TNAUTH },
		{ "attest B or C",
		  { .jcc = "3016a11430123010160661747465737430060c01420c0143" },
		  PKI_NOW,
		  SK_OK },
		{ "confidence",
		  { .jcc = "3010a00e300c160a636f6e666964656e6365" },
		  PKI_NOW,
		  SK_CONSTRAINT },
		{ "no origid", { .ejcc = "300ca20a300816066f7269676964" }, PKI_NOW, SK_CONSTRAINT },
		{ "no rcd",
		  { .ejcc = "3009a2073005160372"
			    "6364" },
		  PKI_NOW,
		  SK_OK },
		{ "signed before it was valid",
		  { .from = PKI_NOW + 10 },
		  PKI_NOW + 20,
		  SK_CERT_NOT_YET },
		{ "signed after it was valid",
		  { .to = PKI_NOW - 10 },
		  PKI_NOW - 20,
		  SK_CERT_EXPIRED },
		{ "expired now", { .to = PKI_NOW + 10 }, PKI_NOW + 20, SK_CERT_EXPIRED },
		{ "no CA",
		  { .basic = "30030101ff", .usage = "03020186" },
		  PKI_NOW,
		  SK_CERT_PROFILE },
		{ "constraints malformed", { .jcc = "3000" }, PKI_NOW, SK_CERT_SYNTAX },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct world w;
		enum sk_err err;

		world_make(&w, &cases[i].leaf);
		err = sk_verify_credential(&w.passport, w.chain, w.trust, cases[i].now);
		CHECK(err == cases[i].want, "%s: %s", cases[i].name, sk_err_name(err));

		/* a wrong signature as well: no earlier answer changes, and none becomes a pass */
		w.passport.sig[10] ^= 1;
		err = sk_verify_credential(&w.passport, w.chain, w.trust, cases[i].now);
		CHECK(err == (cases[i].want ? cases[i].want : SK_BAD_SIGNATURE),
		      "%s, bad signature: %s", cases[i].name, sk_err_name(err));
		world_free(&w);
	}
}

static void test_signed(void)
{
	const struct pki_spec usual = { 0 }, bare = { .tnauth = "" }, big = { .tnauth = "3000" };
	struct world w, other;

	world_make(&w, &usual);
	world_make(&other, &usual);
	CHECK(sk_verify_signed(&w.passport, w.chain, SK_OK) == SK_OK, "good");
	CHECK(sk_verify_signed(&w.passport, other.chain, SK_OK) == SK_BAD_SIGNATURE, "another key");
	for (int e = 1; e < SK_ERR_COUNT; e++)
		CHECK(sk_verify_signed(&w.passport, w.chain, (enum sk_err)e) == (enum sk_err)e,
		      "the verdict on the chain comes first: %s", sk_err_name((enum sk_err)e));
	CHECK(sk_verify_credential(&w.passport, w.chain, other.trust, PKI_NOW) == SK_CERT_UNTRUSTED,
	      "another root");
	w.passport.sig_len = 63;
	CHECK(sk_verify_signed(&w.passport, w.chain, SK_OK) == SK_BAD_SIGNATURE, "63 bytes");
	world_free(&w);
	world_free(&other);

	/* also when somebody lost the verdict */
	world_make(&w, &bare);
	CHECK(sk_verify_signed(&w.passport, w.chain, SK_OK) == SK_CERT_TNAUTH, "no TNAuthList");
	world_free(&w);
	world_make(&w, &big);
	CHECK(sk_verify_signed(&w.passport, w.chain, SK_OK) == SK_CERT_TNAUTH,
	      "malformed TNAuthList");
	world_free(&w);
}

int main(void)
{
	test_ladder();
	test_policy();
	test_claims();
	test_shape();
	test_credential();
	test_signed();
	return check_result();
}
