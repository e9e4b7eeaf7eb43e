/**
 * @file ms_report.h  What Ms answers to a verification
 */
#pragma once

#include "redirector/http/api.h"

/**
 * {"verificationResponse":{...}} of a call that ended, its outcome no fault of ours.
 *
 * @param body  The request, for its protectedHeaders
 *
 * @return A new reference; NULL: no memory
 */
SK_MUSTCHECK
json_t *ms_report(const struct call *call, const json_t *body);
