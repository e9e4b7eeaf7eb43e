/**
 * @file canonical.h  A token's JSON in exactly the form that RFC 8225, section 9, asks for
 *
 * Names sorted, no white space, and no claims but the usual ones: so every shaken token looks that
 * is made as it should be, and reading it costs a few comparisons.  Whatever looks otherwise is
 * for jansson to read (json.h), which finds the same in what is taken here.
 */
#pragma once

#include "shaken/claims.h"
#include "shaken/macro.h"
#include "shaken/passport.h"
#include "shaken/span.h"

/**
 * {"alg":"ES256","ppt":...,"typ":"passport","x5u":...}
 *
 * @param out  Set only on success
 *
 * @return false: it looks otherwise, which says nothing against it
 */
SK_MUSTCHECK
bool sk_canonical_jose(struct sk_span text, struct sk_jose *out);

/**
 * {"attest":...,"dest":{"tn":[...]},"iat":...,"orig":{"tn":...},"origid":...}, attest being A, B
 * or C.  There is no div in it.
 *
 * @param out  Set only on success, of `dest` as many as there are
 *
 * @return false: it looks otherwise, which says nothing against it
 */
SK_MUSTCHECK
bool sk_canonical_claims(struct sk_span text, struct sk_claims *out);
