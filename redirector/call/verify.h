/**
 * @file verify.h  A call to verify: every Identity judged, one after the other
 */
#pragma once

#include "redirector/call/call.h"

/** Judges; the call may rest for a certificate. */
void verify_start(struct call *call);

/** No certificate is waited for any more: `why` is what the wait came to. */
void verify_give_up(struct call *call, enum sk_err why);
