/*
 * Certificates as ATIS-1000080 and RFC 8226 draw them, and on request not quite
 * so.  Surprising: the distribution point names the CRL's issuer although our
 * lists are direct ones, because the SHAKEN profile asks for that name and path
 * validation compares it with whoever signed the list.
 */
#include "cli/pki.h"

#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

enum {
	SERIAL_BYTES = 16, /* CA/Browser and ATIS-1000080 ask for 8 random ones at least */
	RSA_BITS = 2048,
};

SK_DEFINE_CLEANUP(X509, X509_free)
SK_DEFINE_CLEANUP(X509_CRL, X509_CRL_free)
SK_DEFINE_CLEANUP(X509_EXTENSION, X509_EXTENSION_free)
SK_DEFINE_CLEANUP(X509_REVOKED, X509_REVOKED_free)
SK_DEFINE_CLEANUP(EVP_PKEY, EVP_PKEY_free)
SK_DEFINE_CLEANUP(ASN1_OBJECT, ASN1_OBJECT_free)
SK_DEFINE_CLEANUP(ASN1_OCTET_STRING, ASN1_OCTET_STRING_free)
SK_DEFINE_CLEANUP(ASN1_INTEGER, ASN1_INTEGER_free)
SK_DEFINE_CLEANUP(ASN1_TIME, ASN1_TIME_free)
SK_DEFINE_CLEANUP(BIGNUM, BN_free)
SK_DEFINE_CLEANUP(DIST_POINT, DIST_POINT_free)
SK_DEFINE_CLEANUP(GENERAL_NAME, GENERAL_NAME_free)
SK_DEFINE_CLEANUP(CRL_DIST_POINTS, CRL_DIST_POINTS_free)
SK_DEFINE_CLEANUP(CERTIFICATEPOLICIES, CERTIFICATEPOLICIES_free)
SK_DEFINE_CLEANUP(POLICYINFO, POLICYINFO_free)

void pki_pair_deinit(struct pki_pair *pair)
{
	X509_free(pair->cert);
	EVP_PKEY_free(pair->key);
	*pair = (struct pki_pair){ 0 };
}

static EVP_PKEY *make_key(const struct pki_plan *plan)
{
	if (plan->own_key)
		return EVP_PKEY_up_ref(plan->own_key) ? plan->own_key : NULL;

	switch (plan->key) {
	case PKI_P384:
		return EVP_EC_gen("P-384");
	case PKI_RSA:
		return EVP_RSA_gen(RSA_BITS);
	case PKI_P256:
		break;
	}
	return EVP_EC_gen("P-256");
}

static bool set_serial(X509 *cert)
{
	SK_CLEANUP(BN_free_p) BIGNUM *number = NULL;
	uint8_t bytes[SERIAL_BYTES];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	/* positive, and no leading zero byte, so that all serials have one length */
	bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);

	return number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
}

static bool set_validity(X509 *cert, int64_t from, int64_t to)
{
	return ASN1_TIME_set(X509_getm_notBefore(cert), from) &&
	       ASN1_TIME_set(X509_getm_notAfter(cert), to);
}

static bool add_name(X509_NAME *name, const char *field, const char *text)
{
	return X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC, (const unsigned char *)text,
					  -1, -1, 0) == 1;
}

static bool set_subject(X509 *cert, const struct pki_plan *plan)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return add_name(name, "C", "US") && add_name(name, "O", "Shaken Laboratory") &&
	       (!plan->serial || add_name(name, "serialNumber", plan->serial)) &&
	       add_name(name, "CN", plan->common_name);
}

static bool add_conf_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
	SK_CLEANUP(X509_EXTENSION_free_p) X509_EXTENSION *ext = NULL;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);

	return ext && X509_add_ext(cert, ext, -1) == 1;
}

static bool add_der_ext(X509 *cert, const char *oid, struct pki_ext value)
{
	SK_CLEANUP(ASN1_OBJECT_free_p) ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	SK_CLEANUP(ASN1_OCTET_STRING_free_p) ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	SK_CLEANUP(X509_EXTENSION_free_p) X509_EXTENSION *ext = NULL;

	if (!value.der)
		return true;
	if (!object || !octets || !ASN1_OCTET_STRING_set(octets, value.der, (int)value.len))
		return false;
	ext = X509_EXTENSION_create_by_OBJ(NULL, object, 0, octets);

	return ext && X509_add_ext(cert, ext, -1) == 1;
}

