/**
 * @file describe.h  Certificates in words and in JSON, for the commands that show them
 */
#pragma once

#include "shaken/cert.h"
#include "shaken/macro.h"
#include "shaken/tnauth.h"
#include "shaken/trust.h"

#include <jansson.h>

enum {
	DESCRIBE_SIZE = 128, /**< room for one text, terminator included */
};

/** "709J", "12155551000 to 12155551999" or "12025550100". */
const char *describe_entry(const struct sk_tnauth_entry *entry, char out[DESCRIBE_SIZE]);

/** What the leaf says, as an object; NULL without memory. */
json_t *describe_leaf(const struct sk_leaf *leaf);

/** Its rows for people: subject, issuer, TNAuthList, validity. */
void describe_leaf_rows(const struct sk_leaf *leaf);

json_t *describe_findings(const struct sk_findings *findings);
void describe_findings_rows(const struct sk_findings *findings);

/**
 * The claim constraints of a certificate (RFC 8226, section 8; RFC 9118): an
 * object with the members mustInclude, permittedValues and mustExclude that it has.
 *
 * @return A new reference; NULL when there are none, or they are malformed
 */
json_t *describe_constraints(const X509 *cert);
