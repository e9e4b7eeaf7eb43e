/*
 * Private keys: which files are one, that signatures are right by the word of
 * the vectors' public keys, and that nothing ever asks for a password.
 */
#include "shaken/key.h"

#include "pki.h"
#include "shaken/es256.h"
#include "tests/check.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdlib.h>

enum form {
	PKCS8,
	SEC1,
	PUBLIC,
	PKCS8_ENCRYPTED,
	SEC1_ENCRYPTED,
};

static size_t print_key(EVP_PKEY *key, enum form form, char *out, size_t size)
{
	unsigned char pass[] = "secret";
	BIO *bio = BIO_new(BIO_s_mem());
	char *data = NULL;
	size_t len;
	int ok = 0;

	switch (form) {
	case PKCS8:
		ok = PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
		break;
	case SEC1:
		ok = PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL);
		break;
	case PUBLIC:
		ok = PEM_write_bio_PUBKEY(bio, key);
		break;
	case PKCS8_ENCRYPTED:
		ok = PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), "secret", 6, NULL,
						   NULL);
		break;
	case SEC1_ENCRYPTED:
		ok = PEM_write_bio_PrivateKey_traditional(bio, key, EVP_aes_128_cbc(), pass, 6,
							  NULL, NULL);
		break;
	}
	len = (size_t)BIO_get_mem_data(bio, &data);
	if (!ok || len >= size)
		abort();
	memcpy(out, data, len);
	out[len] = '\0';
	BIO_free(bio);
	return len;
}

static enum sk_err try_key(const char *what, const char *text, size_t len, enum sk_err want)
{
	SK_CLEANUP(sk_key_free_p) struct sk_key *key = NULL;
	enum sk_err err = sk_key_new(text, len, &key);

	CHECK(err == want, "%s: %s", what, sk_err_name(err));
	CHECK((err == SK_OK) == (key != NULL), "%s: the object", what);
	return err;
}

static void test_kinds(void)
{
	static const struct {
		const char *kind;
		enum form form;
		enum sk_err want;
	} cases[] = {
		{ "P-256", PKCS8, SK_OK },
		{ "P-256", SEC1, SK_OK },
		{ "P-256", PUBLIC, SK_KEY_INVALID },
		{ "P-256", PKCS8_ENCRYPTED, SK_KEY_INVALID },
		{ "P-256", SEC1_ENCRYPTED, SK_KEY_INVALID },
		{ "P-384", PKCS8, SK_KEY_INVALID },
		{ "P-384", SEC1, SK_KEY_INVALID },
		{ "P-521", PKCS8, SK_KEY_INVALID },
		{ "secp256k1", PKCS8, SK_KEY_INVALID },
		{ "secp256k1", SEC1, SK_KEY_INVALID },
		{ "RSA", PKCS8, SK_KEY_INVALID },
		{ "RSA", SEC1, SK_KEY_INVALID },
	};
	char text[SK_KEY_FILE_MAX];

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		const bool rsa = strcmp(cases[i].kind, "RSA") == 0;
		EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen(cases[i].kind);
		char what[64];

		snprintf(what, sizeof(what), "%s, form %d", cases[i].kind, (int)cases[i].form);
		try_key(what, text, print_key(key, cases[i].form, text, sizeof(text)),
			cases[i].want);
		EVP_PKEY_free(key);
	}

	EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	try_key("Ed25519", text, print_key(ed, PKCS8, text, sizeof(text)), SK_KEY_INVALID);
	EVP_PKEY_free(ed);
}

#define PARAMS "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"