static GENERAL_NAME *name_of_url(const char *url)
{
	SK_CLEANUP(GENERAL_NAME_free_p) GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();

	if (!name || !text || !ASN1_STRING_set(text, url, -1)) {
		ASN1_IA5STRING_free(text);
		return NULL;
	}
	GENERAL_NAME_set0_value(name, GEN_URI, text);
	return sk_steal(name);
}

static GENERAL_NAME *name_of_issuer(const X509 *issuer)
{
	SK_CLEANUP(GENERAL_NAME_free_p) GENERAL_NAME *name = GENERAL_NAME_new();
	X509_NAME *copy = X509_NAME_dup(X509_get_subject_name(issuer));

	if (!name || !copy) {
		X509_NAME_free(copy);
		return NULL;
	}
	GENERAL_NAME_set0_value(name, GEN_DIRNAME, copy);
	return sk_steal(name);
}

static GENERAL_NAMES *just(GENERAL_NAME *name)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();

	if (name && names && sk_GENERAL_NAME_push(names, name) > 0)
		return names;

	GENERAL_NAME_free(name);
	GENERAL_NAMES_free(names);
	return NULL;
}

/* One distribution point: a URL and who issues the list (ATIS-1000080, 6.4.1). */
static bool add_crl_point(X509 *cert, const X509 *issuer, const char *url)
{
	SK_CLEANUP(CRL_DIST_POINTS_free_p) CRL_DIST_POINTS *points = CRL_DIST_POINTS_new();
	SK_CLEANUP(DIST_POINT_free_p) DIST_POINT *point = DIST_POINT_new();

	if (!url)
		return true;
	if (!points || !point)
		return false;

	point->distpoint = DIST_POINT_NAME_new();
	if (!point->distpoint)
		return false;
	point->distpoint->type = 0;
	point->distpoint->name.fullname = just(name_of_url(url));
	point->CRLissuer = just(name_of_issuer(issuer));
	if (!point->distpoint->name.fullname || !point->CRLissuer)
		return false;
	if (sk_DIST_POINT_push(points, point) <= 0)
		return false;
	point = NULL;

	return X509_add1_ext_i2d(cert, NID_crl_distribution_points, points, 0, 0) == 1;
}

/* The policy of the United States certificate policy 1.3: one identifier, nothing with it. */
static bool add_policy(X509 *cert)
{
	SK_CLEANUP(CERTIFICATEPOLICIES_free_p) CERTIFICATEPOLICIES *list = NULL;
	SK_CLEANUP(POLICYINFO_free_p) POLICYINFO *policy = POLICYINFO_new();

	list = CERTIFICATEPOLICIES_new();
	if (!list || !policy)
		return false;
	policy->policyid = OBJ_txt2obj("2.16.840.1.114569.1.1.3", 1);
	if (!policy->policyid || sk_POLICYINFO_push(list, policy) <= 0)
		return false;
	policy = NULL;

	return X509_add1_ext_i2d(cert, NID_certificate_policies, list, 0, 0) == 1;
}

static bool add_usage(X509 *cert, X509 *issuer, unsigned flags)
{
	bool ca = flags & (PKI_CA | PKI_CA_FLAG);

	if (!add_conf_ext(cert, issuer, NID_basic_constraints,
			  ca ? "critical,CA:TRUE" : "critical,CA:FALSE"))
		return false;
	if (flags & PKI_NO_USAGE)
		return true;

	return add_conf_ext(cert, issuer, NID_key_usage,
			    flags & PKI_CA ? "critical,keyCertSign,cRLSign"
					   : "critical,digitalSignature");
}

static bool add_extensions(X509 *cert, X509 *issuer, const struct pki_plan *plan)
{
	return add_usage(cert, issuer, plan->flags) &&
	       add_conf_ext(cert, issuer, NID_subject_key_identifier, "hash") &&
	       add_conf_ext(cert, issuer, NID_authority_key_identifier, "keyid:always") &&
	       (plan->flags & PKI_NO_POLICY || add_policy(cert)) &&
	       add_crl_point(cert, issuer, plan->crl_url) &&
	       add_der_ext(cert, "1.3.6.1.5.5.7.1.26", plan->tnauth) &&
	       add_der_ext(cert, "1.3.6.1.5.5.7.1.27", plan->constraints) &&
	       (!plan->alt_names ||
		(add_conf_ext(cert, issuer, NID_subject_alt_name, plan->alt_names) &&
		 add_conf_ext(cert, issuer, NID_ext_key_usage, "serverAuth")));
}

