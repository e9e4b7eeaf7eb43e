/**
 * @file trust.h  May this chain sign SHAKEN PASSporTs?  (RFC 5280; RFC 8226; ATIS-1000080)
 *
 * First OpenSSL's path validation to our anchors (strict; the system's own trust
 * store is never used), then the checks that OpenSSL does not make: P-256 and
 * ecdsa-with-SHA256 through the chain, a leaf that is no CA and has the critical
 * key usage digitalSignature only, exactly one TNAuthList with one service
 * provider code, v3, no unknown critical extension.
 *
 * Built up once, then only read: a reload builds a new one.
 */
#pragma once

#include "shaken/cert.h"
#include "shaken/err.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What to do with findings of the certificate profile beyond the musts (standards differ by CA).
 */
enum sk_profile_mode {
	SK_PROFILE_OFF,    /**< do not look            */
	SK_PROFILE_WARN,   /**< report, accept         */
	SK_PROFILE_STRICT, /**< refuse                 */
};

enum {
	SK_FINDINGS_MAX = 24, /**< most findings of one chain */
};

/** Why a chain is not as the profile wants it: texts for people, living for ever. */
struct sk_findings {
	size_t count;
	const char *text[SK_FINDINGS_MAX];
};

struct sk_trust_rules {
	enum sk_profile_mode profile;
	bool allow_p384_issuers; /**< P-384 keys and SHA-384 signatures above the leaf */
	bool allow_delegates;    /**< TNAuthList with numbers (RFC 9060), not just one SPC */
	/**
	 * Refuse a chain when a certificate below the anchor has no CRL that is in date,
	 * signed by an anchor or by the path, and about it.  Without this rule a CRL is
	 * not missed: one that is forged counts as missing, one out of date still revokes.
	 */
	bool crl_required;
};

struct sk_trust;

SK_MUSTCHECK
enum sk_err sk_trust_new(const struct sk_trust_rules *rules, struct sk_trust **out);
void sk_trust_free(struct sk_trust *trust);
SK_DEFINE_CLEANUP(struct sk_trust, sk_trust_free)

/**
 * Add anchors: one or more PEM certificates.  Each must be a CA.
 *
 * @param count  Set to how many were added, only on success; may be NULL
 *
 * @return SK_OK, SK_CERT_SYNTAX (none in it, or one is malformed or no CA), SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err sk_trust_add_anchors(struct sk_trust *trust, const char *pem, size_t len,
				 size_t *count);

/**
 * Add revocation lists: one or more PEM blocks, or one list in DER.  Also
 * indirect lists; who signed a list is checked when a chain is.
 *
 * @return SK_OK, SK_CRL_INVALID or SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err sk_trust_add_crls(struct sk_trust *trust, const char *text, size_t len, size_t *count);

/** How many anchors there are. */
size_t sk_trust_anchors(const struct sk_trust *trust);

/**
 * Judge a chain at a time.
 *
 * @param now       Seconds since the epoch
 * @param findings  What the profile finds, also in an accepted chain; may be NULL
 *
 * @return SK_OK; SK_CERT_UNTRUSTED, SK_CERT_INVALID, SK_CERT_EXPIRED,
 *         SK_CERT_NOT_YET, SK_CERT_REVOKED, SK_CRL_INVALID, SK_CERT_PROFILE,
 *         SK_CERT_TNAUTH; SK_ENOMEM, SK_ECRYPTO
 */
SK_MUSTCHECK
enum sk_err sk_trust_check(const struct sk_trust *trust, const struct sk_chain *chain, int64_t now,
			   struct sk_findings *findings);

/** The profile's findings alone, without any trust: for `shaken cert`. */
void sk_profile_check(const struct sk_chain *chain, const struct sk_trust_rules *rules,
		      struct sk_findings *findings);
