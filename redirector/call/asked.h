/**
 * @file asked.h  What somebody asks outright, without a request of SIP: numbers and claims
 *
 * By HTTP the parties of a call are members of JSON and not header fields.  A call that has one of
 * these (call.h, `asked`) takes from it what it would read from From, To, P-Asserted-Identity, Date
 * and the headers of sign.*; everything after that is the same path: task, number store, limits,
 * attestation of the tenant, credential, order of checks, outcome, record, counters.
 *
 * Parties are canonical already, by the tenant's dialplan (sk_party_from_number(), or
 * sk_party_from_uri() for URIs): who fills it refuses what is none, in the words of his interface.
 */
#pragma once

#include "redirector/call/policy.h"
#include "redirector/call/tenant.h"
#include "shaken/shaken.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ASKED_TO_MAX = SK_DEST_MAX, /**< called parties */
};

struct asked {
	const char *interface, *client; /**< through which door, and who: for the record; lives as
					     long as the call.  The desk fills them         */
	enum task task;       /**< TASK_SIGN or TASK_VERIFY: whatever tenant.mode says     */
	struct sk_party from; /**< the calling party                                       */
	struct sk_party to[ASKED_TO_MAX]; /**< called parties, as asked                    */
	size_t to_count;                  /**< at least 1                                  */
	bool has_time;                    /**< `time` was said                             */
	int64_t time; /**< to sign: iat; to verify: when the call was, in the place of Date     */

	/* to sign */
	enum sk_ppt ppt;       /**< SK_PPT_SHAKEN, SK_PPT_DIV or SK_PPT_RPH               */
	enum sk_attest attest; /**< SK_ATTEST_NONE: by the tenant's own rules             */
	enum sk_attest best;   /**< what these rules come to is no better; SK_ATTEST_NONE: whatever
				    it is.  The desk fills it                                */
	char origid[SK_ORIGID_SIZE]; /**< a UUID; "": made by us                                */
	struct sk_party div;         /**< of SK_PPT_DIV; else kind SK_PARTY_NONE                */
	const struct sk_rph *rph;    /**< of SK_PPT_RPH, all allowed by sign.rph; NULL: none    */
	struct sk_span
		x5u; /**< the credential with this address signs; empty: by the usual rules */

	/* to verify */
	struct sk_party target; /**< where the call goes (the Request-URI), for chains of div;
				     kind SK_PARTY_NONE: to[0]                                */
};

/** The numbers, as policy_parties() has them of a request: a calling party that is no number
 * leaves none; of several called parties the first. */
void asked_parties(const struct asked *asked, struct sk_call_parties *out);

/** May the tenant have all of these priorities signed (sign.rph)?  Of a request of SIP what is not
 * allowed is left out; who asks outright gets what he asked for, or nothing. */
SK_MUSTCHECK
bool asked_priority_allowed(const struct tenant *tenant, const struct sk_rph *rph);

/**
 * The claims to sign, as policy_claims() has them of a request; of shaken without attest.
 *
 * @param id   Unique to this question: for an origid of ours
 * @param now  Seconds since the epoch
 *
 * @return SK_OK, SK_NO_ORIG, SK_NO_DEST, SK_DATE_STALE, SK_CLAIM_MISSING (div, or rph:
 * none, or one that sign.rph does not allow)
 */
SK_MUSTCHECK
enum sk_err asked_claims(const struct tenant *tenant, const struct asked *asked,
			 const uint8_t id[16], int64_t now, struct sk_claims *out);

/** Is the time of a call to verify fresh (verify.max-age, verify.max-skew)?  Only `strict` asks for
 * one.  @return SK_OK, SK_DATE_MISSING or SK_DATE_STALE */
SK_MUSTCHECK
enum sk_err asked_date(const struct tenant *tenant, const struct asked *asked, int64_t now);

/** The same as policy_date_covered(). */
SK_MUSTCHECK
enum sk_err asked_date_covered(const struct tenant *tenant, const struct asked *asked,
			       const struct sk_chain *chain);

/** Where the call goes.  @return true: not to to[0] */
SK_MUSTCHECK
bool asked_is_diverted(const struct asked *asked, struct sk_party *target);

/** Is every called party that was asked for in `dest`?  The first was compared already. */
SK_MUSTCHECK
bool asked_dest_has_all(const struct asked *asked, const struct sk_claims *claims);
