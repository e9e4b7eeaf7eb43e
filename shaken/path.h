/**
 * @file path.h  From a leaf to an anchor (RFC 5280, section 6); private to the library
 */
#pragma once

#include "shaken/cert.h"
#include "shaken/trust.h"

#include <openssl/x509.h>

enum {
	SK_PATH_MAX = SK_CERT_MAX + 1, /**< the certificates of a file, and an anchor */
};

/** A path that was validated.  Borrows from the chain and the anchors. */
struct sk_path {
	X509 *certs[SK_PATH_MAX];       /**< leaf first, anchor last */
	size_t count;                   /**< at least 2              */
	const STACK_OF(X509) * anchors; /**< all there are           */
};

/**
 * Build and validate a path by OpenSSL's rules, the strict ones.  Sets `certs`
 * and `count` of `out`, only on success.
 *
 * @return SK_OK; SK_CERT_UNTRUSTED, SK_CERT_INVALID, SK_CERT_EXPIRED,
 *         SK_CERT_NOT_YET; SK_ENOMEM, SK_ECRYPTO
 */
SK_MUSTCHECK
enum sk_err sk_path_validate(X509_STORE *store, const struct sk_trust_rules *rules,
			     const struct sk_chain *chain, int64_t now, struct sk_path *out);
