/*
 * Certificate files: what is one, what the leaf says, and which signatures its
 * key verifies (RFC 6979, the tokens printed in the RFCs, numbers out of range).
 */
#include "shaken/cert.h"

#include "pki.h"
#include "shaken/b64url.h"
#include "tests/check.h"

#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdlib.h>

static enum sk_err try_file(const char *what, const char *text, size_t len, enum sk_err want,
			    size_t count)
{
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;
	char *copy = malloc(len ? len : 1);
	enum sk_err err;

	memcpy(copy, text, len);
	err = sk_chain_new(copy, len, &chain);
	free(copy);
	CHECK(err == want, "%s: %s", what, sk_err_name(err));
	CHECK((err == SK_OK) == (chain != NULL), "%s: the object", what);
	if (chain)
		CHECK(sk_chain_count(chain) == count, "%s: %zu certificates", what,
		      sk_chain_count(chain));
	return err;
}

static void test_files(const struct pki_text *two, const char *one, size_t one_len)
{
	static const char key[] = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
	static char text[SK_CERT_FILE_MAX + 2];
	uint8_t *der = NULL;
	BIO *bio = BIO_new_mem_buf(one, (int)one_len);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	const size_t der_len = (size_t)i2d_X509(cert, &der);
	int n;

	try_file("two", two->text, two->len, SK_OK, 2);
	try_file("one", one, one_len, SK_OK, 1);
	try_file("without the last line end", one, one_len - 1, SK_OK, 1);
	try_file("empty", "", 0, SK_FETCH_SYNTAX, 0);
	try_file("text", "<html>404</html>", 16, SK_FETCH_SYNTAX, 0);
	try_file("DER", (char *)der, der_len, SK_OK, 1);
	try_file("DER, one byte less", (char *)der, der_len - 1, SK_FETCH_SYNTAX, 0);
	memcpy(text, der, der_len);
	memset(text + der_len, 0, 1);
	try_file("DER, one byte more", text, der_len + 1, SK_FETCH_SYNTAX, 0);

	n = snprintf(text, sizeof(text), "subject=x\n%s\nissuer=y\n%s", one, one);
	try_file("text around", text, (size_t)n, SK_OK, 2);
	n = snprintf(text, sizeof(text), "%s%s", key, one);
	try_file("a private key first", text, (size_t)n, SK_FETCH_SYNTAX, 0);
	n = snprintf(text, sizeof(text), "%s%s", one, key);
	try_file("a private key last", text, (size_t)n, SK_FETCH_SYNTAX, 0);
	n = snprintf(text, sizeof(text),
		     "%s-----BEGIN CERTIFICATE-----\nMAA=\n"
		     "-----END CERTIFICATE-----\n",
		     one);
	try_file("no certificate inside", text, (size_t)n, SK_FETCH_SYNTAX, 0);
	n = snprintf(text, sizeof(text), "%s-----BEGIN CERTIFICATE-----\nMAA=\n", one);
	try_file("no end", text, (size_t)n, SK_FETCH_SYNTAX, 0);
	n = snprintf(text, sizeof(text),
		     "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
		     "DEK-Info: AES-128-CBC,00\n\n%s",
		     one + 28);
	try_file("headers of encryption", text, (size_t)n, SK_FETCH_SYNTAX, 0);
	n = snprintf(text, sizeof(text), "%s%s%s%s%s", one, one, one, one, one);
	try_file("five", text, (size_t)n, SK_OK, 5);
	n = snprintf(text, sizeof(text), "%s%s%s%s%s%s", one, one, one, one, one, one);
	try_file("six", text, (size_t)n, SK_CERT_SYNTAX, 0);

	memset(text, '\n', sizeof(text));
	memcpy(text, one, one_len);
	try_file("64 KiB", text, SK_CERT_FILE_MAX, SK_OK, 1);
	try_file("more than 64 KiB", text, SK_CERT_FILE_MAX + 1, SK_FETCH_SIZE, 0);
	OPENSSL_free(der);
	X509_free(cert);
	BIO_free(bio);
}

static struct sk_chain *chain_of(const struct pki_spec *spec)
{
	static struct pki_text text;
	struct pki_cert cert = pki_issue(spec, PKI_LEAF, NULL, NULL);
	struct sk_chain *chain = NULL;

