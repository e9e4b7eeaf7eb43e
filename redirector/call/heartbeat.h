/**
 * @file heartbeat.h  Calls that only ask whether we are alive (sign.dummies)
 */
#pragma once

#include "redirector/call/call.h"

/** Is it one?  By its task: to be signed, from a dummy or to one; else to one. */
SK_MUSTCHECK
bool heartbeat_is(const struct call *call);
