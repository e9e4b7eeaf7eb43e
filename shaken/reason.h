/**
 * @file reason.h  Telling the caller's side why a PASSporT failed (RFC 9410; RFC 3326)
 */
#pragma once

#include "shaken/buf.h"
#include "shaken/err.h"
#include "shaken/span.h"

/**
 * Print the value of a Reason header: `STIR;cause=436;text="Bad Identity Info"`,
 * with `;ppi="..signature"` when a signature is given.
 *
 * @param protocol   "STIR" (RFC 9410) or "SIP"
 * @param outcome    Must have a code, else nothing is printed: sk_outcome(err), or a copy with
 *                   another code and phrase where the documents disagree
 * @param signature  The token's third part as received, base64url; empty: no ppi
 */
void sk_reason_print(const char *protocol, const struct sk_outcome *outcome,
		     struct sk_span signature, struct sk_buf *out);
