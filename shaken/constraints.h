/**
 * @file constraints.h  JWTClaimConstraints and EnhancedJWTClaimConstraints
 *                      (RFC 8226, section 8; RFC 9118)
 *
 * What a certificate demands of the claims of every PASSporT signed with it.
 */
#pragma once

#include "shaken/err.h"
#include "shaken/macro.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SK_CONSTRAINT_NAMES = 32,  /**< most names in one list               */
	SK_CONSTRAINT_VALUES = 64, /**< most permitted values of one claim   */
	SK_CONSTRAINT_SIZE = 4096, /**< longest extension, bytes             */
};

struct sk_constraints;

/**
 * Read the value of the extension.
 *
 * @param enhanced  false: RFC 8226 (1.3.6.1.5.5.7.1.27); true: RFC 9118 (...1.33),
 *                  which adds mustExclude
 * @param out       Set only on success; the caller frees it.  NULL with SK_OK when
 *                  mustExclude names iat, orig or dest: the extension then counts
 *                  as absent (RFC 9118, section 3)
 *
 * @return SK_OK, SK_CERT_SYNTAX (malformed, empty) or SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err sk_constraints_new(const uint8_t *der, size_t len, bool enhanced,
			       struct sk_constraints **out);
void sk_constraints_free(struct sk_constraints *constraints);
SK_DEFINE_CLEANUP(struct sk_constraints, sk_constraints_free)

/**
 * Does a payload obey?  mustInclude: every claim named is there.
 * permittedValues: a claim named, where it is there, has one of the values; an object or
 * an array as the text that RFC 8225, section 9 makes of it (RFC 9795: rcdi).
 * mustExclude: none of the claims named is there.
 *
 * @return SK_OK, SK_CONSTRAINT or SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err sk_constraints_check(const struct sk_constraints *constraints, const json_t *payload);
