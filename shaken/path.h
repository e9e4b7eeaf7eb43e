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
	X509 *certs[SK_PATH_MAX];       /**< leaf first, anchor last             */
	size_t count;                   /**< 1: the leaf is an anchor itself     */
	const STACK_OF(X509) * anchors; /**< all there are                       */
	const STACK_OF(X509) * signers; /**< who else may sign revocation lists  */
};

/** What a certificate that is trusted by configuration must be. */
enum sk_anchor {
	SK_ANCHOR_CA,     /**< may issue others                       */
	SK_ANCHOR_SIGNER, /**< may issue others or revocation lists   */
	SK_ANCHOR_ANY,    /**< any certificate: a path may begin there */
};

/**
 * Read the certificates of a PEM text.
 *
 * @param out  Empty at first; stays so on failure
 *
 * @return SK_OK, SK_CERT_SYNTAX (none in it, or one is malformed or not of this kind), SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err sk_anchors_read(const char *pem, size_t len, enum sk_anchor kind, STACK_OF(X509) * out);

/** An empty store with the strict rules.  @return NULL when out of memory */
X509_STORE *sk_store_new(void);

/** As sk_anchors_read(), into a store, which a failure leaves with a part of them. */
SK_MUSTCHECK
enum sk_err sk_store_add(X509_STORE *store, struct sk_span pem, enum sk_anchor kind);

/** A stack and all that is in it. */
static inline void sk_anchors_drop(STACK_OF(X509) * *certs)
{
	sk_X509_pop_free(*certs, X509_free);
}

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
