/**
 * @file passport.h  PASSporT tokens in full form (RFC 8225; RFC 7515)
 *
 * Text in, struct out.  Nothing here looks at the clock, at a key or at a
 * certificate: that is sign.h and verify.h.  Three steps, since checks against
 * the Identity header stand between them (verify.h has the order).
 */
#pragma once

#include "shaken/claims.h"
#include "shaken/err.h"
#include "shaken/identity.h"
#include "shaken/macro.h"
#include "shaken/span.h"
#include "shaken/url.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SK_SIG_LEN = 64, /**< an ES256 signature: r, then s (RFC 7518, 3.4) */
};

/** The three parts of a token.  All point into the token. */
struct sk_token {
	struct sk_span signed_part; /**< "header.payload" exactly as received: what was signed */
	struct sk_span header;      /**< base64url                                             */
	struct sk_span payload;     /**< base64url; empty in compact form                      */
	struct sk_span signature;   /**< base64url; may be empty                               */
	bool compact;               /**< "..signature" or "header..signature" (RFC 8225, 7)    */
};

/** The JOSE header (RFC 8225, section 4). */
struct sk_jose {
	bool typ_is_passport;     /**< typ is exactly "passport"                        */
	bool alg_is_es256;        /**< alg is exactly "ES256", a string                 */
	bool critical;            /**< has `crit`, or `b64`: we understand no extension */
	enum sk_ppt ppt;          /**< SK_PPT_NONE when there is none                   */
	char x5u[SK_URL_MAX + 1]; /**< NUL-terminated, without NUL inside               */
	size_t x5u_len;
};

/** A token that was taken apart.  Owns nothing. */
struct sk_passport {
	struct sk_token token; /**< points into the text that was parsed       */
	struct sk_jose jose;
	struct sk_claims claims;
	uint8_t sig[SK_SIG_LEN]; /**< set when `sig_len` is SK_SIG_LEN           */
	size_t sig_len;          /**< how many bytes the signature has; any other
				      length can never verify                    */
};

/**
 * Cut a token at its dots and check the alphabet of each part (strict base64url).
 *
 * @return SK_OK; SK_TOKEN_SYNTAX (not two dots, empty header or payload but not
 *         compact, not base64url); SK_TOKEN_SIZE
 */
SK_MUSTCHECK
enum sk_err sk_token_split(struct sk_span text, struct sk_token *out);

/**
 * Read the JOSE header.  Says what is there; does not refuse a wrong typ, alg or
 * ppt.  jku, jwk, x5c and kid are never looked at.
 *
 * @return SK_OK; SK_TOKEN_SYNTAX, SK_TOKEN_SIZE; SK_HEADER_CLAIM (alg, typ or
 *         x5u is not there, or x5u is no string); SK_ENOMEM.
 *         A missing ppt is SK_PPT_NONE in `out`.
 */
SK_MUSTCHECK
enum sk_err sk_jose_read(const struct sk_token *token, struct sk_jose *out);

/**
 * Decode one part of a token and read it as JSON, for claims that no struct has.
 *
 * @param part  `header` or `payload` of a struct sk_token
 * @param out   A new reference, set only on success
 *
 * @return SK_OK, SK_TOKEN_SYNTAX, SK_TOKEN_SIZE or SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err sk_token_json(struct sk_span part, json_t **out);

/**
 * Read the payload of a token of type `ppt`.
 *
 * @return SK_OK; SK_TOKEN_SYNTAX, SK_TOKEN_SIZE, SK_CLAIM_MISSING, SK_CLAIM_TYPE, SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err sk_payload_read(const struct sk_token *token, enum sk_ppt ppt, struct sk_claims *out);

/**
 * All three steps and the signature's bytes, for `shaken inspect`, nested tokens
 * and tests: decodes, judges nothing beyond the syntax.
 *
 * @param text  Must outlive `out`
 * @param out   Set only on success
 *
 * @return As the steps; SK_COMPACT_FORM for a token without its payload
 */
SK_MUSTCHECK
enum sk_err sk_passport_parse(struct sk_span text, struct sk_passport *out);

/** Decode the signature part into `out->sig` and `out->sig_len`; the token is set already. */
void sk_passport_read_sig(struct sk_passport *out);

/**
 * Print the JOSE header `{"alg":"ES256","ppt":...,"typ":"passport","x5u":...}`,
 * names sorted, no white space, slashes not escaped (RFC 8225, section 9).
 * Without ppt for SK_PPT_NONE.
 */
void sk_jose_print(enum sk_ppt ppt, struct sk_span x5u, struct sk_buf *out);