static void test_files(void)
{
	char pem[2048], text[3 * 2048 + SK_KEY_FILE_MAX];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	const size_t len = print_key(key, SEC1, pem, sizeof(pem));
	char *body = strchr(pem, '\n') + 20;

	try_key("empty", "", 0, SK_KEY_INVALID);
	try_key("no PEM", "hello\n", 6, SK_KEY_INVALID);
	try_key("parameters only", PARAMS, strlen(PARAMS), SK_KEY_INVALID);

	snprintf(text, sizeof(text), PARAMS "%s", pem);
	try_key("parameters in front", text, strlen(text), SK_OK);
	snprintf(text, sizeof(text), "the key of 709J\n\n%s\nend\n", pem);
	try_key("text around it", text, strlen(text), SK_OK);
	snprintf(text, sizeof(text), "%s%s", pem, pem);
	try_key("a second key", text, strlen(text), SK_KEY_INVALID);
	snprintf(text, sizeof(text),
		 "%s-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", pem);
	try_key("a certificate with it", text, strlen(text), SK_KEY_INVALID);
	for (size_t cut = 1; cut < len - 1; cut++)
		if (try_key("cut", pem, cut, SK_KEY_INVALID) == SK_OK)
			fprintf(stderr, "cut to %zu\n", cut);

	memset(text, ' ', sizeof(text));
	memcpy(text, pem, len);
	try_key("16 KiB", text, SK_KEY_FILE_MAX, SK_OK);
	try_key("more than 16 KiB", text, SK_KEY_FILE_MAX + 1, SK_KEY_INVALID);

	snprintf(text, sizeof(text), "%s", pem);
	text[body - pem] = text[body - pem] == 'A' ? 'B' : 'A';
	try_key("a changed byte: no longer a pair", text, strlen(text), SK_KEY_INVALID);
	EVP_PKEY_free(key);
}

/* The encrypted form under the name of a plain one must not start a dialogue */
static void test_disguise(void)
{
	static const char *const names[] = { "PRIVATE KEY", "EC PRIVATE KEY" };
	EVP_PKEY *key = EVP_EC_gen("P-256");
	char pem[2048], text[4096];
	char *body, *end;

	print_key(key, PKCS8_ENCRYPTED, pem, sizeof(pem));
	body = strchr(pem, '\n') + 1;
	end = strstr(pem, "-----END");
	for (size_t i = 0; i < SK_COUNT(names); i++) {
		snprintf(text, sizeof(text), "-----BEGIN %s-----\n%.*s-----END %s-----\n", names[i],
			 (int)(end - body), body, names[i]);
		try_key(names[i], text, strlen(text), SK_KEY_INVALID);
	}
	EVP_PKEY_free(key);
}

/* --- DER by hand: hex, with d for a scalar and its point --- */

#define KIND  "301306072a8648ce3d020106082a8648ce3d030107"
#define OID   "a00a06082a8648ce3d030107"
#define D     "0000000000000000000000000000000000000000000000000000000000000001"
#define X     "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define Y     "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define OTHER "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f4"
#define N     "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define N_1   "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"
#define ZERO  "0000000000000000000000000000000000000000000000000000000000000000"

