/**
 * @file profile.h  Where the documents disagree: three rows of choices, and what an outcome
 *                  means by them
 *
 * `atis`, `rfc8224` and `man` (the French MAN) are rows of a table; every choice may
 * be set by itself.  Nobody else asks which profile a tenant has.
 */
#pragma once

#include "config/conf.h"
#include "shaken/err.h"

#include <stdbool.h>

/** All choices of a tenant, settled: no BY_PROFILE left. */
struct profile {
	enum conf_orig_source orig_source;
	enum conf_date_check date_check;
	bool alg_required;
	bool extra_params_refused;
	bool unknown_ppt_refused;
	bool identity_required; /**< no Identity: 428                                          */
	bool sign_bypass;   /**< P-Identity-Bypass in an answer when we cannot sign            */
	bool verify_bypass; /**< ... and in a request it stands for a missing Identity         */
	bool diversion;     /**< Diversion makes A a C; more than 5 are a loop                 */
	enum conf_reason reason; /**< never REASON_BY_PROFILE                                  */
	unsigned header_claim_code, typ_code, constraint_code; /**< 436, 437 or 438         */
	enum sk_verstat verstat[SK_ERR_COUNT]; /**< what is said of the number for each outcome;
						  PASSED for SK_OK alone                  */
};

/**
 * In verify.verstat a key is a class of err.h ("token") or an outcome ("SK_IAT_STALE"), which
 * counts more than its class.
 *
 * @param why  On failure the reason: a key that is neither, a fault of ours as failed, a code
 *             that no document has, a bypass-value that is no token
 */
SK_MUSTCHECK
bool profile_settle(const struct tenant_conf *conf, struct profile *out, char why[256]);

/** The row of an outcome as this profile has it: code, phrase and verstat may differ. */
struct sk_outcome profile_outcome(const struct profile *profile, enum sk_err err);
