/**
 * @file api_claim.h  Which claim of a token it was, for an answer that names it
 *
 * The checks stop at the first fault and say what kind it was (err.h); only an interface wants
 * the claim's name.  So it is looked for again, and only then.
 */
#pragma once

#include "shaken/shaken.h"

/**
 * @param identity  The Identity value that came to `err`
 *
 * @return For SK_HEADER_CLAIM one of "alg", "typ", "x5u", "ppt"; for SK_CLAIM_MISSING and
 *         SK_CLAIM_TYPE one of "attest", "dest", "div", "iat", "orig", "origid", "rph"; for
 *         SK_ORIG_MISMATCH "orig", for SK_DEST_MISMATCH "dest"; else "".  Lives for ever
 */
const char *api_claim(struct sk_span identity, enum sk_err err);
