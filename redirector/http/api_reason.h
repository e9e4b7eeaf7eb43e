/**
 * @file api_reason.h  The verification cases E3 to E19 of ATIS-1000082: what an outcome is called
 *
 * Besides, a call that a list blocks has the status and the phrase of its answer by SIP.  Whatever
 * else has no code there has no reason here either: it is no verdict.
 */
#pragma once

#include "redirector/call/tenant.h"
#include "shaken/shaken.h"

struct api_reason {
	unsigned code;         /**< 403, 436, 437, 438; blocked: 603, 607, 608    */
	const char *text;      /**< the phrase of the code; lives for ever        */
	char description[256]; /**< one sentence; plain ASCII                     */
};

/**
 * @param tenant    What codes his profile has, and his answer.block
 * @param identity  The Identity value that came to `err`, for the name of a claim
 *
 * @return false: nothing is told of this outcome
 */
SK_MUSTCHECK
bool api_reason(const struct tenant *tenant, enum sk_err err, struct sk_span identity,
		struct api_reason *out);
