/*
 * The profile of ATIS-1000080 as hex digits.  Name, key and times are OpenSSL's
 * work; the extensions are ours, byte by byte.
 */
#include "pki.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASIC_OID    "2.5.29.19"
#define USAGE_OID    "2.5.29.15"
#define SKI_OID      "2.5.29.14"
#define AKI_OID      "2.5.29.35"
#define POLICIES_OID "2.5.29.32"
#define CRLDP_OID    "2.5.29.31"
#define TNAUTH_OID   "1.3.6.1.5.5.7.1.26"
#define JCC_OID      "1.3.6.1.5.5.7.1.27"
#define EJCC_OID     "1.3.6.1.5.5.7.1.33"

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "test set-up failed: %s\n", what);
	abort();
}

static int nibble(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;

	need(at != NULL, "hex digit");
	return (int)(at - digits);
}

size_t pki_hex(const char *hex, uint8_t *out, size_t size)
{
	size_t len = strlen(hex) / 2;

	need(len <= size && strlen(hex) % 2 == 0, "hex length");
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));

	return len;
}

static void add_bytes(X509 *cert, const char *oid, bool critical, const uint8_t *der, size_t len)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;

	need(object && value && ASN1_OCTET_STRING_set(value, der, (int)len), "extension");
	ext = X509_EXTENSION_create_by_OBJ(NULL, object, critical, value);
	need(ext && X509_add_ext(cert, ext, -1), "extension");
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(object);
}

/* "": left out */
static void add_hex(X509 *cert, const char *oid, bool critical, const char *hex)
{
	uint8_t der[32768];

	if (hex[0] != '\0')
		add_bytes(cert, oid, critical, der, pki_hex(hex, der, sizeof(der)));
}

static void key_id(EVP_PKEY *key, uint8_t out[SHA_DIGEST_LENGTH])
{
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(key, &der);

	need(len > 0, "public key");
	SHA1(der, (size_t)len, out);
	OPENSSL_free(der);
}

static EVP_PKEY *new_key(const char *kind)
{
	EVP_PKEY *key = strcmp(kind, "RSA") == 0 ? EVP_RSA_gen(2048) : NULL;
	bool explicit_curve = strcmp(kind, "explicit") == 0;

	if (!key)
		key = EVP_EC_gen(explicit_curve ? "P-256" : kind);
	need(key != NULL, kind);
	if (explicit_curve)
		need(EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit") == 1, kind);
	return key;
}

static void set_name(X509 *cert, const struct pki_spec *spec, enum pki_place place)
{
	static const char *const names[] = { "SHAKEN 709J", "SHAKEN Test CA", "SHAKEN ROOT" };
	X509_NAME *name = X509_get_subject_name(cert);
	const char *cn = spec->cn ? spec->cn : names[place];

	if (!spec->bare_name) {
		X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (const uint8_t *)"US", -1, -1,
					   0);
		X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const uint8_t *)"Test", -1, -1,
					   0);
	}
	need(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)cn, -1, -1, 0),
	     "name");
}

static void set_serial(X509 *cert, const char *hex)
{
	static unsigned next = 1;
	char fresh[33];
	BIGNUM *number = NULL;

	snprintf(fresh, sizeof(fresh), "5a%022x%08x", 0, next++);
	need(BN_hex2bn(&number, hex ? hex : fresh) > 0, "serial");
	need(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL, "serial");
	BN_free(number);
}

static void add_key_ids(X509 *cert, const struct pki_spec *spec, EVP_PKEY *own, EVP_PKEY *issuer)
{
	uint8_t ski[2 + SHA_DIGEST_LENGTH] = { 0x04, 0x14 };
	uint8_t aki[4 + SHA_DIGEST_LENGTH] = { 0x30, 0x16, 0x80, 0x14 };

	key_id(own, ski + 2);
	key_id(issuer, aki + 4);
	if (spec->ski)
		add_hex(cert, SKI_OID, false, spec->ski);
	else
		add_bytes(cert, SKI_OID, false, ski, sizeof(ski));
	if (spec->aki)
		add_hex(cert, AKI_OID, false, spec->aki);
	else
		add_bytes(cert, AKI_OID, false, aki, sizeof(aki));
}

