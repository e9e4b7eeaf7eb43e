/**
 * @file record.h  The one line that a call leaves in the log
 *
 * key=value or JSON by configuration, always in the same order.  Nothing from
 * the request can end the line or a quoted value.
 */
#pragma once

#include "redirector/call/answer.h"
#include "redirector/call/call.h"

enum {
	RECORD_SIZE = 4096, /**< room for one record; texts that do not fit are cut */
};

/**
 * @param us   Microseconds from arrival to answer
 * @param out  The line with its end of line
 */
void record_print(const struct call *call, const struct answer *answer, int64_t us,
		  struct sk_buf *out);
