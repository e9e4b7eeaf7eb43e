/**
 * @file attest.h  What is known of the calling number, and what we may say of the caller
 *
 * Order of the attestation: a header of sign.attest-headers from a trunk with `may-say` or
 * from sign.attest-sources; with sign.by-number what the number store has for the number and
 * the trunk's customer; the trunk's `attest`; sign.attest.  A store that fails blocks no call, and
 * nobody gets an A then that it could not confirm: an A of trunk or tenant becomes a B.
 */
#pragma once

#include "redirector/call/call.h"

/**
 * First in a call, for signing and verifying: fills `trunk` (function.h), `lists`, `listed`,
 * `customer`, `dummy`, `caller`.  Reads the number by the rules of policy_parties().
 *
 * @return SK_OK; SK_DUMMY; SK_LISTED: a list that blocks has the number (or ALLOW_ONLY, and the
 *         allow list has it not)
 */
SK_MUSTCHECK
enum sk_err attest_look(struct call *call);

/**
 * The numbers as the request says them: of a call to be signed by policy_signed_parties(), else by
 * policy_parties().  Known as soon as `task` and `trunk` are.
 *
 * @return SK_OK or SK_REQUEST_SYNTAX
 */
SK_MUSTCHECK
enum sk_err attest_parties(const struct call *call, struct sk_call_parties *out);

/**
 * Of a call with claims: sets claims.attest, and with sign.by-number `number` and `customer`.  A
 * Diversion lowers it (policy_lowered()).
 *
 * @return SK_OK or SK_NO_ATTEST
 */
SK_MUSTCHECK
enum sk_err attest_decide(struct call *call);

/** The name of the credential to sign with, after attest_decide(): of sign.credential-header where
 * it counts, of the trunk, of the number store; empty: none of them says one. */
struct sk_span attest_credential(const struct call *call);

/** The provider code whose credential signs when none is named: of sign.spc-header where it counts,
 * of the trunk; empty: none of them says one. */
struct sk_span attest_spc(const struct call *call);

/** Do the headers of this request count that say something for the signature? */
SK_MUSTCHECK
bool attest_may_say(const struct call *call);
