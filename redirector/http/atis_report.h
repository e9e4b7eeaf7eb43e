/**
 * @file atis_report.h  What ATIS-1000082 answers to a verification
 */
#pragma once

#include "redirector/call/call.h"
#include "shaken/buf.h"

enum {
	ATIS_REPORT_SIZE = 512, /**< room for a verificationResponse */
};

/** Is the outcome case E2, a parameter that cannot be read (SVC4005)? */
SK_MUSTCHECK
bool atis_is_invalid(enum sk_err err);

/** {"verificationResponse":{...}} of a call that ended, its outcome no fault of ours. */
void atis_report_print(const struct call *call, struct sk_buf *out);
