/**
 * @file identity.h  The Identity header field (RFC 8224, section 4)
 *
 * Takes a value apart; judges nothing.  Everything points into the text that
 * was given.
 */
#pragma once

#include "shaken/buf.h"
#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>

enum {
	SK_TOKEN_MAX = 8192, /**< longest token, bytes                       */
	SK_IDENTITY_MAX = 8, /**< most Identity values of one request        */
};

/** One Identity value.  A parameter that is not there has `ptr` NULL. */
struct sk_identity {
	struct sk_span token;  /**< "header.payload.signature", not looked at           */
	struct sk_span info;   /**< what stands between < and >, or without them */
	bool info_brackets;    /**< it stood between < and > */
	struct sk_span alg;    /**< quotes taken off                                     */
	struct sk_span ppt;    /**< quotes taken off                                     */
	unsigned extra_params; /**< parameters other than info, alg and ppt */
};

/**
 * Cut a field value into its Identity values.  The grammar has no comma list,
 * but some senders join fields: a comma outside of <> and "" separates.
 *
 * @param rest  The text still to be read; moved on behind the value found
 * @param one   The next value, white space at both ends taken off; may be empty
 *
 * @return false when nothing is left
 */
SK_MUSTCHECK
bool sk_identity_next(struct sk_span *rest, struct sk_span *one);

/**
 * Take one Identity value apart.  Parameter names in any case, white space (also
 * of folded lines) around `;` and `=`, quoted values, unknown parameters.
 *
 * @param out  Set only on success; points into `value`
 *
 * @return SK_OK, SK_TOKEN_SIZE, or SK_IDENTITY_SYNTAX (no token, white space in
 *         the token, an open quote or bracket, a repeated info, alg or ppt, a
 *         control character other than that of a fold)
 */
SK_MUSTCHECK
enum sk_err sk_identity_parse(struct sk_span value, struct sk_identity *out);
