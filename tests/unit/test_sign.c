/*
 * Signing: the vector `ok-A` byte for byte with a deterministic signer, what a
 * credential refuses, and that every value we make is one that we accept.
 */
#include "shaken/sign.h"

#include "pki.h"
#include "shaken/verify.h"
#include "tests/check.h"

#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>

/* RFC 6979 by hand, for tests only: nothing here runs in constant time */
struct fixed_signer {
	struct sk_signer signer;
	BIGNUM *d;
};

static void hmac(const uint8_t key[32], const uint8_t *msg, size_t len, uint8_t out[32])
{
	unsigned n = 32;

	if (!HMAC(EVP_sha256(), key, 32, msg, len, out, &n))
		abort();
}

/* RFC 6979, 3.2, steps b to h; the first candidate is in range but for 2^-32 */
static void nonce(const uint8_t x[32], const uint8_t h1[32], const BIGNUM *n, BIGNUM *k)
{
	uint8_t key[32] = { 0 }, v[32], msg[97], h[32];
	BIGNUM *z = BN_bin2bn(h1, 32, NULL);

	if (BN_cmp(z, n) >= 0)
		BN_sub(z, z, n);
	BN_bn2binpad(z, h, 32);
	memset(v, 1, sizeof(v));
	for (uint8_t round = 0; round < 2; round++) {
		memcpy(msg, v, 32);
		msg[32] = round;
		memcpy(msg + 33, x, 32);
		memcpy(msg + 65, h, 32);
		hmac(key, msg, sizeof(msg), key);
		hmac(key, v, 32, v);
	}
	hmac(key, v, 32, v);
	BN_bin2bn(v, 32, k);
	if (BN_is_zero(k) || BN_cmp(k, n) >= 0)
		abort();
	BN_free(z);
}

static enum sk_err fixed_sign(struct sk_signer *self, struct sk_span msg, uint8_t sig[SK_SIG_LEN])
{
	const struct fixed_signer *signer = (const struct fixed_signer *)self;
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	const BIGNUM *n = EC_GROUP_get0_order(group);
	EC_POINT *point = EC_POINT_new(group);
	BIGNUM *k = BN_new(), *r = BN_new(), *s = BN_new(), *z = BN_new();
	BN_CTX *ctx = BN_CTX_new();
	uint8_t hash[32], x[32];

	SHA256((const uint8_t *)msg.ptr, msg.len, hash);
	BN_bn2binpad(signer->d, x, 32);
	nonce(x, hash, n, k);
	EC_POINT_mul(group, point, k, NULL, NULL, ctx);
	EC_POINT_get_affine_coordinates(group, point, r, NULL, ctx);
	BN_nnmod(r, r, n, ctx);
	BN_bin2bn(hash, 32, z);
	BN_mod_mul(s, r, signer->d, n, ctx);
	BN_mod_add(s, s, z, n, ctx);
	BN_mod_inverse(z, k, n, ctx);
	BN_mod_mul(s, s, z, n, ctx);
	BN_bn2binpad(r, sig, 32);
	BN_bn2binpad(s, sig + 32, 32);
	BN_free(k), BN_free(r), BN_free(s), BN_free(z);
	BN_CTX_free(ctx);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return SK_OK;
}

static struct fixed_signer fixed_new(BIGNUM *d)
{
	return (struct fixed_signer){ { fixed_sign }, d };
}

static void test_fixed_signer(void)
{
	size_t len, i;
	char *text = pki_vector("misc/rfc6979-A2.5-p256.json", &len);
	json_t *root = json_loads(text, 0, NULL), *row;
	struct fixed_signer signer = fixed_new(NULL);

	BN_hex2bn(&signer.d, json_string_value(json_object_get(root, "x")));
	json_array_foreach(json_object_get(root, "cases"), i, row) {
		uint8_t sig[SK_SIG_LEN], want[SK_SIG_LEN];

		pki_hex(json_string_value(json_object_get(row, "r")), want, 32);
		pki_hex(json_string_value(json_object_get(row, "s")), want + 32, 32);
		fixed_sign(&signer.signer,
			   sk_span_of(json_string_value(json_object_get(row, "msg"))), sig);
		CHECK(memcmp(sig, want, sizeof(sig)) == 0, "RFC 6979, case %zu", i);
	}
	BN_free(signer.d);
	json_decref(root);
	free(text);
}

static struct sk_claims usual_claims(void)
{
	return (struct sk_claims){
		.orig = { SK_PARTY_TN, "12155551212" },
		.dest = { { SK_PARTY_TN, "12155551213" } },
		.dest_count = 1,
		.iat = 1443208345,
		.attest = SK_ATTEST_A,
		.origid = "123e4567-e89b-12d3-a456-426655440000",
	};
}

static const char x5u[] = "https://cert.example.org/passport.cer";

