/*
 * Extensions are told apart by the bytes of their OID, so none of OpenSSL's
 * tables has to be changed.  sk_x509_settle() is the surprise: OpenSSL decodes
 * keys and extensions once, and remembers a failure for want of memory as a
 * fault of the certificate.
 */
#include "shaken/x509.h"

#include "shaken/crypto.h"

#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <string.h>

/* clang-format off */
static const struct {
	enum sk_ext kind;
	const char *oid; /* its DER; no byte of these is 0 */
} known[] = {
	{ SK_EXT_BASIC,        "\x55\x1d\x13" }, /* RFC 5280, 4.2.1.9  */
	{ SK_EXT_KEY_USAGE,    "\x55\x1d\x0f" }, /* RFC 5280, 4.2.1.3  */
	{ SK_EXT_SKI,          "\x55\x1d\x0e" }, /* RFC 5280, 4.2.1.2  */
	{ SK_EXT_AKI,          "\x55\x1d\x23" }, /* RFC 5280, 4.2.1.1  */
	{ SK_EXT_POLICIES,     "\x55\x1d\x20" }, /* RFC 5280, 4.2.1.4  */
	{ SK_EXT_CRLDP,        "\x55\x1d\x1f" }, /* RFC 5280, 4.2.1.13 */
	{ SK_EXT_TNAUTH,       "\x2b\x06\x01\x05\x05\x07\x01\x1a" }, /* RFC 8226, 9        */
	{ SK_EXT_CONSTRAINTS,  "\x2b\x06\x01\x05\x05\x07\x01\x1b" }, /* RFC 8226, 8        */
	{ SK_EXT_ECONSTRAINTS, "\x2b\x06\x01\x05\x05\x07\x01\x21" }, /* RFC 9118, 4        */
};
/* clang-format on */

enum sk_ext sk_x509_ext_kind(const X509_EXTENSION *ext)
{
	/* the argument is only read; OpenSSL 3.0 leaves out the const */
	const ASN1_OBJECT *object = X509_EXTENSION_get_object((X509_EXTENSION *)(uintptr_t)ext);
	const struct sk_span oid = { (const char *)OBJ_get0_data(object), OBJ_length(object) };

	for (size_t i = 0; i < SK_COUNT(known); i++)
		if (sk_span_eq(oid, sk_span_of(known[i].oid)))
			return known[i].kind;

	return SK_EXT_OTHER;
}

struct sk_der sk_x509_ext_value(const X509_EXTENSION *ext)
{
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data((X509_EXTENSION *)(uintptr_t)ext);

	return (struct sk_der){ ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value) };
}

size_t sk_x509_find(const X509 *cert, enum sk_ext kind, struct sk_der *value)
{
	const int count = X509_get_ext_count(cert);
	size_t found = 0;

	for (int i = 0; i < count; i++) {
		const X509_EXTENSION *ext = X509_get_ext(cert, i);

		if (sk_x509_ext_kind(ext) == kind && found++ == 0)
			*value = sk_x509_ext_value(ext);
	}
	return found;
}

enum sk_err sk_x509_tnauth(const X509 *cert, bool *present, struct sk_tnauth *out)
{
	struct sk_der value = { 0 };
	const size_t count = sk_x509_find(cert, SK_EXT_TNAUTH, &value);

	/* RFC 5280, 4.2: no extension twice */
	if (count > 1)
		return SK_CERT_TNAUTH;
	if (count == 1 && sk_tnauth_parse(value.ptr, value.len, out))
		return SK_CERT_TNAUTH;

	*present = count == 1;
	return SK_OK;
}

/* Days since the epoch, for the Gregorian calendar; a year starts in March here, so that the day a
 * leap year adds is its last */
static int64_t civil_days(int64_t year, int64_t month, int64_t day)
{
	const int64_t y = month <= 2 ? year - 1 : year;
	const int64_t m = month <= 2 ? month + 9 : month - 3;

	/* 719468 days lie between 1 March of the year 0 and 1970 */
	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

bool sk_x509_time(const ASN1_TIME *in, int64_t *out)
{
	struct tm tm;

	if (!in || ASN1_TIME_to_tm(in, &tm) != 1)
		return false;

	*out = civil_days(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) * 86400 +
	       tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
	return true;
}

/* RFC 5480, 2.1.1: id-ecPublicKey with a named curve.  Explicit parameters (an OID is missing) are
 * how one passes off a group of one's own as P-256 */
enum sk_curve sk_x509_curve(const X509 *cert)
{
	ASN1_OBJECT *algorithm = NULL;
	const void *curve = NULL;
	X509_ALGOR *algor = NULL;
	int type = V_ASN1_UNDEF;

	X509_PUBKEY_get0_param(&algorithm, NULL, NULL, &algor, X509_get_X509_PUBKEY(cert));
	X509_ALGOR_get0(NULL, &type, &curve, algor);
	if (OBJ_obj2nid(algorithm) != NID_X9_62_id_ecPublicKey || type != V_ASN1_OBJECT)
		return SK_CURVE_OTHER;

	switch (OBJ_obj2nid(curve)) {
	case NID_X9_62_prime256v1:
		return SK_CURVE_P256;
	case NID_secp384r1:
		return SK_CURVE_P384;
	default:
		return SK_CURVE_OTHER;
	}
}

/* OpenSSL has no key for this certificate: is the point bad, or was there no memory? */
static enum sk_err probe_point(const X509 *cert, int curve)
{
	SK_CLEANUP(EC_GROUP_free_p) EC_GROUP *group = EC_GROUP_new_by_curve_name(curve);
	SK_CLEANUP(EC_POINT_free_p) EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	const unsigned char *bytes = NULL;
	int len = 0;

	X509_PUBKEY_get0_param(NULL, &bytes, &len, NULL, X509_get_X509_PUBKEY(cert));
	if (!point)
		return SK_ENOMEM;
	if (EC_POINT_oct2point(group, point, bytes, (size_t)len, NULL) == 1)
		return SK_ENOMEM;

	return sk_crypto_memory() ? SK_ENOMEM : SK_OK;
}

/* OpenSSL reads and keeps the extensions on the first question about purposes */
static bool extensions_fail(X509 *cert)
{
	(void)X509_check_purpose(cert, -1, 0);

	return X509_get_extension_flags(cert) & (EXFLAG_INVALID | EXFLAG_NO_FINGERPRINT);
}

/* A certificate whose extensions fail: does a copy of it fare better? */
static enum sk_err probe_extensions(X509 *cert)
{
	SK_CLEANUP(X509_free_p) X509 *copy = X509_dup(cert);

	if (!copy || !extensions_fail(copy))
		return SK_ENOMEM;

	return SK_OK;
}

enum sk_err sk_x509_settle(X509 *cert)
{
	const enum sk_curve curve = sk_x509_curve(cert);
	enum sk_err err = SK_OK;

	ERR_clear_error();
	if (curve != SK_CURVE_OTHER && !X509_get0_pubkey(cert))
		err = probe_point(cert,
				  curve == SK_CURVE_P256 ? NID_X9_62_prime256v1 : NID_secp384r1);
	if (!err && extensions_fail(cert))
		err = probe_extensions(cert);
	if (!err && sk_crypto_memory())
		err = SK_ENOMEM;

	return err;
}