/* clang-format off */
static const struct { const char *name, *block, *der; enum sk_err want; } by_hand[] = {
	{ "PKCS#8, no point", "PRIVATE KEY", "3041020100" KIND "04273025020101" "0420" D, SK_OK },
	{ "its point", "PRIVATE KEY", "308187020100" KIND "046d306b020101" "0420" D "a144034200" "04" X Y, SK_OK },
	{ "compressed", "PRIVATE KEY", "3067020100" KIND "044d304b020101" "0420" D "a124032200" "03" X, SK_OK },
	{ "compressed, the other y", "PRIVATE KEY", "3067020100" KIND "044d304b020101" "0420" D "a124032200" "02" X, SK_KEY_INVALID },
	{ "compressed, another x", "PRIVATE KEY", "3067020100" KIND "044d304b020101" "0420" D "a124032200" "03" Y, SK_KEY_INVALID },
	{ "hybrid", "PRIVATE KEY", "308187020100" KIND "046d306b020101" "0420" D "a144034200" "07" X Y, SK_KEY_INVALID },
	{ "another point", "PRIVATE KEY", "308187020100" KIND "046d306b020101" "0420" D "a144034200" "04" X OTHER, SK_KEY_INVALID },
	{ "unused bits", "PRIVATE KEY", "308187020100" KIND "046d306b020101" "0420" D "a144034201" "04" X Y, SK_KEY_INVALID },
	{ "an empty BIT STRING", "PRIVATE KEY", "3045020100" KIND "042b3029020101" "0420" D "a1020300", SK_KEY_INVALID },
	{ "the curve inside", "PRIVATE KEY", "304d020100" KIND "04333031020101" "0420" D OID, SK_OK },
	{ "another curve inside", "PRIVATE KEY", "304a020100" KIND "0430302e020101" "0420" D "a00706052b8104000a", SK_KEY_INVALID },
	{ "attributes", "PRIVATE KEY", "3043020100" KIND "04273025020101" "0420" D "a000", SK_OK },
	{ "version 1 with its point", "PRIVATE KEY", "308185020101" KIND "04273025020101" "0420" D "814200" "04" X Y, SK_OK },
	{ "version 1 with another point", "PRIVATE KEY", "308185020101" KIND "04273025020101" "0420" D "814200" "04" X OTHER, SK_KEY_INVALID },
	{ "version 0 with a point of version 1", "PRIVATE KEY", "308185020100" KIND "04273025020101" "0420" D "814200" "04" X Y, SK_KEY_INVALID },
	{ "version 2", "PRIVATE KEY", "3041020102" KIND "04273025020101" "0420" D, SK_KEY_INVALID },
	{ "RSA's name", "PRIVATE KEY", "3039020100" "300b06092a864886f70d010101" "04273025020101" "0420" D, SK_KEY_INVALID },
	{ "P-384's name", "PRIVATE KEY", "303e020100" "301006072a8648ce3d020106052b81040022" "04273025020101" "0420" D, SK_KEY_INVALID },
	{ "0", "PRIVATE KEY", "3041020100" KIND "04273025020101" "0420" ZERO, SK_KEY_INVALID },
	{ "the order", "PRIVATE KEY", "3041020100" KIND "04273025020101" "0420" N, SK_KEY_INVALID },
	{ "the order less 1", "PRIVATE KEY", "3041020100" KIND "04273025020101" "0420" N_1, SK_OK },
	{ "a short scalar", "PRIVATE KEY", "3022020100" KIND "04083006020101" "040101", SK_OK },
	{ "an empty one", "PRIVATE KEY", "3021020100" KIND "04073005020101" "0400", SK_KEY_INVALID },
	{ "a long one", "PRIVATE KEY", "3042020100" KIND "04283026020101" "042100" D, SK_KEY_INVALID },
	{ "a byte behind it", "PRIVATE KEY", "3041020100" KIND "04273025020101" "0420" D "00", SK_KEY_INVALID },
	{ "a byte behind the scalar", "PRIVATE KEY", "3042020100" KIND "04283026020101" "0420" D "00", SK_KEY_INVALID },
	{ "a long length", "PRIVATE KEY", "308141020100" KIND "04273025020101" "0420" D, SK_KEY_INVALID },
	{ "no end", "PRIVATE KEY", "3080020100" KIND "04273025020101" "0420" D "0000", SK_KEY_INVALID },
	{ "SEC 1", "EC PRIVATE KEY", "3031020101" "0420" D OID, SK_OK },
	{ "SEC 1 without a curve", "EC PRIVATE KEY", "3025020101" "0420" D, SK_KEY_INVALID },
	{ "SEC 1, version 0", "EC PRIVATE KEY", "3031020100" "0420" D OID, SK_KEY_INVALID },
	{ "SEC 1 as PKCS#8", "PRIVATE KEY", "3031020101" "0420" D OID, SK_KEY_INVALID },
	{ "PKCS#8 as SEC 1", "EC PRIVATE KEY", "3041020100" KIND "04273025020101" "0420" D, SK_KEY_INVALID },
	{ "another name", "ENCRYPTED PRIVATE KEY", "3041020100" KIND "04273025020101" "0420" D, SK_KEY_INVALID },
};
/* clang-format on */