static void test_golden(void)
{
	EVP_PKEY *key = pki_vector_key("draft-stir-passport.key.pem");
	struct fixed_signer signer = fixed_new(NULL);
	SK_CLEANUP(sk_credential_free_p) struct sk_credential *credential = NULL;
	struct sk_claims claims = usual_claims();
	char buf[SK_IDENTITY_SIZE];
	size_t len, i, seen = 0;
	char *text = pki_vector("passports/generated.json", &len);
	json_t *rows = json_loads(text, 0, NULL), *row;

	EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &signer.d);
	CHECK(!sk_credential_new(sk_span_of(x5u), SK_URL_STRICT, SK_PPT_SHAKEN, &signer.signer,
				 &credential),
	      "credential");
	CHECK_STR(sk_credential_x5u(credential), x5u, "x5u");
	json_array_foreach(rows, i, row) {
		const char *name = json_string_value(json_object_get(row, "name"));

		if (strcmp(name, "ok-A") != 0 && strcmp(name, "ok-B") != 0 &&
		    strcmp(name, "ok-C") != 0)
			continue;
		claims.attest = SK_ATTEST_A + (enum sk_attest)(name[3] - 'A');
		len = 0;
		CHECK(sk_sign(credential, &claims, buf, sizeof(buf), &len) == SK_OK, "%s", name);
		CHECK_STR(buf, json_string_value(json_object_get(row, "identity")), name);
		CHECK(len == strlen(buf), "%s: length", name);
		seen++;
	}
	CHECK(seen == 3, "vectors: %zu", seen);
	json_decref(rows);
	free(text);
	BN_clear_free(signer.d);
	EVP_PKEY_free(key);
}

static enum sk_err refuse_sign(struct sk_signer *self, struct sk_span msg, uint8_t sig[SK_SIG_LEN])
{
	(void)self, (void)msg, (void)sig;
	return SK_BUSY;
}

static enum sk_err zero_sign(struct sk_signer *self, struct sk_span msg, uint8_t sig[SK_SIG_LEN])
{
	(void)self, (void)msg;
	memset(sig, 0, SK_SIG_LEN);
	return SK_OK;
}

static void test_addresses(void)
{
	static const struct {
		const char *url;
		bool ok;
	} cases[] = {
		{ "https://cert.example.org/passport.cer", true },
		{ "https://cert.example.org:8443/a", true },
		{ "http://cert.example.org/a", false },
		{ "https://cert.example.org/a?b", false },
		{ "https://cert.example.org/a>;x", false },
		{ "https://cert.example.org/\"", false },
		{ "https://cert.example.org/a b", false },
		{ "https://cert.example.org:444/", false },
		{ "", false },
	};
	struct sk_signer signer = { zero_sign };
	char longest[SK_URL_MAX + 2];

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_credential *credential = NULL;
		enum sk_err err = sk_credential_new(sk_span_of(cases[i].url), SK_URL_STRICT,
						    SK_PPT_SHAKEN, &signer, &credential);

		CHECK(err == (cases[i].ok ? SK_OK : SK_INFO_INVALID), "%s", cases[i].url);
		CHECK((err == SK_OK) == (credential != NULL), "%s", cases[i].url);
		sk_credential_free(credential);
	}

	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "https://h/", 10);
	for (size_t len = SK_URL_MAX; len <= SK_URL_MAX + 1; len++) {
		struct sk_credential *credential = NULL;
		struct sk_claims claims = usual_claims();
		char buf[SK_IDENTITY_SIZE];
		size_t out = 0;
		enum sk_err err = sk_credential_new((struct sk_span){ longest, len }, SK_URL_STRICT,
						    SK_PPT_SHAKEN, &signer, &credential);

		CHECK((err == SK_OK) == (len == SK_URL_MAX), "%zu bytes", len);
		if (credential)
			CHECK(!sk_sign(credential, &claims, buf, sizeof(buf), &out) && out > 1200,
			      "the longest address: %zu", out);
		sk_credential_free(credential);
	}
}