	text.len = 0;
	pki_add_cert(&text, cert.cert);
	CHECK(sk_chain_new(text.text, text.len, &chain) == SK_OK, "chain");
	pki_drop(&cert);
	return chain;
}

static void test_rfc9118(void)
{
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;
	size_t len;
	char *text = pki_vector("certs/rfc9118-fig1.pem", &len);
	const struct sk_leaf *leaf;

	CHECK(sk_chain_new(text, len, &chain) == SK_OK, "read");
	free(text);
	if (!chain)
		return;

	leaf = sk_chain_leaf(chain);
	CHECK(leaf->not_before == 1626385935 && leaf->not_after == 1657921935, "times: %lld, %lld",
	      (long long)leaf->not_before, (long long)leaf->not_after);
	CHECK_STR(leaf->subject, "CN=SHAKEN,OU=VoIP,O=Bogus Example Telecom,L=Herndon,ST=VA,C=US",
		  "subject");
	CHECK_STR(leaf->issuer, "CN=BOGUS SHAKEN ROOT,C=US", "issuer");
	CHECK_STR(leaf->serial, "1fb65ddeb43902cbce9732e7cd41e1ad58434a5b", "serial");
	CHECK(leaf->key_is_p256 && leaf->has_tnauth && leaf->constraints && !leaf->extensions,
	      "extensions");
	CHECK(sk_tnauth_spc(&leaf->tnauth) && strcmp(sk_tnauth_spc(&leaf->tnauth), "1234") == 0,
	      "SPC");
	CHECK(sk_chain_valid_at(chain, 1626385934) == SK_CERT_NOT_YET, "a second early");
	CHECK(sk_chain_valid_at(chain, 1626385935) == SK_OK, "the first second");
	CHECK(sk_chain_valid_at(chain, 1657921935) == SK_OK, "the last second");
	CHECK(sk_chain_valid_at(chain, 1657921936) == SK_CERT_EXPIRED, "a second late");
	CHECK(sk_chain_valid_at(chain, INT64_MIN) == SK_CERT_NOT_YET, "the beginning");
	CHECK(sk_chain_valid_at(chain, INT64_MAX) == SK_CERT_EXPIRED, "the end");
}

static void test_leaf(void)
{
	static const char jcc[] = "3010a00e300c160a636f6e666964656e6365";
	static const struct {
		const char *what;
		struct pki_spec spec;
		bool p256, tnauth, constraints;
		enum sk_err extensions;
	} cases[] = {
		{ "good", { 0 }, true, true, false, SK_OK },
		{ "P-384", { .key = "P-384" }, false, true, false, SK_OK },
		{ "RSA", { .key = "RSA" }, false, true, false, SK_OK },
		{ "secp256k1", { .key = "secp256k1" }, false, true, false, SK_OK },
		{ "explicit", { .key = "explicit" }, false, true, false, SK_OK },
		{ "no TNAuthList", { .tnauth = "" }, true, false, false, SK_OK },
		{ "TNAuthList twice",
		  { .tnauth_twice = true },
		  true,
		  false,
		  false,
		  SK_CERT_TNAUTH },
		{ "TNAuthList empty", { .tnauth = "3000" }, true, false, false, SK_CERT_TNAUTH },
		{ "constraints", { .jcc = jcc }, true, true, true, SK_OK },
		{ "enhanced", { .ejcc = jcc }, true, true, true, SK_OK },
		{ "both kinds", { .jcc = jcc, .ejcc = jcc }, true, true, false, SK_CERT_SYNTAX },
		{ "one kind twice",
		  { .jcc = jcc, .jcc_twice = true },
		  true,
		  true,
		  false,
		  SK_CERT_SYNTAX },
		{ "constraints empty", { .jcc = "3000" }, true, true, false, SK_CERT_SYNTAX },
		{ "excludes iat", { .ejcc = "3009a20730051603696174" }, true, true, false, SK_OK },
		{ "both wrong",
		  { .tnauth = "3000", .jcc = "3000" },
		  true,
		  false,
		  false,
		  SK_CERT_TNAUTH },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = chain_of(&cases[i].spec);
		const struct sk_leaf *leaf = chain ? sk_chain_leaf(chain) : NULL;

		if (!leaf)
			continue;
		CHECK(leaf->key_is_p256 == cases[i].p256, "%s: curve", cases[i].what);
		CHECK(leaf->has_tnauth == cases[i].tnauth, "%s: TNAuthList", cases[i].what);
		CHECK((leaf->constraints != NULL) == cases[i].constraints, "%s: constraints",
		      cases[i].what);
		CHECK(leaf->extensions == cases[i].extensions, "%s: %s", cases[i].what,
		      sk_err_name(leaf->extensions));
	}
}