bool pki_issue(const struct pki_plan *plan, const struct pki_pair *issuer, struct pki_pair *out)
{
	SK_CLEANUP(EVP_PKEY_free_p) EVP_PKEY *key = make_key(plan);
	SK_CLEANUP(X509_free_p) X509 *cert = X509_new();
	const EVP_MD *digest = plan->flags & PKI_SHA384 ? EVP_sha384() : EVP_sha256();
	X509 *above = issuer ? issuer->cert : cert;

	if (!key || !cert || !X509_set_version(cert, X509_VERSION_3))
		return false;
	if (!set_serial(cert) || !set_validity(cert, plan->from, plan->to))
		return false;
	if (!set_subject(cert, plan) || !X509_set_issuer_name(cert, X509_get_subject_name(above)) ||
	    !X509_set_pubkey(cert, key))
		return false;
	if (!add_extensions(cert, above, plan))
		return false;
	if (X509_sign(cert, issuer ? issuer->key : key, digest) <= 0)
		return false;

	out->cert = sk_steal(cert);
	out->key = sk_steal(key);
	return true;
}

static bool add_revoked(X509_CRL *crl, const X509 *cert, int64_t when)
{
	SK_CLEANUP(X509_REVOKED_free_p) X509_REVOKED *entry = X509_REVOKED_new();
	SK_CLEANUP(ASN1_TIME_free_p) ASN1_TIME *date = ASN1_TIME_set(NULL, when);
	SK_CLEANUP(ASN1_INTEGER_free_p) ASN1_INTEGER *serial = NULL;

	if (!cert)
		return true;
	serial = ASN1_INTEGER_dup(X509_get0_serialNumber(cert));
	if (!entry || !date || !serial)
		return false;
	if (!X509_REVOKED_set_serialNumber(entry, serial) ||
	    !X509_REVOKED_set_revocationDate(entry, date))
		return false;
	if (!X509_CRL_add0_revoked(crl, entry))
		return false;

	entry = NULL;
	return true;
}

static bool set_crl_times(X509_CRL *crl, int64_t from, int64_t to)
{
	SK_CLEANUP(ASN1_TIME_free_p) ASN1_TIME *last = ASN1_TIME_set(NULL, from);
	SK_CLEANUP(ASN1_TIME_free_p) ASN1_TIME *next = ASN1_TIME_set(NULL, to);

	return last && next && X509_CRL_set1_lastUpdate(crl, last) &&
	       X509_CRL_set1_nextUpdate(crl, next);
}

/* The number must grow from list to list (RFC 5280, 5.2.3): the time it was made does. */
static bool add_crl_extensions(X509_CRL *crl, X509 *issuer, int64_t from)
{
	SK_CLEANUP(X509_EXTENSION_free_p) X509_EXTENSION *ext = NULL;
	SK_CLEANUP(ASN1_INTEGER_free_p) ASN1_INTEGER *number = ASN1_INTEGER_new();
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, NULL, NULL, crl, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");

	return ext && number && ASN1_INTEGER_set_int64(number, from) &&
	       X509_CRL_add_ext(crl, ext, -1) == 1 &&
	       X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1;
}

bool pki_revoke(const struct pki_pair *issuer, const X509 *revoked, int64_t from, int64_t to,
		X509_CRL **out)
{
	SK_CLEANUP(X509_CRL_free_p) X509_CRL *crl = X509_CRL_new();

	if (!crl || !X509_CRL_set_version(crl, X509_CRL_VERSION_2))
		return false;
	if (!X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->cert)))
		return false;
	if (!set_crl_times(crl, from, to) || !add_revoked(crl, revoked, from))
		return false;
	if (!add_crl_extensions(crl, issuer->cert, from) || !X509_CRL_sort(crl))
		return false;
	if (X509_CRL_sign(crl, issuer->key, EVP_sha256()) <= 0)
		return false;

	*out = sk_steal(crl);
	return true;
}
