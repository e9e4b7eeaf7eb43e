/**
 * @file ms_error.h  How Ms says that a request cannot be answered: {"error":"..."}
 */
#pragma once

#include "redirector/http/api.h"

enum {
	MS_ERROR_SIZE = 256, /**< room for any of them, printed */
};

/**
 * @param status  400 needs `finding`; 401, 403, 404, 405, 406, 411, 413, 415, 429, 500, 503
 * @param finding  Of 400: what was wrong; a missing or invalid parameter is named.  Else NULL
 */
void ms_error_print(unsigned status, const struct api_finding *finding, struct sk_buf *out);

/** HTTP status of a finding: 400, or 500 for one of ours. */
unsigned ms_error_status(const struct api_finding *finding);
