/**
 * @file verify.h  Is this PASSporT good for this call?  (RFC 8224, 6.2; RFC 8588;
 * ATIS-1000074, 5.3)
 *
 * Two ladders, because the certificate comes between them: what is cheap is
 * judged before a stranger can make us fetch anything, crypto comes last, and
 * the first failure is the answer.  The order of the checks is the specification.
 */
#pragma once

#include "shaken/cert.h"
#include "shaken/err.h"
#include "shaken/identity.h"
#include "shaken/macro.h"
#include "shaken/passport.h"
#include "shaken/tn.h"
#include "shaken/trust.h"
#include "shaken/url.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SK_CALLERS_MAX = 3, /**< P-Asserted-Identity twice and From */
};

/** Choices on which the documents differ. */
struct sk_verify_policy {
	int64_t max_age;           /**< how old iat may be, seconds; 60                      */
	int64_t div_max_age;       /**< the same inside a chain of diverted calls; 0: max_age */
	int64_t max_skew;          /**< how far ahead iat may be, seconds; 60                */
	bool alg_required;         /**< no alg parameter: SK_ALG_UNSUPPORTED (French MAN)    */
	bool extra_params_refused; /**< unknown parameters: SK_IDENTITY_PARAMS (French MAN)  */
	bool unknown_ppt_refused;  /**< unknown type: SK_PPT_PARAM instead of SK_PPT_UNKNOWN */
	enum sk_url_rules url_rules;
};

/** The numbers of the call, canonical. */
struct sk_call_parties {
	struct sk_party callers[SK_CALLERS_MAX]; /**< any of them may be the orig claim */
	size_t caller_count;
	struct sk_party called; /**< of the To header                  */
};

/**
 * First ladder, steps V4 to V13: from an Identity value to a token worth a
 * certificate.  Parameters, three parts of base64url, type, form, info, JOSE
 * header, x5u against info, typ, alg, ppt, payload.
 *
 * @param value  One Identity value (sk_identity_next()); must outlive `out`
 * @param out    Set on success; on failure `out->token` is set when the token
 *               could be cut, so that a report can name it
 *
 * @return SK_OK or the first failure; SK_PPT_UNKNOWN means: ignore this header
 */
SK_MUSTCHECK
enum sk_err sk_verify_token(struct sk_span value, const struct sk_verify_policy *policy,
			    struct sk_passport *out);

/**
 * The same steps for a token of another type: div (RFC 8946, 4.2, step 1), rph
 * (RFC 8443) or rcd (RFC 9795).  What is in rph and rcd is read by rph.h and rcd.h.
 *
 * @param ppt  SK_PPT_SHAKEN, SK_PPT_DIV, SK_PPT_RPH or SK_PPT_RCD; any other type is
 *             SK_PPT_PARAM
 */
SK_MUSTCHECK
enum sk_err sk_verify_token_of(struct sk_span value, enum sk_ppt ppt,
			       const struct sk_verify_policy *policy, struct sk_passport *out);

/** Step V14, both ways (RFC 8224, 6.2.4): not older than max_age, not further ahead than max_skew.
 */
SK_MUSTCHECK
bool sk_verify_fresh(int64_t iat, const struct sk_verify_policy *policy, int64_t now);

/**
 * First ladder, steps V14 to V16: freshness both ways, orig, dest, attest.
 *
 * @return SK_OK, SK_IAT_STALE, SK_ORIG_MISMATCH, SK_DEST_MISMATCH, SK_ATTEST_INVALID
 */
SK_MUSTCHECK
enum sk_err sk_verify_claims(const struct sk_claims *claims, const struct sk_call_parties *call,
			     const struct sk_verify_policy *policy, int64_t now);

/**
 * V14 and V15 of a div token: freshness both ways, orig.  Where it leads and what
 * it continues is div.h (RFC 8946, 4.2).
 *
 * Which token is the outermost is known only when the chain is: here every one may be
 * as old as div_max_age allows, and whoever follows the chain asks sk_verify_fresh()
 * of the outermost.  For the shaken token at the inner end the caller gives
 * sk_verify_claims() a policy whose max_age is div_max_age.
 *
 * @return SK_OK, SK_IAT_STALE, SK_ORIG_MISMATCH
 */
SK_MUSTCHECK
enum sk_err sk_verify_div_claims(const struct sk_claims *claims, const struct sk_call_parties *call,
				 const struct sk_verify_policy *policy, int64_t now);

/**
 * V14 and V15 of an rph or rcd token, which stands beside a shaken one: freshness both
 * ways, orig, dest (of an emergency call a number or a urn).
 *
 * @return SK_OK, SK_IAT_STALE, SK_ORIG_MISMATCH, SK_DEST_MISMATCH
 */
SK_MUSTCHECK
enum sk_err sk_verify_beside_claims(const struct sk_claims *claims,
				    const struct sk_call_parties *call,
				    const struct sk_verify_policy *policy, int64_t now);

/**
 * A signature that can never verify: not 64 bytes, r or s not in 1..n-1.  Asked before a
 * certificate is, so that nobody can make us fetch for it.
 *
 * @return SK_OK or SK_BAD_SIGNATURE
 */
SK_MUSTCHECK
enum sk_err sk_verify_shape(const struct sk_passport *passport);

/**
 * Second ladder, steps V18 and V19, when the chain itself was judged already
 * (`verdict`, of sk_trust_check(), kept with the chain): valid at iat, scope, constraints,
 * signature.
 *
 * Scope: a provider's certificate (service provider code) signs every type.  A
 * delegate's, which has numbers alone, signs no shaken token (SK_CERT_TNAUTH) and no rph
 * token (SK_CERT_SCOPE), but div of its number and rcd of its number (RFC 9060).
 */
SK_MUSTCHECK
enum sk_err sk_verify_signed(const struct sk_passport *passport, const struct sk_chain *chain,
			     enum sk_err verdict);

/** Second ladder, whole: sk_trust_check() and sk_verify_signed(). */
SK_MUSTCHECK
enum sk_err sk_verify_credential(const struct sk_passport *passport, const struct sk_chain *chain,
				 const struct sk_trust *trust, int64_t now);
