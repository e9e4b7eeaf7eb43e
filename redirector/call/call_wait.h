/**
 * @file call_wait.h  Calls that rest, and their end: for call.c and verify.c alone
 */
#pragma once

#include "redirector/call/call.h"

/** The call rests until the certificate or the signature is there, or its deadline; a second time
 * within the same deadline.  @return SK_OK, SK_BUSY or SK_ENOMEM */
SK_MUSTCHECK
enum sk_err call_rest(struct call *call);

/** Wherever it rested: it has ended, and `done` is called. */
void call_end(struct call *call);
