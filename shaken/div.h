/**
 * @file div.h  Chains of diverted calls (RFC 8946, 4.2)
 *
 * Links only: which token continues which.  That every token of the chain is
 * signed by a trusted certificate is verify.h.
 */
#pragma once

#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/passport.h"

#include <stddef.h>

/**
 * Follow the chain: from the token whose dest is where the call is going, over
 * the token whose dest is that token's div, to a token that was not diverted.
 * orig must be equal in all.  The order of the headers means nothing.
 *
 * @param passports  Tokens of type shaken, none or div, taken apart
 * @param count      How many; at most SK_IDENTITY_MAX
 * @param target     Where the call is going: the Request-URI
 * @param chain      Gets the indices of the links, outermost first; room for `count`
 * @param links      Set to how many, only on success
 *
 * @return SK_OK or SK_DIV_BROKEN
 */
SK_MUSTCHECK
enum sk_err sk_div_follow(const struct sk_passport *passports, size_t count,
			  const struct sk_party *target, size_t *chain, size_t *links);

/**
 * The token nested in a div-o token (claim `opt`, RFC 8946, section 5).
 *
 * @param text  Set to the nested token, a copy in `buf`
 *
 * @return SK_OK, SK_DIV_BROKEN (not div-o, no opt), SK_TOKEN_SYNTAX, SK_TOKEN_SIZE, SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err sk_div_nested(const struct sk_passport *passport, char *buf, size_t size,
			  struct sk_span *text);