static void test_names_and_times(void)
{
	static const char evil[] = "a\r\nb\"\xc3\xa4\x01<&,+;\\";
	static const int64_t times[] = { 1,          951782400,   951868799,   1078012800,
					 2147483647, 2147483648,  2524607999,  2524608000,
					 4107542400, 32503679999, 253402300799 };
	char longest[65];

	memset(longest, 'x', 64);
	longest[64] = '\0';
	for (size_t i = 0; i < SK_COUNT(times); i++) {
		struct pki_spec spec = { .from = times[i], .to = times[i] };
		SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = chain_of(&spec);

		if (chain)
			CHECK(sk_chain_leaf(chain)->not_before == times[i] &&
				      sk_chain_leaf(chain)->not_after == times[i],
			      "time %lld, got %lld", (long long)times[i],
			      (long long)sk_chain_leaf(chain)->not_after);
	}

	struct pki_spec spec = { .cn = evil };
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = chain_of(&spec);

	if (chain)
		for (const char *c = sk_chain_leaf(chain)->subject; *c; c++)
			CHECK(*c >= 0x20 && *c < 0x7f, "byte %d in a subject", *c);

	struct pki_spec wide = { .cn = longest };
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *other = chain_of(&wide);

	CHECK(other && strlen(sk_chain_leaf(other)->subject) == 64 + strlen("CN=,O=Test,C=US"),
	      "long");
}

/* A chain around a public key of the vectors; who signs it does not matter here */
static struct sk_chain *chain_for(EVP_PKEY *pub)
{
	const struct pki_spec usual = { 0 };
	struct pki_cert root = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	struct pki_cert leaf = pki_issue(&usual, PKI_LEAF, &root, pub);
	static struct pki_text text;
	struct sk_chain *chain = NULL;

	text.len = 0;
	pki_add_cert(&text, leaf.cert);
	CHECK(sk_chain_new(text.text, text.len, &chain) == SK_OK, "chain");
	pki_drop(&root);
	pki_drop(&leaf);
	return chain;
}

static EVP_PKEY *point_key(const char *x, const char *y)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	uint8_t point[65] = { 4 };

	pki_hex(x, point + 1, 32);
	pki_hex(y, point + 33, 32);
	if (EVP_PKEY_set1_encoded_public_key(key, point, sizeof(point)) != 1)
		abort();
	return key;
}

