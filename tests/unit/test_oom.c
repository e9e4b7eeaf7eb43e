/*
 * Every allocation fails once: ours (the linker wraps malloc), OpenSSL's and
 * jansson's.  Two ways: the n-th and all after it, as when memory is gone; and
 * only the n-th, which leaves a library to go on with half of what it wanted.
 * The answer is the right one or a fault of ours: never a verdict on the caller
 * that is not his, never a pass for what must not pass.  After each failure the
 * same objects must still give the right answer.
 *
 * One exception: jansson does not look whether its string buffer could grow, so
 * after a single failure it has a shorter string and says nothing.  Then the
 * token may be blamed; it may not pass.
 */
#include "shaken/shaken.h"

#include "pki.h"
#include "tests/check.h"
#include "tests/unit/starve.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>

static void *json_alloc(size_t size)
{
	return spend() ? __real_malloc(size) : NULL;
}

/* What the operations work on; made without a limit */
struct world {
	struct pki_text chain_text, anchors_text, crl_text, key_text;
	struct pki_text revoked_text;
	struct sk_trust *trust, *empty, *lists, *revoking;
	struct sk_chain *chain, *stranger, *forged, *constrained;
	struct sk_key *key;
	struct sk_mac *mac;
	struct sk_credential *credential;
	char identity[SK_IDENTITY_SIZE], wrong[SK_IDENTITY_SIZE];
	size_t identity_len;
	struct sk_passport passport, bad_passport;
};

static const struct sk_verify_policy policy = { .max_age = 60, .max_skew = 60 };
static const struct sk_trust_rules strict = { .profile = SK_PROFILE_STRICT };
static const struct sk_trust_rules with_lists = { .crl_required = true };

#define X5U "https://cert.example.org/passport.cer"

/* --- the operations --- */

static enum sk_err do_json(struct world *w)
{
	const struct sk_span text = SK_SPAN("{\"a\":[1,\"two\",{\"c\":null}],\"b\":\"\\u0041\"}");
	json_t *json = NULL;
	enum sk_err err = sk_json_parse(text, &json);

	(void)w;
	CHECK((err == SK_OK) == (json != NULL), "json");
	json_decref(json);
	return err;
}

static enum sk_err do_passport(struct world *w)
{
	const char *end = strchr(w->identity, ';');
	struct sk_passport passport;

	return sk_passport_parse((struct sk_span){ w->identity, (size_t)(end - w->identity) },
				 &passport);
}

static enum sk_err do_token(struct world *w)
{
	struct sk_passport passport;

	return sk_verify_token((struct sk_span){ w->identity, w->identity_len }, &policy,
			       &passport);
}

static enum sk_err do_chain(struct world *w)
{
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;
	enum sk_err err = sk_chain_new(w->chain_text.text, w->chain_text.len, &chain);

	CHECK((err == SK_OK) == (chain != NULL), "chain");
	if (!chain)
		return err;

	const struct sk_leaf *leaf = sk_chain_leaf(chain);

	CHECK(leaf->key_is_p256 && leaf->has_tnauth && !leaf->extensions && leaf->subject[0],
	      "leaf");
	/* the object must be whole, however much was missing when it was made */
	budget = -1;
	return sk_verify_credential(&w->passport, chain, w->trust, PKI_NOW);
}

static enum sk_err do_key(struct world *w)
{
	SK_CLEANUP(sk_key_free_p) struct sk_key *key = NULL;
	uint8_t sig[SK_SIG_LEN];
	enum sk_err err = sk_key_new(w->key_text.text, w->key_text.len, &key);

	CHECK((err == SK_OK) == (key != NULL), "key");
	if (err)
		return err;

	budget = -1;
	err = sk_key_signer(key)->sign(sk_key_signer(key), SK_SPAN("x"), sig);
	CHECK(err == SK_OK && sk_chain_verify(w->chain, SK_SPAN("x"), sig) == SK_OK, "signature");
	return err;
}

static enum sk_err do_key_check(struct world *w)
{
	return sk_key_check(w->key, w->chain);
}

static enum sk_err do_trust(struct world *w)
{
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	enum sk_err err = sk_trust_new(&with_lists, &trust);

	if (!err)
		err = sk_trust_add_anchors(trust, w->anchors_text.text, w->anchors_text.len, NULL);
	if (!err)
		err = sk_trust_add_crls(trust, w->crl_text.text, w->crl_text.len, NULL);
	if (err)
		return err;

	budget = -1;
	return sk_trust_check(trust, w->chain, PKI_NOW, NULL);
}

