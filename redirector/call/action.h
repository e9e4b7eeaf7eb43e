/**
 * @file action.h  What a finding about the calling number leads to: `actions` and `lists`
 */
#pragma once

#include "redirector/call/call.h"

/**
 * Of a call that was verified, whatever it came to.  A fault of ours, a request that cannot be read
 * and a P-Identity-Bypass (the originating side said why) lead to nothing but what is set.
 *
 * @return ACTION_AS_SET also for a call that was not verified
 */
enum conf_action action_of(const struct call *call);

/** The display name that tells, with "{name}" in it; NULL: none does. */
const char *action_alert(const struct call *call);
