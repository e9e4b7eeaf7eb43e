/**
 * @file verify.h  The answers of `shaken verify`
 */
#pragma once

#include "cli/cli.h"
#include "shaken/cert.h"
#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/passport.h"
#include "shaken/rcd.h"
#include "shaken/rph.h"
#include "shaken/trust.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Everything that can be said about one Identity value. */
struct verdict {
	enum sk_err err;             /**< the first check that failed, or SK_OK    */
	struct sk_outcome row;       /**< its row, as the profile has it           */
	enum sk_ppt ppt;             /**< judged as a token of this type           */
	int64_t now;                 /**< judged at                                */
	size_t anchors;              /**< how often --trust was given              */
	bool shown;                  /**< `passport` was read, whatever it is worth */
	struct sk_passport passport; /**< points into the Identity value           */
	struct sk_rph rph;           /**< count 0: no rph claim that can be read   */
	enum sk_err rcd_err;         /**< SK_OK: `rcd` was read                    */
	struct sk_rcd rcd;
	struct sk_chain *chain; /**< NULL: the checks did not come so far     */
	struct sk_findings findings;
};

void verdict_deinit(struct verdict *verdict);

/** Print it for people. */
void verdict_print(const struct command *self, const struct verdict *verdict);

/** The same for machines, a new object; NULL without memory. */
json_t *verdict_json(const struct verdict *verdict);