static const char *or_default(const char *given, const char *otherwise)
{
	return given ? given : otherwise;
}

static void add_shaken(X509 *cert, const struct pki_spec *spec, enum pki_place place)
{
	/* one point: https://x/ and, as cRLIssuer, CN=SHAKEN CRL */
	static const char crldp[] =
		"302d302ba00ea00c860a68747470733a2f2f782fa219a41730153113301106035504030c0a"
		"5348414b454e2043524c";
	const char *tnauth =
		or_default(spec->tnauth, place == PKI_LEAF ? "3008a00616043730394a" : "");

	add_hex(cert, POLICIES_OID, false,
		or_default(spec->policies,
			   place == PKI_ROOT ? "" : "300e300c060a6086480186ff09010104"));
	add_hex(cert, CRLDP_OID, false, or_default(spec->crldp, place == PKI_ROOT ? "" : crldp));
	add_hex(cert, TNAUTH_OID, spec->tnauth_critical, tnauth);
	if (spec->tnauth_twice)
		add_hex(cert, TNAUTH_OID, false, tnauth);
	if (spec->jcc)
		add_hex(cert, JCC_OID, spec->jcc_critical, spec->jcc);
	if (spec->jcc_twice)
		add_hex(cert, JCC_OID, false, spec->jcc);
	if (spec->ejcc)
		add_hex(cert, EJCC_OID, false, spec->ejcc);
}

static void add_extensions(X509 *cert, const struct pki_spec *spec, enum pki_place place,
			   EVP_PKEY *own, EVP_PKEY *issuer)
{
	const bool leaf = place == PKI_LEAF;

	add_hex(cert, BASIC_OID, !spec->basic_plain,
		or_default(spec->basic, leaf ? "3000" : "30030101ff"));
	add_hex(cert, USAGE_OID, !spec->usage_plain,
		or_default(spec->usage, leaf ? "03020780" : "03020106"));
	add_key_ids(cert, spec, own, issuer);
	add_shaken(cert, spec, place);
	for (unsigned i = 0; spec->extra && (i == 0 || i < spec->extra_count); i++) {
		char oid[64];

		snprintf(oid, sizeof(oid), spec->extra_count > 2 ? "%s.%u" : "%s", spec->extra, i);
		add_hex(cert, oid, spec->extra_critical, "0500");
	}
}

struct pki_cert pki_issue(const struct pki_spec *spec, enum pki_place place,
			  const struct pki_cert *issuer, EVP_PKEY *key)
{
	struct pki_cert made = { X509_new(), key };
	const char *digest = spec->digest ? spec->digest : "SHA256";

	need(made.cert != NULL, "certificate");
	if (key)
		EVP_PKEY_up_ref(key);
	else
		made.key = new_key(spec->key ? spec->key : "P-256");
	if (!issuer)
		issuer = &made;

	X509_set_version(made.cert, spec->version ? spec->version - 1 : X509_VERSION_3);
	set_serial(made.cert, spec->serial);
	set_name(made.cert, spec, place);
	X509_set_issuer_name(made.cert, X509_get_subject_name(issuer->cert));
	ASN1_TIME_set(X509_getm_notBefore(made.cert), spec->from ? spec->from : PKI_FROM);
	ASN1_TIME_set(X509_getm_notAfter(made.cert), spec->to ? spec->to : PKI_TO);
	X509_set_pubkey(made.cert, made.key);
	add_extensions(made.cert, spec, place, made.key, issuer->key);
	need(X509_sign(made.cert, issuer->key, EVP_get_digestbyname(digest)) > 0, "signing");
	if (spec->spoil) {
		const ASN1_BIT_STRING *sig;

		X509_get0_signature(&sig, NULL, made.cert);
		((uint8_t *)(uintptr_t)ASN1_STRING_get0_data(sig))[20] ^= 1;
	}
	return made;
}

void pki_drop(struct pki_cert *cert)
{
	X509_free(cert->cert);
	EVP_PKEY_free(cert->key);
	*cert = (struct pki_cert){ 0 };
}

static void append(struct pki_text *out, BIO *bio)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);

	need(len > 0 && out->len + (size_t)len < sizeof(out->text), "room for PEM");
	memcpy(out->text + out->len, data, (size_t)len);
	out->len += (size_t)len;
	out->text[out->len] = '\0';
	BIO_free(bio);
}