static void test_rfc6979(void)
{
	size_t len, i;
	char *text = pki_vector("misc/rfc6979-A2.5-p256.json", &len);
	json_t *root = json_loads(text, 0, NULL), *row, *rows = json_object_get(root, "cases");
	EVP_PKEY *pub = point_key(json_string_value(json_object_get(root, "Ux")),
				  json_string_value(json_object_get(root, "Uy")));
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = chain_for(pub);

	CHECK(json_array_size(rows) >= 2, "rows");
	json_array_foreach(rows, i, row) {
		const struct sk_span msg =
			sk_span_of(json_string_value(json_object_get(row, "msg")));
		uint8_t sig[SK_SIG_LEN];

		pki_hex(json_string_value(json_object_get(row, "r")), sig, 32);
		pki_hex(json_string_value(json_object_get(row, "s")), sig + 32, 32);
		CHECK(sk_chain_verify(chain, msg, sig) == SK_OK, "%s", msg.ptr);
		CHECK(sk_chain_verify(chain, SK_SPAN("Sample"), sig) == SK_BAD_SIGNATURE,
		      "other text");
		for (size_t bit = 0; bit < 512; bit += 7) {
			sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
			CHECK(sk_chain_verify(chain, msg, sig) == SK_BAD_SIGNATURE, "bit %zu", bit);
			sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		CHECK(sk_chain_verify(chain, msg, sig) == SK_OK, "%s, again", msg.ptr);
	}
	EVP_PKEY_free(pub);
	json_decref(root);
	free(text);
}

/* Each printed token with each printed key: only its own fits */
static void test_crosswise(void)
{
	static const char *const keys[] = { "rfc8225-A2.pub.pem", "rfc8946-A.pub.pem",
					    "rfc7515-A3.pub.pem", "rfc8225-A1.derived-pub.pem" };
	size_t len, i;
	char *text = pki_vector("passports/official.json", &len);
	json_t *rows = json_loads(text, 0, NULL), *row;
	size_t good = 0;

	for (size_t k = 0; k < SK_COUNT(keys); k++) {
		EVP_PKEY *pub = pki_vector_key(keys[k]);
		SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = chain_for(pub);

		json_array_foreach(rows, i, row) {
			const char *token = json_string_value(json_object_get(row, "token"));
			const char *own = json_string_value(json_object_get(row, "key"));
			const char *dot = strrchr(token, '.');
			const bool fits = own && strstr(own, keys[k]) &&
					  json_is_true(json_object_get(row, "signature_verifies"));
			uint8_t sig[128];
			size_t sig_len = 0;

			if (strlen(dot + 1) > 100 ||
			    !sk_b64url_decode(sk_span_of(dot + 1), sig, &sig_len) ||
			    sig_len != 64) {
				CHECK(!fits, "%s: no signature", token);
				continue;
			}
			CHECK(sk_chain_verify(chain,
					      (struct sk_span){ token, (size_t)(dot - token) },
					      sig) == (fits ? SK_OK : SK_BAD_SIGNATURE),
			      "%s with %s", json_string_value(json_object_get(row, "name")),
			      keys[k]);
			good += fits;
		}
		EVP_PKEY_free(pub);
	}
	CHECK(good >= 5, "tokens that verify: %zu", good);
	json_decref(rows);
	free(text);
}

/*
 * With the private key d one can sign so that u1*G + u2*Q is the point at infinity:
 * r = -h/d mod n.  It must be a wrong signature, and not a failure of ours.
 */
static void test_infinity(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = chain_for(key);
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	const BIGNUM *n = EC_GROUP_get0_order(group);
	BIGNUM *d = NULL, *h = BN_new(), *r = BN_new();
	BN_CTX *ctx = BN_CTX_new();
	uint8_t hash[32], sig[SK_SIG_LEN] = { 0 };

	EVP_PKEY_get_bn_param(key, "priv", &d);
	SHA256((const uint8_t *)"text", 4, hash);
	BN_bin2bn(hash, 32, h);
	BN_mod_inverse(r, d, n, ctx);
	BN_mod_mul(r, r, h, n, ctx);
	BN_sub(r, n, r);
	BN_bn2binpad(r, sig, 32);
	sig[63] = 7;
	CHECK(sk_chain_verify(chain, SK_SPAN("text"), sig) == SK_BAD_SIGNATURE, "infinity");
	CHECK(sk_chain_verify(chain, SK_SPAN("text"), sig) == SK_BAD_SIGNATURE, "infinity, again");
	BN_clear_free(d);
	BN_free(h);
	BN_free(r);
	BN_CTX_free(ctx);
	EC_GROUP_free(group);
	EVP_PKEY_free(key);
}

static void test_other_curve(void)
{
	struct pki_spec spec = { .key = "P-384" };
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = chain_of(&spec);
	uint8_t sig[SK_SIG_LEN] = { 1, [63] = 1 };

	CHECK(sk_chain_verify(chain, SK_SPAN("x"), sig) == SK_CERT_PROFILE, "P-384");
}

int main(void)
{
	static struct pki_text chain, anchors;

	EVP_PKEY_free(pki_simple(NULL, &chain, &anchors));
	test_files(&chain, anchors.text, anchors.len);
	test_rfc9118();
	test_leaf();
	test_names_and_times();
	test_rfc6979();
	test_crosswise();
	test_infinity();
	test_other_curve();
	return check_result();
}