static enum sk_err do_check(struct world *w)
{
	return sk_trust_check(w->trust, w->chain, PKI_NOW, NULL);
}

static enum sk_err do_check_lists(struct world *w)
{
	return sk_trust_check(w->lists, w->chain, PKI_NOW, NULL);
}

static enum sk_err do_check_revoked(struct world *w)
{
	return sk_trust_check(w->revoking, w->chain, PKI_NOW, NULL);
}

static enum sk_err do_check_empty(struct world *w)
{
	return sk_trust_check(w->empty, w->chain, PKI_NOW, NULL);
}

static enum sk_err do_check_stranger(struct world *w)
{
	return sk_trust_check(w->trust, w->stranger, PKI_NOW, NULL);
}

static enum sk_err do_check_forged(struct world *w)
{
	return sk_trust_check(w->trust, w->forged, PKI_NOW, NULL);
}

static enum sk_err do_check_expired(struct world *w)
{
	return sk_trust_check(w->trust, w->chain, PKI_TO + 1, NULL);
}

static enum sk_err do_rph(struct world *w)
{
	static const char text[] = "{\"rph\":{\"auth\":[\"esnet.1\"]},\"sph\":\"psap-callback\"}";
	char part[SK_B64URL_LEN(sizeof(text))];
	const struct sk_token token = { .payload = { part, sk_b64url_encode(text, sizeof(text) - 1,
									    part) } };
	struct sk_rph rph;

	(void)w;
	return sk_rph_read(&token, &rph);
}

/* Good digests of a string and of an object, which is printed with its names sorted */
static enum sk_err do_rcd(struct world *w)
{
	static const char text[] =
		"{\"rcd\":{\"jcd\":{\"b\":1,\"a\":[]},\"nam\":\"Q Branch Spy Gadgets\"},\"rcdi\":{"
		"\"/nam\":\"sha256-sM275lTgzCte+LHOKHtU4SxG8shlOo6OS4ot8IJQImY\","
		"\"/jcd\":\"sha256-HI+IFlBqjMvFUUDYp7twIUqJQscDD8D8KRTOxnXNHBU\"}}";
	char part[SK_B64URL_LEN(sizeof(text))];
	const struct sk_token token = { .payload = { part, sk_b64url_encode(text, sizeof(text) - 1,
									    part) } };
	struct sk_rcd rcd;

	(void)w;
	return sk_rcd_read(&token, &rcd);
}

static enum sk_err do_credential(struct world *w)
{
	SK_CLEANUP(sk_credential_free_p) struct sk_credential *credential = NULL;

	return sk_credential_new(SK_SPAN(X5U), SK_URL_STRICT, SK_PPT_SHAKEN, sk_key_signer(w->key),
				 &credential);
}

static enum sk_err do_sign(struct world *w)
{
	struct sk_passport passport;
	char buf[SK_IDENTITY_SIZE];
	size_t len = 0;
	enum sk_err err = sk_sign(w->credential, &w->passport.claims, buf, sizeof(buf), &len);

	if (err)
		return err;

	budget = -1;
	err = sk_verify_token((struct sk_span){ buf, len }, &policy, &passport);
	return err ? err : sk_verify_credential(&passport, w->chain, w->trust, PKI_NOW);
}

static enum sk_err do_verify(struct world *w)
{
	return sk_verify_credential(&w->passport, w->chain, w->trust, PKI_NOW);
}

static enum sk_err do_verify_bad(struct world *w)
{
	return sk_verify_credential(&w->bad_passport, w->chain, w->trust, PKI_NOW);
}

static enum sk_err do_signature(struct world *w)
{
	return sk_chain_verify(w->chain, w->passport.token.signed_part, w->passport.sig);
}

static enum sk_err do_signature_bad(struct world *w)
{
	return sk_chain_verify(w->chain, w->bad_passport.token.signed_part, w->bad_passport.sig);
}

static enum sk_err do_constrained(struct world *w)
{
	return sk_verify_signed(&w->passport, w->constrained, SK_OK);
}

static enum sk_err do_constraints(struct world *w)
{
	SK_CLEANUP(sk_constraints_free_p) struct sk_constraints *c = NULL;
	uint8_t der[64];
	const size_t len = pki_hex("3010a00e300c160a636f6e666964656e6365", der, sizeof(der));

	(void)w;
	return sk_constraints_new(der, len, false, &c);
}

static enum sk_err do_mac(struct world *w)
{
	SK_CLEANUP(sk_mac_free_p) struct sk_mac *mac = NULL;
	const struct sk_span part = SK_SPAN("x");
	uint8_t want[SK_MAC_LEN], got[SK_MAC_LEN];
	enum sk_err err = sk_mac_new((const uint8_t *)"0123456789abcdef", &mac);

