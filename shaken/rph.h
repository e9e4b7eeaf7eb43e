/**
 * @file rph.h  Who may have priority: the rph and sph claims (RFC 8443; RFC 9027)
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
	SK_RPH_MAX = 8,   /**< most values of one claim           */
	SK_RPH_SIZE = 64, /**< longest value, terminator included */
};

struct sk_rph {
	char auth[SK_RPH_MAX][SK_RPH_SIZE]; /**< r-values, "esnet.1" */
	size_t count;                       /**< at least 1          */
	bool psap_callback;                 /**< sph: only with esnet (RFC 9027, 4.2) */
};

/**
 * The claims of a token whose other claims were read already.
 *
 * @return SK_OK; SK_CLAIM_MISSING (no rph, or no auth in it), SK_CLAIM_TYPE, SK_TOKEN_SYNTAX,
 * SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err sk_rph_read(const struct sk_token *token, struct sk_rph *out);

/**
 * Does the claim authorize every value of a Resource-Priority header (RFC 4412: a list
 * with commas, compared without case)?
 */
SK_MUSTCHECK
bool sk_rph_covers(const struct sk_rph *rph, struct sk_span header);

/**
 * The claim for a header, from what is allowed: "esnet.0" or "ets.*".
 *
 * @param allowed  NUL-terminated texts
 *
 * @return false: no value of the header is allowed, or it is malformed
 */
SK_MUSTCHECK
bool sk_rph_select(struct sk_span header, char *const *allowed, size_t count, struct sk_rph *out);

/** Could it be signed?  1 to SK_RPH_MAX values that are r-values, sph only with esnet. */
SK_MUSTCHECK
bool sk_rph_check(const struct sk_rph *rph);

/** For sk_claims_print(): the member rph, its values sorted, and sph. */
void sk_rph_print(const struct sk_rph *rph, struct sk_buf *out);
