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
 * What RFC 5280 itself demands of a path is a must in every mode, such as an
 * authorityKeyIdentifier, or a critical basicConstraints in a CA. */
enum sk_profile_mode {
	SK_PROFILE_OFF,    /**< do not look            */
	SK_PROFILE_WARN,   /**< report, accept         */
	SK_PROFILE_STRICT, /**< refuse                 */
};

enum {
	SK_FINDINGS_MAX = 24, /**< most findings of one chain              */
	SK_POLICIES_MAX = 16, /**< most policies that one trust knows      */
	SK_OID_MAX = 31,      /**< bytes of the DER of an object identifier */
};

/** An object identifier, as in DER without tag and length. */
struct sk_oid {
	uint8_t len, der[SK_OID_MAX];
};

/** "2.16.840.1.114569.1.1.4"  @return false: it is none, or too long; `out` is then untouched */
SK_MUSTCHECK
bool sk_oid_parse(const char *text, struct sk_oid *out);

/** Why a chain is not as the profile wants it: texts for people, living for ever. */
struct sk_findings {
	size_t count;
	const char *text[SK_FINDINGS_MAX];
};

struct sk_trust_rules {
	enum sk_profile_mode profile;
	/** The certificate policies of which a chain has one; none at all: those of ATIS-1000080.
	 */
	struct sk_oid policies[SK_POLICIES_MAX];
	size_t policy_count;
	bool allow_p384_issuers; /**< P-384 keys and SHA-384 signatures above the leaf */
	bool allow_delegates;    /**< TNAuthList with numbers (RFC 9060), not just one SPC */
	/**
	 * Refuse a chain when a certificate below the anchor has no CRL that is in date,
	 * signed by an anchor or by the path, and about it.  Without this rule a CRL is
	 * not missed: one that is forged counts as missing, one out of date still revokes.
	 */
	bool crl_required;
	/** With crl_required: a list counts so many seconds after its end, too. */
	int64_t crl_grace;
	/** With crl_required: a missing list is tolerated before this moment (seconds since the
	 * epoch): a service that has just started may not have it yet. */
	int64_t crl_missing_until;
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

/**
 * Add certificates whose holders may sign revocation lists, and nothing else: the
 * policy administrator's (ATIS-1000080: the indirect list of all of SHAKEN has a
 * trust path of its own).  Their indirect lists speak for all issuers.
 *
 * @return As sk_trust_add_anchors(), but a certificate need be no CA: keyUsage cRLSign is enough
 */
SK_MUSTCHECK
enum sk_err sk_trust_add_crl_signers(struct sk_trust *trust, const char *pem, size_t len,
				     size_t *count);

/**
 * May these revocation lists take the place of those held so far?  Each is signed by
 * an anchor or by one of sk_trust_add_crl_signers() that is valid now, is not from
 * tomorrow, and none of the same issuer in `held` is newer; and no issuer of `held` is
 * missing.
 *
 * @param held  What was held so far, empty: nothing; one that cannot be read is passed over
 * @param ends  Set on success: the earliest end of a list, maybe past; INT64_MAX: none says one
 *
 * @return SK_OK, SK_CRL_INVALID, SK_CERT_UNTRUSTED, SK_CERT_EXPIRED (who signed it),
 *         SK_REPLAYED (older), SK_CERT_SCOPE (an issuer is missing), SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err sk_trust_review_crls(const struct sk_trust *trust, struct sk_span fresh,
				 struct sk_span held, int64_t now, int64_t *ends);

/** With crl_required: the last moment from `now` on for which a chain is judged as it is now;
 * then a list or the tolerance has ended.  INT64_MAX: nothing ends. */
int64_t sk_trust_changes_at(const struct sk_trust *trust, int64_t now);

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

/**
 * Of a chain that has a path to an anchor keep the path and nothing else: the other
 * certificates of its file are memory that a stranger fills, 40 times the file's size.
 */
void sk_trust_trim(const struct sk_trust *trust, struct sk_chain *chain, int64_t now);

/** The profile's findings alone, without any trust: for `shaken cert`. */
void sk_profile_check(const struct sk_chain *chain, const struct sk_trust_rules *rules,
		      struct sk_findings *findings);
