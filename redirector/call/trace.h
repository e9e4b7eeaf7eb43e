/**
 * @file trace.h  What a collector is shown of calls: hep.*, off by default
 *
 * The request and the answer of an INVITE that is a tenant's, byte by byte, and its record as
 * type 100.  Nothing of strangers, of OPTIONS, ACK and CANCEL, of what is dropped before anybody
 * knows whose it is.  A retransmission is a request like any other.
 *
 * Never waits and never fails a call; what a collector does not get is counted (base/hep.h).
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/hep.h"
#include "redirector/call/answer.h"
#include "redirector/call/call.h"
#include "shaken/mac.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stdint.h>

struct trace;

/**
 * Reads hep.password; for start.  One that traces nothing yet is made too: a reload may switch it
 * on.
 *
 * @param out  Set only on success
 * @param why  On failure the reason: the setting and what is wrong with it
 */
SK_MUSTCHECK
bool trace_new(const struct hep_conf *conf, struct trace **out, char why[256]);
void trace_free(struct trace *trace);
SK_DEFINE_CLEANUP(struct trace, trace_free)

/**
 * For a reload, in two steps: makes ready what trace_swap() puts in place; until then, and after a
 * failure, all is as before.  What was made ready earlier and not put in place is dropped.
 *
 * @param why  As for trace_new()
 */
SK_MUSTCHECK
bool trace_prepare(struct trace *trace, const struct hep_conf *conf, char why[256]);

/** Without a trace_prepare() before it: nothing happens. */
void trace_swap(struct trace *trace);

/** Are requests and answers wanted?  @param trace  NULL: no */
SK_MUSTCHECK
bool trace_wants_messages(const struct trace *trace);

/** A request's bytes as they came.  @param trace  NULL: nothing happens; so for those below */
void trace_request(struct trace *trace, const struct facts *facts, struct sk_span bytes);

/** An answer's bytes as they leave. */
void trace_answer(struct trace *trace, const struct facts *facts, struct sk_span bytes);

/** The record as JSON, whatever log.format; numbers as records.numbers has it.
 *
 * @param mac  As record_print() wants it
 * @param us   Microseconds from arrival to answer
 */
void trace_record(struct trace *trace, const struct call *call, const struct answer *answer,
		  struct sk_mac *mac, int64_t us);

/** Since trace_new(), whatever was reloaded.  @param trace  NULL: zeros */
struct hep_counters trace_counters(const struct trace *trace);
