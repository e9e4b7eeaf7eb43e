/*
 * The policy administrator of the laboratory.  What it signs has a trust path of its
 * own: neither its list of authorities nor its revocation list ends in root.pem.
 */
#include "cli/lab.h"
#include "shaken/b64url.h"
#include "shaken/es256.h"
#include "shaken/json.h"

#include <jansson.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

SK_DEFINE_CLEANUP(BIO, BIO_free_all)
SK_DEFINE_CLEANUP(EVP_MD_CTX, EVP_MD_CTX_free)
SK_DEFINE_CLEANUP(X509_CRL, X509_CRL_free)
SK_DEFINE_CLEANUP(X509_REVOKED, X509_REVOKED_free)
SK_DEFINE_CLEANUP(GENERAL_NAMES, GENERAL_NAMES_free)
SK_DEFINE_CLEANUP(GENERAL_NAME, GENERAL_NAME_free)
SK_DEFINE_CLEANUP(ISSUING_DIST_POINT, ISSUING_DIST_POINT_free)
SK_DEFINE_CLEANUP(ASN1_TIME, ASN1_TIME_free)
SK_DEFINE_CLEANUP(ASN1_INTEGER, ASN1_INTEGER_free)
#define PAIR_CLEANUP SK_CLEANUP(pki_pair_deinit)

enum {
	HOUR = 3600,
	DAY = 24 * HOUR,
	CA_DAYS = 3650,
};

static void free_text(char **text)
{
	free(*text);
}

static bool failed(const char *what)
{
	char why[256];

	ERR_error_string_n(ERR_get_error(), why, sizeof(why));
	fprintf(stderr, "shaken lab: %s: %s\n", what, why);
	return false;
}

static bool write_bio(const char *dir, const char *name, BIO *bio)
{
	char *text = NULL;
	long len = BIO_get_mem_data(bio, &text);

	return len > 0 ? lab_write(dir, name, false, text, (size_t)len) : failed(name);
}

static bool sign(EVP_PKEY *key, const char *text, size_t len, uint8_t sig[SK_SIG_LEN])
{
	SK_CLEANUP(EVP_MD_CTX_free_p) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[SK_DER_SIG_MAX];
	size_t der_len = sizeof(der);

	return ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	       EVP_DigestSign(ctx, der, &der_len, (const uint8_t *)text, len) == 1 &&
	       sk_es256_from_der(der, der_len, sig);
}

/* RFC 7515, 3.1 */
static char *make_jws(const json_t *header, const json_t *payload, EVP_PKEY *key)
{
	SK_CLEANUP(free_text) char *head = sk_json_text(header, JSON_COMPACT);
	SK_CLEANUP(free_text) char *body = sk_json_text(payload, JSON_COMPACT);
	SK_CLEANUP(free_text) char *out = NULL;
	uint8_t sig[SK_SIG_LEN];
	size_t len;

	if (!head || !body)
		return NULL;
	out = malloc(SK_B64URL_LEN(strlen(head)) + SK_B64URL_LEN(strlen(body)) +
		     SK_B64URL_LEN(SK_SIG_LEN) + 3);
	if (!out)
		return NULL;

	len = sk_b64url_encode(head, strlen(head), out);
	out[len++] = '.';
	len += sk_b64url_encode(body, strlen(body), out + len);
	if (!sign(key, out, len, sig))
		return NULL;
	out[len++] = '.';
	len += sk_b64url_encode(sig, sizeof(sig), out + len);
	out[len] = '\0';
	return sk_steal(out);
}

/* The sequence must grow from list to list: the time it was made does. */
static bool make_list(const struct lab_wish *wish, X509 *root, EVP_PKEY *key)
{
	SK_CLEANUP(BIO_free_all_p) BIO *bio = BIO_new(BIO_s_mem());
	SK_CLEANUP(free_text) char *jws = NULL;
	json_auto_t *header = NULL, *payload = NULL;
	char x5u[1024], *pem = NULL;
	long len;

	if (!bio || !PEM_write_bio_X509(bio, root))
		return failed("ca-list.jws");
	len = BIO_get_mem_data(bio, &pem);
	snprintf(x5u, sizeof(x5u), "%s/ca-list-signer.pem", wish->x5u_base);
	header = json_pack("{s:s,s:s,s:s}", "alg", "ES256", "typ", "JWT", "x5u", x5u);
	payload = json_pack("{s:i,s:I,s:I,s:[s%]}", "version", 1, "sequence", (json_int_t)wish->now,
			    "exp", (json_int_t)(wish->now + wish->days * DAY), "trustList", pem,
			    (size_t)len);
	if (header && payload)
		jws = make_jws(header, payload, key);
	if (!jws)
		return failed("ca-list.jws");

	return lab_write(wish->dir, "ca-list.jws", false, jws, strlen(jws));
}

