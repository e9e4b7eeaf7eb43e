/*
 * A chain with a table says what one without says, and changes between the two ways.
 */
#include "table_kit.h"

#include "pki.h"
#include "shaken/b64url.h"
#include "shaken/cert.h"
#include "tests/check.h"

#include <jansson.h>

static struct sk_chain *chain_for(EVP_PKEY *key)
{
	static struct pki_text chain_text, anchors;
	struct sk_chain *chain = NULL;

	chain_text.len = anchors.len = 0;
	EVP_PKEY_free(pki_simple(key, &chain_text, &anchors));
	CHECK(sk_chain_new(chain_text.text, chain_text.len, &chain) == SK_OK, "chain");
	return chain;
}

/* The same key without a table and with one, and what came of it so far. */
struct ways {
	struct sk_chain *usual, *by_table;
	size_t asked, passed;
};

static void check_both(struct ways *w, struct sk_span part, const uint8_t sig[SK_SIG_LEN],
		       const char *what)
{
	const enum sk_err usual = sk_chain_verify(w->usual, part, sig);

	CHECK(sk_chain_verify(w->by_table, part, sig) == usual, "%s", what);
	w->asked++;
	w->passed += usual == SK_OK;
}

/* As it is, and with one bit of each byte of its signature turned.  @return false: it has none */
static bool check_token(struct ways *w, struct sk_span token, const char *what)
{
	const char *dot = memrchr(token.ptr, '.', token.len);
	const struct sk_span part = { token.ptr, dot ? (size_t)(dot - token.ptr) : 0 };
	struct sk_span third = { dot + 1, token.len - part.len - 1 };
	uint8_t sig[128];
	size_t len = 0;

	if (!dot || third.len > 100 || !sk_b64url_decode(third, sig, &len) || len != SK_SIG_LEN)
		return false;
	check_both(w, part, sig, what);
	for (size_t i = 0; i < SK_SIG_LEN; i++) {
		sig[i] ^= (uint8_t)(1 << i % 8);
		check_both(w, part, sig, what);
		sig[i] ^= (uint8_t)(1 << i % 8);
	}
	return true;
}

/* Up to the parameters of an Identity value. */
static struct sk_span token_of(const char *text)
{
	return (struct sk_span){ text, strcspn(text, "; \t") };
}

/* Every token of a file with a key, in both ways */
static void check_file(const char *path, const char *member, const char *name, size_t least)
{
	size_t len, i, judged = 0;
	char *text = pki_vector(path, &len);
	json_t *rows = json_loads(text, 0, NULL), *row;
	EVP_PKEY *key = pki_vector_key(name);
	struct ways w = { .usual = chain_for(key), .by_table = chain_for(key) };
	struct sk_table *table = NULL;

	CHECK(sk_table_new(key, &table) == SK_OK, "%s: a table", name);
	sk_chain_set_table(w.by_table, table);
	json_array_foreach(rows, i, row) {
		const char *token = json_string_value(json_object_get(row, member));
		const char *what = json_string_value(json_object_get(row, "name"));

		judged += token && check_token(&w, token_of(token), what);
	}
	CHECK(judged >= least, "%s: tokens: %zu", path, judged);
	CHECK(w.passed > 0 || strcmp(name, "rfc8225-A1.derived-pub.pem") == 0, "%s: passed", name);
	CHECK(sk_chain_verified(w.by_table) == w.asked && sk_chain_verified(w.usual) == w.asked,
	      "%s: counted", name);
	sk_chain_free(w.usual);
	sk_chain_free(w.by_table);
	EVP_PKEY_free(key);
	json_decref(rows);
	free(text);
}

static void test_printed(void)
{
	static const char *const keys[] = { "rfc8225-A2.pub.pem", "rfc8946-A.pub.pem",
					    "rfc7515-A3.pub.pem", "rfc8225-A1.derived-pub.pem" };

	for (size_t i = 0; i < SK_COUNT(keys); i++)
		check_file("passports/official.json", "token", keys[i], 5);
	check_file("passports/generated.json", "identity", "draft-stir-passport.key.pem", 70);
}

static void test_other_keys(void)
{
	static const char *const curves[] = { "P-384", "secp256k1" };
	struct sk_table *table = NULL;
	EVP_PKEY *key;

	for (size_t i = 0; i < SK_COUNT(curves); i++) {
		key = EVP_EC_gen(curves[i]);
		CHECK(key && sk_table_new(key, &table) == SK_CERT_PROFILE && !table, "%s",
		      curves[i]);
		EVP_PKEY_free(key);
	}
	key = EVP_RSA_gen(2048);
	CHECK(sk_table_new(key, &table) == SK_CERT_PROFILE && !table, "RSA");
	EVP_PKEY_free(key);
	key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	CHECK(sk_table_new(key, &table) == SK_CERT_PROFILE && !table, "Ed25519");
	EVP_PKEY_free(key);
}

/* A chain changes between the ways as it likes */
static void test_set(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = chain_for(key);
	struct sk_table *own = NULL, *same = NULL, *wrong = NULL;
	uint8_t der[SK_DER_SIG_MAX], sig[SK_SIG_LEN];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = sizeof(der);

	kit_must(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		 EVP_DigestSign(ctx, der, &len, (const uint8_t *)"x", 1) == 1 &&
		 sk_es256_from_der(der, len, sig) && sk_table_new(key, &own) == SK_OK &&
		 sk_table_new(key, &same) == SK_OK && sk_table_new(other, &wrong) == SK_OK);
	CHECK(!sk_chain_has_table(chain) && sk_chain_verified(chain) == 0, "none at first");
	sk_chain_set_table(chain, own);
	CHECK(sk_chain_has_table(chain), "it has one");
	CHECK(sk_chain_verify(chain, SK_SPAN("x"), sig) == SK_OK, "its own");
	CHECK(sk_chain_verify(chain, SK_SPAN("y"), sig) == SK_BAD_SIGNATURE, "another text");
	sk_chain_set_table(chain, same);
	CHECK(sk_chain_verify(chain, SK_SPAN("x"), sig) == SK_OK, "another one in its place");
	/* it is really the table that is asked */
	sk_chain_set_table(chain, wrong);
	CHECK(sk_chain_verify(chain, SK_SPAN("x"), sig) == SK_BAD_SIGNATURE, "another key's");
	sk_chain_set_table(chain, NULL);
	CHECK(!sk_chain_has_table(chain), "none");
	CHECK(sk_chain_verify(chain, SK_SPAN("x"), sig) == SK_OK, "the usual way");
	CHECK(sk_chain_verified(chain) == 5, "counted");
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	sk_table_free(NULL);
}

int main(void)
{
	test_other_keys();
	test_printed();
	test_set();
	return check_result();
}