static void test_claims(void)
{
	const struct sk_claims usual = usual_claims();
	struct sk_signer signer = { zero_sign }, busy = { refuse_sign };
	SK_CLEANUP(sk_credential_free_p) struct sk_credential *credential = NULL, *stuck = NULL;
	struct sk_claims c;
	char buf[SK_IDENTITY_SIZE];
	size_t len = 77, full;

	CHECK(!sk_credential_new(sk_span_of(x5u), SK_URL_STRICT, SK_PPT_SHAKEN, &signer,
				 &credential) &&
		      !sk_credential_new(sk_span_of(x5u), SK_URL_STRICT, SK_PPT_SHAKEN, &busy,
					 &stuck),
	      "credentials");

#define REFUSED(change, err_) \
	do { \
		c = usual; \
		change; \
		CHECK(sk_sign(credential, &c, buf, sizeof(buf), &len) == (err_), #change); \
		CHECK(len == 77, #change ": untouched"); \
	} while (0)
	REFUSED(c.orig.kind = SK_PARTY_NONE, SK_NO_ORIG);
	REFUSED(c.orig.kind = SK_PARTY_URI, SK_NO_ORIG);
	REFUSED(strcpy(c.orig.text, "*67"), SK_NO_ORIG);
	REFUSED(strcpy(c.orig.text, "+1"), SK_NO_ORIG);
	REFUSED(strcpy(c.orig.text, ""), SK_NO_ORIG);
	REFUSED(c.dest_count = 0, SK_NO_DEST);
	REFUSED(c.dest_count = SK_DEST_MAX + 1, SK_NO_DEST);
	REFUSED(c.attest = SK_ATTEST_NONE, SK_NO_ATTEST);
	REFUSED(c.attest = SK_ATTEST_BAD, SK_NO_ATTEST);
	REFUSED(c.origid[0] = '\0', SK_CLAIM_MISSING);
#undef REFUSED

	CHECK(sk_sign(stuck, &usual, buf, sizeof(buf), &len) == SK_BUSY && len == 77,
	      "signer's word");
	CHECK(!sk_sign(credential, &usual, buf, sizeof(buf), &full), "usual");
	for (size_t size = 1; size <= full; size++) {
		char *room = malloc(size);

		CHECK(sk_sign(credential, &usual, room, size, &len) == SK_TOO_LONG && len == 77,
		      "%zu bytes", size);
		free(room);
	}
	char *room = malloc(full + 1);

	CHECK(!sk_sign(credential, &usual, room, full + 1, &len) && len == full && !room[full],
	      "exactly");
	free(room);

	c = usual;
	c.dest_count = SK_DEST_MAX;
	for (size_t i = 0; i < SK_DEST_MAX; i++) {
		c.dest[i].kind = SK_PARTY_URI;
		memset(c.dest[i].text, '\x01', SK_PARTY_SIZE - 1);
	}
	len = 77;
	CHECK(sk_sign(credential, &c, buf, sizeof(buf), &len) == SK_TOO_LONG && len == 77,
	      "too much");
}

/* A value made with a real key passes both ladders; one made as div says so */
static void test_round_trip(void)
{
	static struct pki_text chain_text, anchors, pem;
	const struct sk_trust_rules rules = { .profile = SK_PROFILE_STRICT };
	const struct sk_verify_policy policy = { .max_age = 60, .max_skew = 60 };
	EVP_PKEY *pkey = pki_simple(NULL, &chain_text, &anchors);
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;
	SK_CLEANUP(sk_key_free_p) struct sk_key *key = NULL;
	SK_CLEANUP(sk_credential_free_p) struct sk_credential *credential = NULL, *div = NULL;
	struct sk_claims claims = usual_claims();
	struct sk_call_parties call = { .callers = { claims.orig },
					.caller_count = 1,
					.called = claims.dest[0] };
	struct sk_passport passport;
	char buf[SK_IDENTITY_SIZE];
	size_t len;

	pki_add_key(&pem, pkey);
	EVP_PKEY_free(pkey);
	CHECK(!sk_key_new(pem.text, pem.len, &key) && !sk_trust_new(&rules, &trust) &&
		      !sk_trust_add_anchors(trust, anchors.text, anchors.len, NULL) &&
		      !sk_chain_new(chain_text.text, chain_text.len, &chain) &&
		      !sk_credential_new(sk_span_of(x5u), SK_URL_STRICT, SK_PPT_SHAKEN,
					 sk_key_signer(key), &credential) &&
		      !sk_credential_new(sk_span_of(x5u), SK_URL_STRICT, SK_PPT_DIV,
					 sk_key_signer(key), &div),
	      "set-up");
	for (int i = 0; i < 100; i++) {
		CHECK(!sk_sign(credential, &claims, buf, sizeof(buf), &len), "sign");
		CHECK(!sk_verify_token((struct sk_span){ buf, len }, &policy, &passport), "token");
		CHECK(!sk_verify_claims(&passport.claims, &call, &policy, PKI_NOW), "claims");
		CHECK(!sk_verify_shape(&passport), "shape");
		CHECK(!sk_verify_credential(&passport, chain, trust, PKI_NOW), "credential");
	}

	claims.div = claims.dest[0];
	claims.attest = SK_ATTEST_NONE;
	claims.origid[0] = '\0';
	CHECK(!sk_sign(div, &claims, buf, sizeof(buf), &len), "div");
	CHECK(strstr(buf, ";alg=ES256;ppt=div") != NULL, "div: parameter");
	CHECK(sk_verify_token((struct sk_span){ buf, len }, &policy, &passport) == SK_PPT_PARAM,
	      "div");
}

int main(void)
{
	test_fixed_signer();
	test_golden();
	test_addresses();
	test_claims();
	test_round_trip();
	return check_result();
}
