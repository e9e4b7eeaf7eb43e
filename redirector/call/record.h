/**
 * @file record.h  The one line that a call leaves in the log
 *
 * In the log: key=value or JSON by log.format; anywhere else (log.records) JSON, always the
 * same fields in the same order.  Nothing from the request can end the line or a quoted value.
 */
#pragma once

#include "redirector/call/answer.h"
#include "redirector/call/call.h"

enum {
	RECORD_SIZE = 4096, /**< room for one record; texts that do not fit are cut */
};

/** May this call be billed?  Signed or judged, no repeat, no heartbeat, not over a limit, no fault
 * of ours. */
SK_MUSTCHECK
bool record_billable(const struct call *call);

/**
 * @param json  As JSON
 * @param mac   For records.numbers: hashed
 * @param us   Microseconds from arrival to answer
 * @param out  The line with its end of line
 */
void record_print(const struct call *call, const struct answer *answer, bool json,
		  struct sk_mac *mac, int64_t us, struct sk_buf *out);