void pki_add_cert(struct pki_text *out, const X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());

	need(bio && PEM_write_bio_X509(bio, cert) == 1, "PEM");
	append(out, bio);
}

void pki_add_key(struct pki_text *out, const EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	need(bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1, "PEM");
	append(out, bio);
}

static X509_EXTENSION *new_ext(const char *oid, const char *hex, bool critical)
{
	uint8_t der[1024];
	size_t len = pki_hex(hex, der, sizeof(der));
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;

	ASN1_OCTET_STRING_set(value, der, (int)len);
	ext = X509_EXTENSION_create_by_OBJ(NULL, object, critical, value);
	need(ext, "extension");
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(object);
	return ext;
}

static void add_revoked(X509_CRL *crl, const struct pki_crl *spec)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *when = ASN1_TIME_set(NULL, PKI_FROM);

	X509_REVOKED_set_serialNumber(
		entry, (ASN1_INTEGER *)(uintptr_t)X509_get0_serialNumber(spec->revoked));
	X509_REVOKED_set_revocationDate(entry, when);
	if (spec->names_issuer) {
		GENERAL_NAMES *names = GENERAL_NAMES_new();
		GENERAL_NAME *name = GENERAL_NAME_new();

		name->type = GEN_DIRNAME;
		name->d.directoryName = X509_NAME_dup(X509_get_issuer_name(spec->revoked));
		sk_GENERAL_NAME_push(names, name);
		need(X509_REVOKED_add1_ext_i2d(entry, NID_certificate_issuer, names, 1, 0) == 1,
		     "certificateIssuer");
		GENERAL_NAMES_free(names);
	}
	if (spec->entry_extra) {
		X509_EXTENSION *ext = new_ext(spec->entry_extra, "0500", spec->entry_critical);

		need(X509_REVOKED_add_ext(entry, ext, -1) == 1, "extension of an entry");
		X509_EXTENSION_free(ext);
	}
	need(X509_CRL_add0_revoked(crl, entry) == 1, "entry");
	ASN1_TIME_free(when);
}

static void add_crl_ext(X509_CRL *crl, const char *oid, const char *hex)
{
	X509_EXTENSION *ext = new_ext(oid, hex, true);

	need(X509_CRL_add_ext(crl, ext, -1), "list extension");
	X509_EXTENSION_free(ext);
}

void pki_add_crl(struct pki_text *out, const struct pki_crl *spec, const struct pki_cert *signer)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *from = ASN1_TIME_set(NULL, spec->from ? spec->from : PKI_FROM);
	ASN1_TIME *to = ASN1_TIME_set(NULL, spec->to > 0 ? spec->to : PKI_TO);
	BIO *bio = BIO_new(BIO_s_mem());

	need(crl && bio, "list");
	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(signer->cert));
	X509_CRL_set1_lastUpdate(crl, from);
	if (spec->to >= 0)
		X509_CRL_set1_nextUpdate(crl, to);
	if (spec->idp)
		add_crl_ext(crl, "2.5.29.28", spec->idp);
	if (spec->delta)
		add_crl_ext(crl, "2.5.29.27", "020101");
	if (spec->number) {
		ASN1_INTEGER *number = ASN1_INTEGER_new();

		need(number && ASN1_INTEGER_set(number, spec->number) == 1 &&
			     X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1,
		     "list number");
		ASN1_INTEGER_free(number);
	}
	if (spec->revoked)
		add_revoked(crl, spec);
	need(X509_CRL_sign(crl, signer->key, EVP_sha256()) > 0, "signing a list");
	if (spec->spoil) {
		const ASN1_BIT_STRING *sig;

		X509_CRL_get0_signature(crl, &sig, NULL);
		((uint8_t *)(uintptr_t)ASN1_STRING_get0_data(sig))[20] ^= 1;
	}
	need(PEM_write_bio_X509_CRL(bio, crl) == 1, "PEM");
	append(out, bio);
	X509_CRL_free(crl);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
}

