/**
 * @file worker_state.h  What a worker holds; for the files of worker.c alone
 */
#pragma once

#include "redirector/authority.h"
#include "redirector/base/clock.h"
#include "redirector/base/log.h"
#include "redirector/base/log_loss.h"
#include "redirector/base/loop.h"
#include "redirector/call/counters.h"
#include "redirector/call/directory.h"
#include "redirector/call/tally.h"
#include "redirector/keys/token.h"
#include "redirector/net/udp.h"
#include "redirector/reload.h"
#include "redirector/sip/front.h"
#include "redirector/supply.h"
#include "redirector/x5u_check.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	LISTEN_MAX = 16, /* addresses one worker listens on */
	WHY_SIZE = 512,
};

struct worker {
	struct conf *start; /* what it was started with: whatever needs a restart is as in here */
	struct log *log;
	struct log *records; /* NULL: among the log's lines */
	struct clock clock;
	struct counters counters;
	struct tally *tally;
	struct loop *loop;
	struct tokens *tokens; /* NULL: none */
	struct tenant_parts tenants;
	struct directory *directory; /* in use */
	struct supply *supply;
	struct authority *authority; /* NULL: none */
	struct x5u_check *x5u_check;
	struct front *front;
	struct udp *sockets[LISTEN_MAX];
	size_t socket_count;
	struct reload *reload;
	struct timer *drain_timer, *daily, *losses;
	struct log_loss messages_lost, records_lost; /* what was said of them */
	int64_t drain_until;
	bool level_forced; /* --log-level beats the configuration */
};

/** Makes all that stands between the loop and the sockets. */
SK_MUSTCHECK
bool worker_open(struct worker *w, char why[WHY_SIZE]);

/** Drops all, in reverse. */
void worker_deinit(struct worker *w);

/** A reload_h: swaps what was read, or says why not. */
struct directory *worker_on_reload(void *worker, struct reloaded *result);

/** Everything that was counted, at every log level. */
void worker_log_counters(struct worker *w);

/** A timer_h: tells that lines of a log are lost, and that it is over. */
void worker_on_losses(void *worker);

/** What a look at the tenants' files found. */
void worker_log_report(struct worker *w, const struct roster_report *report);
