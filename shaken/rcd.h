/**
 * @file rcd.h  Who calls, in words: the rcd, rcdi and crn claims (RFC 9795)
 *
 * May stand in a token of type rcd or inside a shaken one.  Nothing that a claim
 * points at is ever fetched; digests of inline content are checked, digests of
 * what is elsewhere are left alone.
 */
#pragma once

#include "shaken/buf.h"
#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/passport.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	SK_RCD_TEXT_SIZE = 256,  /**< longest name or reason, UTF-8, terminator included */
	SK_RCD_DIGESTS_MAX = 32, /**< most digests in rcdi                               */
};

struct sk_rcd {
	char nam[SK_RCD_TEXT_SIZE]; /**< "" when the claim says so: it must be there */
	char apn[SK_RCD_TEXT_SIZE]; /**< "": none                                    */
	char icn[SK_URL_MAX + 1];   /**< "": none                                    */
	char crn[SK_RCD_TEXT_SIZE]; /**< "": none                                    */
	bool card;                  /**< has jcd or jcl; never printed               */
	bool digests;               /**< has rcdi; printed: of nam and apn           */
};

/**
 * Read and check: nam there, jcd and jcl not both, rcdi only with rcd and each digest
 * sha256-, sha384- or sha512- of the JSON that its pointer names (inline: nam, apn, icn's
 * text where it is no reference, jcd).  No control characters in any text, at most
 * SK_RCD_DIGESTS_MAX digests.  A pointer (RFC 6901) starts at the rcd claim; one that names
 * nothing is refused.
 *
 * @return SK_OK; SK_CLAIM_MISSING (no rcd claim), SK_RCD_INVALID, SK_TOKEN_SYNTAX, SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err sk_rcd_read(const struct sk_token *token, struct sk_rcd *out);

/** Could it be printed?  UTF-8 without control characters in all texts, terminated in their arrays.
 */
SK_MUSTCHECK
bool sk_rcd_check(const struct sk_rcd *rcd);

/** For sk_claims_print(): the members rcd and, with `digests`, rcdi.  crn stands elsewhere. */
void sk_rcd_print(const struct sk_rcd *rcd, struct sk_buf *out);
