/**
 * @file api_reason.h  The verification cases E3 to E19 of ATIS-1000082: what an outcome is called
 */
#pragma once

#include "redirector/call/profile.h"
#include "shaken/shaken.h"

struct api_reason {
	unsigned code;         /**< 403, 436, 437, 438                           */
	const char *text;      /**< the phrase of the code; lives for ever       */
	char description[256]; /**< one sentence; plain ASCII                    */
};

/**
 * @param profile   What codes the tenant's profile has
 * @param identity  The Identity value that came to `err`, for the name of a claim
 *
 * @return false: nothing is told of this outcome
 */
SK_MUSTCHECK
bool api_reason(const struct profile *profile, enum sk_err err, struct sk_span identity,
		struct api_reason *out);
