/**
 * @file policy.h  What to do with a call, and by which numbers: pure rules over facts
 */
#pragma once

#include "redirector/call/facts.h"
#include "redirector/call/tenant.h"
#include "shaken/shaken.h"

enum task {
	TASK_PASS, /**< nothing to sign, nothing to verify */
	TASK_SIGN,
	TASK_VERIFY,
};

/** By mode; `auto` verifies when an Identity is there, or a P-Identity-Bypass in its stead. */
enum task policy_task(const struct tenant *tenant, const struct facts *facts);

/** "pass", "sign" or "verify" */
const char *policy_task_name(enum task task);

/**
 * The numbers of the call: the called party of the To header, never of the
 * Request-URI (RFC 8224, 4.1); the calling party by orig-source.
 *
 * @param role  SK_ROLE_ORIG for signing and verifying alike: only a full number
 *              can be signed
 *
 * @return SK_OK or SK_REQUEST_SYNTAX.  `caller_count` may be 0, `called` of kind
 *         SK_PARTY_NONE.
 */
SK_MUSTCHECK
enum sk_err policy_parties(const struct tenant *tenant, const struct facts *facts,
			   struct sk_call_parties *out);

/**
 * The same for a call that is to be signed: with `may_say`, sign.orig-header and sign.dest-header
 * where they are there.  One that cannot be read leaves nobody in its place.
 */
SK_MUSTCHECK
enum sk_err policy_signed_parties(const struct tenant *tenant, const struct facts *facts,
				  bool may_say, struct sk_call_parties *out);

/**
 * The header field that stands for the calling party in the answer's
 * P-Asserted-Identity.
 *
 * @param proven  The orig claim of the PASSporT that passed: then only a field that
 *                says this number; NULL: nothing passed
 */
struct sk_span policy_caller_value(const struct tenant *tenant, const struct facts *facts,
				   const struct sk_party *proven);

/**
 * The claims to sign but attest, in the order of RFC 8224, 6.1.
 *
 * @param may_say  Headers of the request may say orig, dest and origid (sign.orig-header, ...):
 *                 the "agnostic" model
 * @param out      Complete only with SK_OK
 *
 * @return SK_OK, SK_REQUEST_SYNTAX, SK_SIGNED_ALREADY, SK_INCOMPLETE, SK_DIVERSIONS,
 *         SK_NO_ORIG, SK_NO_DEST, SK_DATE_SYNTAX, SK_DATE_STALE
 */
SK_MUSTCHECK
enum sk_err policy_claims(const struct tenant *tenant, const struct facts *facts, bool may_say,
			  struct sk_claims *out);

/** Is the time that is said for a signature within a minute of ours (RFC 8224, 6.1, step 3)? */
SK_MUSTCHECK
bool policy_is_near(int64_t date, int64_t now);

/** The origid: of sign.origid `fixed`; else `given` if it is a UUID; else made of `id`. */
void policy_origid(const struct tenant *tenant, struct sk_span given, const uint8_t id[16],
		   char out[SK_ORIGID_SIZE]);

/** May a shaken PASSporT be signed to this party? */
SK_MUSTCHECK
bool policy_is_signable(const struct sk_party *called);

/** A Diversion makes A a C where the profile says so (French MAN). */
enum sk_attest policy_lowered(const struct tenant *tenant, const struct facts *facts,
			      enum sk_attest attest);

/**
 * The Date of a request to verify, by date-check (RFC 8224, 6.2, step 3).  Only `strict` asks
 * for one.  A call that says why it has no Identity (SK_BYPASSED) needs no Date either.
 *
 * @return SK_OK, SK_DATE_SYNTAX, SK_DATE_MISSING or SK_DATE_STALE
 */
SK_MUSTCHECK
enum sk_err policy_date(const struct tenant *tenant, const struct facts *facts);

/**
 * With `strict` a Date lies within the validity of the certificate, too (French MAN).
 *
 * @return SK_OK, SK_CERT_NOT_YET or SK_CERT_EXPIRED
 */
SK_MUSTCHECK
enum sk_err policy_date_covered(const struct tenant *tenant, const struct facts *facts,
				const struct sk_chain *chain);

/**
 * What a request comes to in which there is no Identity, or none that counts.  call.c asks this
 * and looks at identity-required nowhere: with SK_NO_IDENTITY an outcome that it has already
 * (SK_PPT_UNKNOWN) stays, anything else takes its place.
 *
 * @return SK_BYPASSED (P-Identity-Bypass is there and the profile knows it),
 *         SK_IDENTITY_REQUIRED or SK_NO_IDENTITY
 */
SK_MUSTCHECK
enum sk_err policy_no_identity(const struct tenant *tenant, const struct facts *facts);

/** The type that an Identity value says it has; SK_PPT_NONE also for one that cannot be read. */
enum sk_ppt policy_identity_type(struct sk_span identity);

/** Is there an Identity of that type? */
SK_MUSTCHECK
bool policy_has_type(const struct facts *facts, enum sk_ppt ppt);

/**
 * Where the call is going: the Request-URI.
 *
 * @return true when it is not the party of the To header; a Request-URI without a user
 *         part is nobody, and then it is not known
 */
SK_MUSTCHECK
bool policy_is_diverted(const struct tenant *tenant, const struct facts *facts,
			const struct sk_party *called, struct sk_party *target);
