/**
 * @file sign.h  Claims and a signer in, an Identity value out (RFC 8224, 4.1; RFC 8225; RFC 8588)
 */
#pragma once

#include "shaken/claims.h"
#include "shaken/err.h"
#include "shaken/key.h"
#include "shaken/macro.h"

#include <stddef.h>
#include <stdint.h>

enum {
	SK_IDENTITY_SIZE = 4096, /**< room that every Identity value we make fits in */
};

/**
 * A signer and where its certificate is.  All that does not change from call to
 * call is printed and encoded once.
 */
struct sk_credential;

/**
 * @param x5u     Address of the certificate, copied; must pass sk_url_parse()
 * @param signer  Must outlive the credential
 * @param ppt     SK_PPT_SHAKEN, or another type whose claims are given to sk_sign()
 * @param out     Set only on success; the caller frees it
 *
 * @return SK_OK, SK_INFO_INVALID or SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err sk_credential_new(struct sk_span x5u, enum sk_url_rules rules, enum sk_ppt ppt,
			      struct sk_signer *signer, struct sk_credential **out);
void sk_credential_free(struct sk_credential *credential);
SK_DEFINE_CLEANUP(struct sk_credential, sk_credential_free)

/** The address, NUL-terminated; lives as long as the credential. */
const char *sk_credential_x5u(const struct sk_credential *credential);

/**
 * Sign: print `token;info=<x5u>;alg=ES256;ppt=shaken`, without the header's name.
 *
 * The claims must be complete: an orig and at least one dest, none of them empty, and
 * by type: shaken: orig a number of at most 15 digits, attest A, B or C, a UUID as origid;
 * div: div; rph: rph; rcd: rcd.  Beside these only rcd may stand, in shaken (RFC 9795).
 *
 * @param len  Set to the length without the terminator, only on success
 *
 * @return SK_OK; SK_NO_ORIG, SK_NO_DEST, SK_NO_ATTEST, SK_CLAIM_MISSING (origid, div, rph, rcd);
 *         SK_CLAIM_TYPE (origid is no UUID, iat negative, a value of rph is none, a claim of
 *         another type); SK_RCD_INVALID (a control character, bad UTF-8);
 *         SK_TOO_LONG; what the signer returns
 */
SK_MUSTCHECK
enum sk_err sk_sign(const struct sk_credential *credential, const struct sk_claims *claims,
		    char *buf, size_t size, size_t *len);