/* base64url without padding; @return where it ends */
static char *put_b64url(const void *data, size_t len, char *out)
{
	const int made = EVP_EncodeBlock((uint8_t *)out, data, (int)len);
	char *end = out + made;

	while (end > out && end[-1] == '=')
		end--;
	*end = '\0';
	for (char *c = out; c < end; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	return end;
}

static void sign_es256(const char *text, size_t len, EVP_PKEY *key, uint8_t sig[64])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[128];
	const uint8_t *p = der;
	size_t der_len = sizeof(der);
	ECDSA_SIG *both = NULL;

	need(ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		     EVP_DigestSign(ctx, der, &der_len, (const uint8_t *)text, len) == 1,
	     "JWS");
	both = d2i_ECDSA_SIG(NULL, &p, (long)der_len);
	need(both && BN_bn2binpad(ECDSA_SIG_get0_r(both), sig, 32) == 32 &&
		     BN_bn2binpad(ECDSA_SIG_get0_s(both), sig + 32, 32) == 32,
	     "JWS");
	ECDSA_SIG_free(both);
	EVP_MD_CTX_free(ctx);
}

char *pki_jws(const char *header, const char *payload, EVP_PKEY *key)
{
	char *text = malloc((strlen(header) + strlen(payload)) * 4 / 3 + 256), *at;
	uint8_t sig[64];

	need(text != NULL, "JWS");
	at = put_b64url(header, strlen(header), text);
	*at++ = '.';
	at = put_b64url(payload, strlen(payload), at);
	sign_es256(text, (size_t)(at - text), key, sig);
	*at++ = '.';
	put_b64url(sig, sizeof(sig), at);
	return text;
}

char *pki_json(const char *text)
{
	char *out = malloc(2 * strlen(text) + 1), *at = out;

	need(out != NULL, "JSON");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\' || *text == '\n')
			*at++ = '\\';
		*at++ = *text == '\n' ? 'n' : *text;
	}
	*at = '\0';
	return out;
}

char *pki_calist(int64_t sequence, int64_t exp, const char *pem, const char *x5u, EVP_PKEY *key)
{
	char *escaped = pki_json(pem), header[256], *payload = NULL, *jws;

	snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"x5u\":\"%s\"}",
		 or_default(x5u, "https://pa.example/signer.pem"));
	need(asprintf(&payload,
		      "{\"version\":1,\"sequence\":%lld,\"exp\":%lld,\"trustList\":[\"%s\"]}",
		      (long long)sequence, (long long)exp, escaped) > 0,
	     "list");
	jws = pki_jws(header, payload, key);
	free(payload);
	free(escaped);
	return jws;
}

char *pki_vector(const char *path, size_t *len)
{
	const char *folder = getenv("VECTORS");
	char name[1024];
	char *text = calloc(1, 1 << 20);
	FILE *f;

	need(folder && text, "environment: VECTORS");
	snprintf(name, sizeof(name), "%s/%s", folder, path);
	f = fopen(name, "rb");
	need(f != NULL, name);
	*len = fread(text, 1, (1 << 20) - 1, f);
	fclose(f);
	need(*len > 0, name);
	return text;
}

EVP_PKEY *pki_vector_key(const char *name)
{
	char path[256];
	size_t len;
	char *text;
	EVP_PKEY *key;
	BIO *bio;

	snprintf(path, sizeof(path), "keys/%s", name);
	text = pki_vector(path, &len);
	bio = BIO_new_mem_buf(text, (int)len);
	key = strstr(text, "PUBLIC") ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL)
				     : PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	need(key != NULL, path);
	BIO_free(bio);
	free(text);
	return key;
}

EVP_PKEY *pki_simple(EVP_PKEY *key, struct pki_text *chain, struct pki_text *anchors)
{
	const struct pki_spec usual = { 0 };
	struct pki_cert root = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	struct pki_cert mid = pki_issue(&usual, PKI_MID, &root, NULL);
	struct pki_cert leaf = pki_issue(&usual, PKI_LEAF, &mid, key);
	EVP_PKEY *used = leaf.key;

	pki_add_cert(chain, leaf.cert);
	pki_add_cert(chain, mid.cert);
	pki_add_cert(anchors, root.cert);
	EVP_PKEY_up_ref(used);
	pki_drop(&leaf);
	pki_drop(&mid);
	pki_drop(&root);
	return used;
}
