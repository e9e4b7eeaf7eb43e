/**
 * @file crl.h  Is a certificate revoked?  (RFC 5280, section 6.3); private to the library
 *
 * OpenSSL's own check wants a list and a certificate to end in the same root;
 * the list for all of SHAKEN is an indirect one, signed by the policy
 * administrator, under a root of its own (ATIS-1000080).  So the lists are judged
 * here:
 *
 * - A list counts when an anchor, a certificate of the path, or the administrator
 *   signed it: one that has the list's issuer as its subject and may sign lists.  A
 *   forged list, or one of a stranger, counts as missing.
 * - A list speaks for the certificates of its own issuer; an indirect one also for
 *   those that name its issuer, and for all when the administrator signed it.
 * - A certificate on a list that counts and speaks for it is revoked, also when the
 *   list is out of date.
 * - With `crl_required` each certificate below the anchor needs such a list, in date
 *   (or in its grace), of the same distribution point, and of a signer whose own
 *   certificate is valid now; else a missing or late list is no failure.
 */
#pragma once

#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/path.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SK_CRL_MAX = 512,  /**< most lists of one trust object                           */
	SK_CRL_SKEW = 300, /**< seconds: a list from further ahead is not taken over     */
};

struct sk_crl {
	X509_CRL *list;
	int64_t this_update, next_update; /**< next_update: INT64_MIN when the list says none */
	ISSUING_DIST_POINT *scope;        /**< NULL: says nothing                             */
	bool indirect;                    /**< entries may name other issuers                 */
	bool only_leaves, only_issuers;   /**< what the list is about                         */
	bool partial;                     /**< delta, some reasons only, or not understood    */
};

struct sk_crls {
	size_t count;
	struct sk_crl items[SK_CRL_MAX];
};

/** Free all lists but the first `keep`. */
void sk_crls_drop(struct sk_crls *crls, size_t keep);

/**
 * Take a list over.
 *
 * @param list  Owned by `crls` on success, by the caller on failure
 *
 * @return SK_OK, SK_CRL_INVALID (malformed, or one too many), SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err sk_crls_add(struct sk_crls *crls, X509_CRL *list);

/** @return SK_OK, SK_CERT_REVOKED, SK_CRL_INVALID (only with `crl_required`), SK_ENOMEM */
SK_MUSTCHECK
enum sk_err sk_crls_check(const struct sk_crls *crls, const struct sk_path *path,
			  const struct sk_trust_rules *rules, int64_t now);

/**
 * May `fresh` take the place of `held`?  See sk_trust_review_crls().
 *
 * @param path  Anchors and signers; its certificates are not looked at
 */
SK_MUSTCHECK
enum sk_err sk_crls_review(const struct sk_crls *fresh, const struct sk_crls *held,
			   const struct sk_path *path, int64_t now);

/** The earliest end of a list that is not before `from`; INT64_MAX: none ends. */
int64_t sk_crls_next_end(const struct sk_crls *crls, int64_t from);