static void test_by_hand(void)
{
	for (size_t i = 0; i < SK_COUNT(by_hand); i++) {
		const size_t len = strlen(by_hand[i].der) / 2;
		uint8_t der[256];
		char base64[512], text[1024];

		for (size_t k = 0; k < len; k++) {
			unsigned byte;

			if (sscanf(by_hand[i].der + 2 * k, "%2x", &byte) != 1)
				abort();
			der[k] = (uint8_t)byte;
		}
		EVP_EncodeBlock((uint8_t *)base64, der, (int)len);
		snprintf(text, sizeof(text), "-----BEGIN %s-----\n%s\n-----END %s-----\n",
			 by_hand[i].block, base64, by_hand[i].block);
		try_key(by_hand[i].name, text, strlen(text), by_hand[i].want);
	}
}

/* The text around the DER; "@" is the key in base64. */
static void test_pem(void)
{
	static const struct {
		const char *name, *form;
		enum sk_err want;
	} rows[] = {
		{ "as usual", "-----BEGIN PRIVATE KEY-----\n@\n-----END PRIVATE KEY-----\n",
		  SK_OK },
		{ "CR LF", "-----BEGIN PRIVATE KEY-----\r\n@\r\n-----END PRIVATE KEY-----\r\n",
		  SK_OK },
		{ "blanks", "-----BEGIN PRIVATE KEY----- \n \t@ \n\n-----END PRIVATE KEY-----\n",
		  SK_OK },
		{ "no line end", "-----BEGIN PRIVATE KEY-----\n@\n-----END PRIVATE KEY-----",
		  SK_OK },
		{ "another end", "-----BEGIN PRIVATE KEY-----\n@\n-----END EC PRIVATE KEY-----\n",
		  SK_KEY_INVALID },
		{ "no end", "-----BEGIN PRIVATE KEY-----\n@\n", SK_KEY_INVALID },
		{ "an end in the line", "-----BEGIN PRIVATE KEY-----\n@-----END PRIVATE KEY-----\n",
		  SK_KEY_INVALID },
		{ "not at the beginning",
		  " -----BEGIN PRIVATE KEY-----\n@\n-----END PRIVATE KEY-----\n", SK_KEY_INVALID },
		{ "four dashes", "-----BEGIN PRIVATE KEY----\n@\n-----END PRIVATE KEY----\n",
		  SK_KEY_INVALID },
		{ "a header",
		  "-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n@\n-----END PRIVATE "
		  "KEY-----\n",
		  SK_KEY_INVALID },
		{ "padding in the middle",
		  "-----BEGIN PRIVATE KEY-----\n=@\n-----END PRIVATE KEY-----\n", SK_KEY_INVALID },
		{ "too much of it",
		  "-----BEGIN PRIVATE KEY-----\n@====\n-----END PRIVATE KEY-----\n",
		  SK_KEY_INVALID },
		{ "a character more",
		  "-----BEGIN PRIVATE KEY-----\n@A\n-----END PRIVATE KEY-----\n", SK_KEY_INVALID },
		{ "no base64", "-----BEGIN PRIVATE KEY-----\n*@\n-----END PRIVATE KEY-----\n",
		  SK_KEY_INVALID },
		{ "nothing in it", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
		  SK_KEY_INVALID },
		{ "a beginning alone", "-----BEGIN ", SK_KEY_INVALID },
	};
	char pem[2048], body[2048] = "", text[4096];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	char *save = NULL;

	print_key(key, PKCS8, pem, sizeof(pem));
	for (char *line = strtok_r(pem, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (line[0] != '-')
			strcat(body, line);
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		const char *at = strchr(rows[i].form, '@');

		snprintf(text, sizeof(text), "%.*s%s%s", at ? (int)(at - rows[i].form) : 4096,
			 rows[i].form, at ? body : "", at ? at + 1 : "");
		try_key(rows[i].name, text, strlen(text), rows[i].want);
	}
	EVP_PKEY_free(key);
}

static bool verifies(EVP_PKEY *pub, struct sk_span msg, const uint8_t sig[SK_SIG_LEN])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[SK_DER_SIG_MAX];
	size_t len = sk_es256_to_der(sig, der);
	bool ok;

	ok = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pub) == 1 &&
	     EVP_DigestVerify(ctx, der, len, (const uint8_t *)msg.ptr, msg.len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

static void test_sign(void)
{
	static const struct {
		const char *key, *pub;
		bool pair;
	} cases[] = {
		{ "draft-stir-passport.key.pem", "rfc8225-A2.pub.pem", true },
		{ "rfc8225-A1.key.pem", "rfc8225-A1.derived-pub.pem", true },
		{ "rfc8946-A.key.pem", "rfc8946-A.pub.pem", true },
		{ "rfc8225-A1.key.pem", "rfc8225-A2.pub.pem", false },
		{ "rfc8946-A.key.pem", "rfc7515-A3.pub.pem", false },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		SK_CLEANUP(sk_key_free_p) struct sk_key *key = NULL;
		EVP_PKEY *pub = pki_vector_key(cases[i].pub);
		const struct sk_span msg = SK_SPAN("header.payload");
		uint8_t sig[SK_SIG_LEN], again[SK_SIG_LEN];
		char path[128];
		size_t len;
		char *text;

		snprintf(path, sizeof(path), "keys/%s", cases[i].key);
		text = pki_vector(path, &len);
		CHECK(sk_key_new(text, len, &key) == SK_OK, "%s", path);
		free(text);
		for (int round = 0; key && round < 200; round++) {
			struct sk_signer *signer = sk_key_signer(key);

			CHECK(signer->sign(signer, msg, sig) == SK_OK, "%s", path);
			CHECK(verifies(pub, msg, sig) == cases[i].pair, "%s with %s", path,
			      cases[i].pub);
			if (round > 0)
				CHECK(memcmp(sig, again, sizeof(sig)) != 0, "a nonce twice");
			memcpy(again, sig, sizeof(sig));
		}
		if (key) {
			struct sk_signer *signer = sk_key_signer(key);

			CHECK(!signer->sign(signer, (struct sk_span){ NULL, 0 }, sig) &&
				      verifies(pub, SK_SPAN(""), sig) == cases[i].pair,
			      "an empty text");
		}
		EVP_PKEY_free(pub);
	}
}

static void test_check(void)
{
	static struct pki_text chain_text, anchors, other_text;
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL, *other = NULL, *p384 = NULL;
	SK_CLEANUP(sk_key_free_p) struct sk_key *key = NULL;
	EVP_PKEY *one = EVP_EC_gen("P-256"), *big = EVP_EC_gen("P-384");
	static struct pki_text big_text;
	char pem[2048];

	EVP_PKEY_free(pki_simple(one, &chain_text, &anchors));
	EVP_PKEY_free(pki_simple(NULL, &other_text, &anchors));
	EVP_PKEY_free(pki_simple(big, &big_text, &anchors));
	CHECK(!sk_key_new(pem, print_key(one, PKCS8, pem, sizeof(pem)), &key), "key");
	CHECK(!sk_chain_new(chain_text.text, chain_text.len, &chain), "chain");
	CHECK(!sk_chain_new(other_text.text, other_text.len, &other), "other chain");
	CHECK(!sk_chain_new(big_text.text, big_text.len, &p384), "P-384 chain");
	if (key && chain && other && p384) {
		CHECK(sk_key_check(key, chain) == SK_OK, "the pair");
		CHECK(sk_key_check(key, other) == SK_KEY_MISMATCH, "another certificate");
		CHECK(sk_key_check(key, p384) == SK_KEY_MISMATCH, "another curve");
	}
	EVP_PKEY_free(one);
	EVP_PKEY_free(big);
}

int main(void)
{
	test_kinds();
	test_files();
	test_disguise();
	test_by_hand();
	test_pem();
	test_sign();
	test_check();
	return check_result();
}
