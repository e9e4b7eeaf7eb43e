/**
 * @file desk.h  The HTTP side's front: makes a call of what is asked, and tells what came of it
 *
 *   asked -> limits -> call -> outcome -> counters, record -> handler
 *
 * What redirector/sip/front.h is for datagrams.  The same calls, limits, counters, records and
 * verdicts: only how they are asked for differs.  One of a process, on its loop.
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/clock.h"
#include "redirector/base/log.h"
#include "redirector/base/loop.h"
#include "redirector/base/shared.h"
#include "redirector/call/asked.h"
#include "redirector/call/call.h"
#include "redirector/call/counters.h"
#include "redirector/call/directory.h"
#include "redirector/call/steps.h"
#include "redirector/call/tally.h"
#include "redirector/call/trace.h"
#include "redirector/certs/certs.h"
#include "redirector/http/client.h"
#include "redirector/keys/token.h"

#include <stdbool.h>

struct desk;

/** What it needs; all of it must outlive it. */
struct desk_parts {
	struct loop *loop;
	struct log *log;
	const struct clock *clock;
	struct certs *certs;
	struct counters *counters;
	struct tokens *tokens;  /**< NULL: no keys in tokens                         */
	struct log *records;    /**< as in front.h                                   */
	struct tally *tally;    /**< NULL: none                                      */
	struct shared seen;     /**< as in front.h                                   */
	const uint8_t *tag_key; /**< as in front.h                                   */
	struct trace *trace;    /**< NULL: nothing is traced                          */
	struct steps *steps;    /**< how long questions took; NULL: not counted       */
};

/** @param directory  A reference is taken */
SK_MUSTCHECK
bool desk_new(const struct desk_parts *parts, struct directory *directory, struct desk **out,
	      char why[256]);
void desk_free(struct desk *desk);
SK_DEFINE_CLEANUP(struct desk, desk_free)

void desk_set_directory(struct desk *desk, struct directory *directory);

/** Borrowed, as front_set_numbers(). */
void desk_set_numbers(struct desk *desk, const struct numbers *numbers);

/** No new work: what is asked from now on ends at once as SK_DRAINING. */
void desk_drain(struct desk *desk);

/** Questions that wait for a certificate or a signature. */
size_t desk_waiting(const struct desk *desk);

/** Answers all that wait now, without a verdict. */
void desk_give_up(struct desk *desk);

/**
 * What came of it: `call` has everything (err, claims, identity, extras, judged, ...) and lives
 * until the handler returns.  Its outcome as the tenant's profile has it: profile_outcome() of
 * call->tenant->profile and call->err.  A fault of ours is of class SK_CLASS_OURS.
 */
typedef void desk_h(void *arg, const struct call *call);

/** One question.  Copied by desk_ask(), texts and spans included. */
struct desk_question {
	const struct client *client; /**< who asks: tenant, trunk, what he may say           */
	struct asked asked;
	const struct sk_span *identities; /**< to verify: Identity values, joined ones cut apart  */
	size_t identity_count; /**< at most SK_IDENTITY_MAX; more are not looked at     */
	const struct addr *source, *local;
	const char *transport; /**< "http" or "https"                                        */
	struct sk_span id;     /**< of the request, for the record (X-RequestID); empty: made  */
	const char *interface; /**< "atis", "ms", "secsipidx": for the record; lives for ever */
};

/**
 * Asks.  The handler is called exactly once, maybe before this returns.
 *
 * @return SK_OK, the handler was or will be called; or why nothing was begun and no handler will
 *         be called: SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err desk_ask(struct desk *desk, const struct desk_question *question, desk_h *done,
		     void *arg);
