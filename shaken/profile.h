/**
 * @file profile.h  The SHAKEN certificate profile (ATIS-1000080); private to the library
 */
#pragma once

#include "shaken/cert.h"
#include "shaken/trust.h"

/**
 * Judge each certificate of a path against the table of profile.c.
 *
 * @param certs     Leaf first; the last is judged as a root when it names itself as issuer
 * @param leaf      What the leaf says
 * @param findings  Gets the text of each row that does not hold, once
 *
 * @return SK_OK, or SK_CERT_PROFILE when a must does not hold
 */
SK_MUSTCHECK
enum sk_err sk_profile_judge(X509 *const *certs, size_t count, const struct sk_leaf *leaf,
			     const struct sk_trust_rules *rules, struct sk_findings *findings);