/* RFC 5280, 5.3.3: the entry of an indirect list says whose certificate it is */
static bool name_issuer(X509_REVOKED *entry, const X509 *cert)
{
	SK_CLEANUP(GENERAL_NAMES_free_p) GENERAL_NAMES *names = GENERAL_NAMES_new();
	SK_CLEANUP(GENERAL_NAME_free_p) GENERAL_NAME *name = GENERAL_NAME_new();
	X509_NAME *issuer = X509_NAME_dup(X509_get_issuer_name(cert));

	if (!names || !name || !issuer) {
		X509_NAME_free(issuer);
		return false;
	}
	GENERAL_NAME_set0_value(name, GEN_DIRNAME, issuer);
	if (sk_GENERAL_NAME_push(names, name) <= 0)
		return false;
	name = NULL;

	return X509_REVOKED_add1_ext_i2d(entry, NID_certificate_issuer, names, 1, 0) == 1;
}

static bool add_entry(X509_CRL *crl, const X509 *cert, const ASN1_TIME *when)
{
	SK_CLEANUP(X509_REVOKED_free_p) X509_REVOKED *entry = X509_REVOKED_new();
	SK_CLEANUP(ASN1_TIME_free_p) ASN1_TIME *date = ASN1_STRING_dup(when);
	SK_CLEANUP(ASN1_INTEGER_free_p)
	ASN1_INTEGER *serial = ASN1_INTEGER_dup(X509_get0_serialNumber(cert));

	if (!entry || !date || !serial || !X509_REVOKED_set_serialNumber(entry, serial) ||
	    !X509_REVOKED_set_revocationDate(entry, date) || !name_issuer(entry, cert) ||
	    !X509_CRL_add0_revoked(crl, entry))
		return false;

	entry = NULL;
	return true;
}

/* RFC 5280, 5.2.5 and 5.2.3 */
static bool add_extensions(X509_CRL *crl, int64_t number)
{
	SK_CLEANUP(ISSUING_DIST_POINT_free_p) ISSUING_DIST_POINT *scope = ISSUING_DIST_POINT_new();
	SK_CLEANUP(ASN1_INTEGER_free_p) ASN1_INTEGER *count = ASN1_INTEGER_new();

	if (!scope || !count || !ASN1_INTEGER_set_int64(count, number))
		return false;
	scope->indirectCRL = 0xff;

	return X509_CRL_add1_ext_i2d(crl, NID_issuing_distribution_point, scope, 1, 0) == 1 &&
	       X509_CRL_add1_ext_i2d(crl, NID_crl_number, count, 0, 0) == 1;
}

static bool make_crl(const struct lab_wish *wish, int64_t from, const struct pki_pair *admin,
		     const X509 *revoked)
{
	SK_CLEANUP(X509_CRL_free_p) X509_CRL *crl = X509_CRL_new();
	SK_CLEANUP(ASN1_TIME_free_p) ASN1_TIME *last = ASN1_TIME_set(NULL, from);
	SK_CLEANUP(ASN1_TIME_free_p)
	ASN1_TIME *next = ASN1_TIME_set(NULL, wish->now + wish->days * DAY);
	SK_CLEANUP(BIO_free_all_p) BIO *bio = BIO_new(BIO_s_mem());

	if (!crl || !last || !next || !bio || !X509_CRL_set_version(crl, X509_CRL_VERSION_2) ||
	    !X509_CRL_set_issuer_name(crl, X509_get_subject_name(admin->cert)) ||
	    !X509_CRL_set1_lastUpdate(crl, last) || !X509_CRL_set1_nextUpdate(crl, next) ||
	    !add_entry(crl, revoked, last) || !add_extensions(crl, wish->now) ||
	    X509_CRL_sign(crl, admin->key, EVP_sha256()) <= 0 || !PEM_write_bio_X509_CRL(bio, crl))
		return failed("admin-crl.pem");

	return write_bio(wish->dir, "admin-crl.pem", bio);
}

bool lab_make_admin(const struct lab_wish *wish, int64_t ca_from, X509 *root, const X509 *revoked)
{
	PAIR_CLEANUP struct pki_pair admin = { 0 };
	PAIR_CLEANUP struct pki_pair signer = { 0 };
	const struct pki_plan admin_plan = {
		.common_name = "STI-PA Laboratory ROOT",
		.flags = PKI_CA | PKI_NO_POLICY,
		.from = ca_from,
		.to = wish->now + CA_DAYS * (int64_t)DAY,
	};
	const struct pki_plan signer_plan = {
		.common_name = "STI-PA Laboratory lists",
		.flags = PKI_NO_POLICY,
		.from = ca_from,
		.to = wish->now + wish->days * DAY,
	};

	if (!pki_issue(&admin_plan, NULL, &admin) || !pki_issue(&signer_plan, &admin, &signer))
		return failed("admin.pem");

	return lab_write_pair(wish->dir, "admin", &admin) &&
	       lab_write_pair(wish->dir, "ca-list-signer", &signer) &&
	       make_list(wish, root, signer.key) && make_crl(wish, ca_from, &admin, revoked);
}