	if (!err)
		err = sk_mac_hash(mac, &part, 1, got);
	budget = -1;
	if (!err)
		CHECK(!sk_mac_hash(w->mac, &part, 1, want) && memcmp(got, want, sizeof(got)) == 0,
		      "mac");
	return err;
}

/* What an operation is like */
enum {
	READS_JSON = 1,
	MAKES_ALL_NEW = 2, /* nothing stays that a failure could have spoilt */
};

/* clang-format off */
static const struct op {
	const char *name;
	enum sk_err (*run)(struct world *w);
	enum sk_err want;
	unsigned flags;
} ops[] = {
	{ "json",                 do_json,           SK_OK, READS_JSON },
	{ "passport",             do_passport,       SK_OK, READS_JSON },
	{ "token",                do_token,          SK_OK, READS_JSON },
	{ "rph",                  do_rph,            SK_OK, READS_JSON },
	{ "rcd",                  do_rcd,            SK_OK, READS_JSON },
	{ "constraints",          do_constraints,    SK_OK, 0 },
	{ "chain",                do_chain,          SK_OK, MAKES_ALL_NEW },
	{ "key",                  do_key,            SK_OK, MAKES_ALL_NEW },
	{ "key and certificate",  do_key_check,      SK_OK, 0 },
	{ "trust",                do_trust,          SK_OK, MAKES_ALL_NEW },
	{ "check",                do_check,          SK_OK, 0 },
	{ "check with lists",     do_check_lists,    SK_OK, 0 },
	{ "check, revoked",       do_check_revoked,  SK_CERT_REVOKED, 0 },
	{ "check, no anchors",    do_check_empty,    SK_CERT_UNTRUSTED, 0 },
	{ "check, stranger",      do_check_stranger, SK_CERT_UNTRUSTED, 0 },
	{ "check, forged",        do_check_forged,   SK_CERT_INVALID, 0 },
	{ "check, expired",       do_check_expired,  SK_CERT_EXPIRED, 0 },
	{ "credential",           do_credential,     SK_OK, MAKES_ALL_NEW },
	{ "sign",                 do_sign,           SK_OK, 0 },
	{ "signature",            do_signature,      SK_OK, 0 },
	{ "bad signature",        do_signature_bad,  SK_BAD_SIGNATURE, 0 },
	{ "verify",               do_verify,         SK_OK, 0 },
	{ "verify, bad",          do_verify_bad,     SK_BAD_SIGNATURE, 0 },
	{ "verify, constrained",  do_constrained,    SK_CONSTRAINT, READS_JSON },
	{ "mac",                  do_mac,            SK_OK, MAKES_ALL_NEW },
};
/* clang-format on */

static bool is_excused(const struct op *op, enum sk_err err, bool one)
{
	if (sk_err_class(err) == SK_CLASS_OURS)
		return true;

	return (op->flags & READS_JSON) && one && sk_err_class(err) == SK_CLASS_TOKEN;
}

static void sweep(const struct op *op, struct world *w, bool one)
{
	enum sk_err err;
	long tries = 0;

	do {
		hit = false;
		only_one = one;
		budget = tries++;
		err = op->run(w);
		budget = -1;
		CHECK(err == op->want || (hit && is_excused(op, err, one)),
		      "%s: allocation %ld (%s) failed: %s", op->name, tries,
		      one ? "alone" : "and all after it", sk_err_name(err));
		if (hit && !(op->flags & MAKES_ALL_NEW))
			err = op->run(w);
		else if (hit)
			continue;
		CHECK(err == op->want, "%s: after allocation %ld: %s", op->name, tries,
		      sk_err_name(err));
	} while (hit && tries < 100000);
	printf("%-22s %5ld allocations, %s\n", op->name, tries - 1, one ? "one" : "all");
}

static void make_chain(const struct pki_spec *spec, const struct pki_cert *mid, EVP_PKEY *key,
		       struct pki_text *text, struct sk_chain **out)
{
	struct pki_cert leaf = pki_issue(spec, PKI_LEAF, mid, key);

	text->len = 0;
	pki_add_cert(text, leaf.cert);
	pki_add_cert(text, mid->cert);
	CHECK(sk_chain_new(text->text, text->len, out) == SK_OK, "chain");
	pki_drop(&leaf);
}

