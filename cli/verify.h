/**
 * @file verify.h  The answer of `shaken verify`
 */
#pragma once

#include "cli/cli.h"
#include "shaken/cert.h"
#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/passport.h"
#include "shaken/trust.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Everything that can be said about one Identity value. */
struct verdict {
	enum sk_err err;             /**< the first check that failed, or SK_OK    */
	int64_t now;                 /**< judged at                                */
	size_t anchors;              /**< how often --trust was given              */
	bool shown;                  /**< `passport` was read, whatever it is worth */
	struct sk_passport passport; /**< points into the Identity value           */
	struct sk_chain *chain;      /**< NULL: the checks did not come so far     */
	struct sk_findings findings;
};

void verdict_deinit(struct verdict *verdict);

/** Print it for people, or as one JSON object.  @return the exit status */
int verdict_print(const struct command *self, const struct verdict *verdict);
int verdict_json(const struct verdict *verdict);
