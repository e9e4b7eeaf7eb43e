/**
 * @file ledger.h  What is counted and recorded of a call that has ended, whichever door it came by
 *
 * For the service, for its tenant, and for its trunk.
 */
#pragma once

#include "redirector/base/log.h"
#include "redirector/call/answer.h"
#include "redirector/call/call.h"
#include "redirector/call/counters.h"
#include "redirector/call/record.h"
#include "redirector/call/steps.h"
#include "redirector/call/trace.h"
#include "shaken/mac.h"

#include <stdint.h>

/** One of a front.  All that it points at is somebody else's and outlives it. */
struct ledger {
	struct counters *counters;
	struct steps *steps; /**< NULL: not counted                                  */
	struct log *log;
	struct log *records;        /**< where records go, always as JSON; NULL: the log    */
	struct trace *trace;        /**< NULL: nothing is traced                            */
	struct sk_mac *mac;         /**< for records.numbers: hashed                        */
	_Atomic int64_t records_at; /* state of a bucket: records of calls over a limit */
	char record[RECORD_SIZE];
};

/** A call that was answered.
 *
 * @param answer  What was said; of one that was not asked by SIP as ledger_answer() has it
 * @param us      Microseconds from arrival to answer
 * @param now_us  By the front's clock: for buckets
 */
void ledger_add(struct ledger *ledger, const struct call *call, const struct answer *answer,
		int64_t us, int64_t now_us);

/** The answer to a call that was not asked by SIP: as `status` the code of its outcome (RFC 8224,
 * 6.2.2), 0 where there is none; the verdict of one that was judged. */
struct answer ledger_answer(const struct call *call);
