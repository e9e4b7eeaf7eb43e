/**
 * @file x509.h  Facts of one certificate that OpenSSL has no question for; private to the library
 */
#pragma once

#include "shaken/der.h"
#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/tnauth.h"

#include <openssl/x509.h>
#include <stdbool.h>

enum sk_curve {
	SK_CURVE_OTHER, /**< RSA, explicit parameters, any other group */
	SK_CURVE_P256,
	SK_CURVE_P384,
};

/** The extensions that the profile knows (ATIS-1000080; RFC 8226; RFC 9118). */
enum sk_ext {
	SK_EXT_OTHER,
	SK_EXT_BASIC,
	SK_EXT_KEY_USAGE,
	SK_EXT_SKI,
	SK_EXT_AKI,
	SK_EXT_POLICIES,
	SK_EXT_CRLDP,
	SK_EXT_TNAUTH,       /**< 1.3.6.1.5.5.7.1.26 */
	SK_EXT_CONSTRAINTS,  /**< ...27              */
	SK_EXT_ECONSTRAINTS, /**< ...33              */
	SK_EXT_COUNT,
};

/**
 * Do now what OpenSSL does late: keys and extensions decoded and kept in the
 * object.  A failed allocation there would look like a bad certificate for ever.
 *
 * @return SK_OK, also for a certificate that is bad; SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err sk_x509_settle(X509 *cert);

/** Seconds since the epoch.  @return false for NULL or what is no time; `out` is then untouched */
SK_MUSTCHECK
bool sk_x509_time(const ASN1_TIME *in, int64_t *out);

/** What the key's algorithm and parameters say; whether the point is on the curve is not looked at.
 */
enum sk_curve sk_x509_curve(const X509 *cert);

enum sk_ext sk_x509_ext_kind(const X509_EXTENSION *ext);

/** The bytes of an extension; they live as long as the certificate. */
struct sk_der sk_x509_ext_value(const X509_EXTENSION *ext);

/** How many extensions of this kind; `value` is set to that of the first, if any. */
size_t sk_x509_find(const X509 *cert, enum sk_ext kind, struct sk_der *value);

/**
 * Read the TNAuthList.
 *
 * @param present  Set to whether there is one, only on success
 * @param out      Set when there is one
 *
 * @return SK_OK; SK_CERT_TNAUTH when it is malformed or there twice
 */
SK_MUSTCHECK
enum sk_err sk_x509_tnauth(const X509 *cert, bool *present, struct sk_tnauth *out);