static void make_certs(struct world *w)
{
	const struct pki_spec usual = { 0 }, spoilt = { .spoil = true };
	const struct pki_spec limited = { .jcc = "3010a00e300c160a636f6e666964656e6365" };
	EVP_PKEY *key = pki_vector_key("draft-stir-passport.key.pem");
	struct pki_cert root = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	struct pki_cert other = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	struct pki_cert mid = pki_issue(&usual, PKI_MID, &root, NULL);
	struct pki_cert far = pki_issue(&usual, PKI_MID, &other, NULL);
	static struct pki_text text;

	pki_add_key(&w->key_text, key);
	pki_add_cert(&w->anchors_text, root.cert);
	pki_add_crl(&w->crl_text, &(struct pki_crl){ 0 }, &mid);
	pki_add_crl(&w->crl_text, &(struct pki_crl){ 0 }, &root);
	make_chain(&usual, &far, key, &text, &w->stranger);
	make_chain(&spoilt, &mid, key, &text, &w->forged);
	make_chain(&limited, &mid, key, &text, &w->constrained);
	make_chain(&usual, &mid, key, &w->chain_text, &w->chain);
	pki_add_crl(&w->revoked_text, &(struct pki_crl){ .revoked = sk_chain_at(w->chain, 0) },
		    &mid);
	EVP_PKEY_free(key);
	pki_drop(&root);
	pki_drop(&other);
	pki_drop(&mid);
	pki_drop(&far);
}

static void make_token(struct world *w)
{
	const struct sk_claims claims = { .orig = { SK_PARTY_TN, "12155551212" },
					  .dest = { { SK_PARTY_TN, "12155551213" } },
					  .dest_count = 1,
					  .iat = PKI_NOW,
					  .attest = SK_ATTEST_A,
					  .origid = "123e4567-e89b-12d3-a456-426655440000" };

	CHECK(!sk_sign(w->credential, &claims, w->identity, sizeof(w->identity),
		       &w->identity_len) &&
		      !sk_verify_token((struct sk_span){ w->identity, w->identity_len }, &policy,
				       &w->passport),
	      "token");
	w->bad_passport = w->passport;
	w->bad_passport.sig[5] ^= 1;
}

static void make_world(struct world *w)
{
	make_certs(w);
	CHECK(!sk_trust_new(&strict, &w->trust) && !sk_trust_new(&strict, &w->empty) &&
		      !sk_trust_new(&strict, &w->revoking) &&
		      !sk_trust_add_anchors(w->revoking, w->anchors_text.text, w->anchors_text.len,
					    NULL) &&
		      !sk_trust_add_crls(w->revoking, w->revoked_text.text, w->revoked_text.len,
					 NULL) &&
		      !sk_trust_new(&with_lists, &w->lists) &&
		      !sk_trust_add_anchors(w->trust, w->anchors_text.text, w->anchors_text.len,
					    NULL) &&
		      !sk_trust_add_anchors(w->lists, w->anchors_text.text, w->anchors_text.len,
					    NULL) &&
		      !sk_trust_add_crls(w->lists, w->crl_text.text, w->crl_text.len, NULL) &&
		      !sk_key_new(w->key_text.text, w->key_text.len, &w->key) &&
		      !sk_mac_new((const uint8_t *)"0123456789abcdef", &w->mac) &&
		      !sk_credential_new(SK_SPAN(X5U), SK_URL_STRICT, SK_PPT_SHAKEN,
					 sk_key_signer(w->key), &w->credential),
	      "set-up");
	make_token(w);
}

static void drop_world(struct world *w)
{
	sk_trust_free(w->trust);
	sk_trust_free(w->empty);
	sk_trust_free(w->lists);
	sk_trust_free(w->revoking);
	sk_chain_free(w->chain);
	sk_chain_free(w->stranger);
	sk_chain_free(w->forged);
	sk_chain_free(w->constrained);
	sk_credential_free(w->credential);
	sk_key_free(w->key);
	sk_mac_free(w->mac);
}

int main(int argc, char **argv)
{
	static struct world w;

	/* before OpenSSL's first allocation, or it refuses */
	if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1)
		return 1;
	json_set_alloc_funcs(json_alloc, free);
	make_world(&w);

	for (size_t i = 0; i < SK_COUNT(ops); i++) {
		if (argc > 1 && strcmp(argv[1], ops[i].name) != 0)
			continue;
		/* one-time set-up of the libraries does not survive a failure */
		CHECK(ops[i].run(&w) == ops[i].want, "%s: without a limit", ops[i].name);
		sweep(&ops[i], &w, false);
		sweep(&ops[i], &w, true);
	}
	drop_world(&w);
	return check_result();
}
