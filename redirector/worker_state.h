/**
 * @file worker_state.h  What a worker holds; for the files of worker.c alone
 */
#pragma once

#include "redirector/authority.h"
#include "redirector/back_seat.h"
#include "redirector/base/clock.h"
#include "redirector/base/log.h"
#include "redirector/base/log_loss.h"
#include "redirector/base/loop.h"
#include "redirector/call/counters.h"
#include "redirector/call/directory.h"
#include "redirector/call/tally.h"
#include "redirector/call/trace.h"
#include "redirector/keys/token.h"
#include "redirector/monitor/page.h"
#include "redirector/net/streams.h"
#include "redirector/net/udp.h"
#include "redirector/reload.h"
#include "redirector/sip/front.h"
#include "redirector/supply.h"
#include "redirector/worker.h"
#include "redirector/x5u_check.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	WHY_SIZE = 512,
};

struct worker {
	struct conf *start; /* what it was started with: whatever needs a restart is as in here */
	struct log *log;
	struct log *records; /* NULL: among the log's lines */
	struct clock clock;
	struct worker_given given;
	struct worker_page *page;          /* ours, in shared memory */
	uint64_t failed_shown, lost_shown; /* of what `page` has */
	char origin[32];                   /* "worker=1"; "" when there is only one */
	struct tally *tally;
	struct loop *loop;
	struct tokens *tokens; /* NULL: none */
	struct tenant_parts tenants;
	struct directory *directory; /* in use */
	struct supply *supply;
	struct authority *authority; /* NULL: none */
	struct x5u_check *x5u_check;
	struct trace *trace;
	struct front *front;      /* NULL: it serves no SIP  */
	struct worker_http *http; /* NULL: it serves no HTTP */
	struct udp *sockets[LISTEN_MAX];
	size_t socket_count;
	struct streams *streams; /* TCP and TLS */
	struct tls *tls;         /* NULL: none */
	struct reload *reload;
	struct watch *control; /* NULL: there is no supervisor */
	struct timer *drain_timer, *daily, *losses, *alive;
	struct back_seat *seat; /* the web process: behind SIP */
	struct timer *asking;   /* the web process: it was asked to end, and nobody says why */
	struct log_loss messages_lost, records_lost; /* what was said of them */
	int64_t drain_until;
	struct shown_self self;                  /* what worker_show() makes; large    */
	uint64_t shown_before[SHOWN_COUNT_LAST]; /* of what `page` has of it           */
	bool retiring;     /* another has taken its place: it reads nothing more */
	bool level_forced; /* --log-level beats the configuration */
};

/** Makes all that stands between the loop and the sockets. */
SK_MUSTCHECK
bool worker_open(struct worker *w, char why[WHY_SIZE]);

/** Drops all, in reverse. */
void worker_deinit(struct worker *w);

/** A reload_h: swaps what was read, or says why not. */
struct directory *worker_on_reload(void *worker, struct reloaded *result);

/** What concerns all workers alike is told by the first alone. */
static inline bool worker_tells(const struct worker *w)
{
	return w->given.index == 0;
}

/** Reads what is ours of what was handed to us, or makes it when we are alone. */
SK_MUSTCHECK
bool worker_open_given(struct worker *w, const struct worker_given *given, char why[WHY_SIZE]);

/** Listens to the supervisor, if there is one, and shows signs of life. */
SK_MUSTCHECK
bool worker_open_control(struct worker *w, char why[WHY_SIZE]);

/** A message to the supervisor, if there is one. */
void worker_say(const struct worker *w, const char *fmt, ...) SK_PRINTF(2, 3);

/** Others may know that we are going; all is served. */
void worker_leave(struct worker *w);

/** Answers the calls in hand, then ends; what comes meanwhile is refused. */
void worker_drain(struct worker *w);

/** Answers the calls in hand as they are, and ends. */
void worker_end(struct worker *w);

/** Reads no more: another has the sockets; then as worker_drain(). */
void worker_retire(struct worker *w);

/** Reads the configuration again.  @param text  Taken over; -1: as before */
void worker_reload(struct worker *w, int text);

/** Opens the records anew, or all logs; @return false: it was said why not */
bool worker_reopen_records(struct worker *w);
bool worker_reopen(struct worker *w);

/** Accepts connections from the sockets that were handed to us. */
SK_MUSTCHECK
bool worker_open_streams(struct worker *w, char why[WHY_SIZE]);

/** Their limits, and the certificate for those that come from now on. */
void worker_reload_streams(struct worker *w, const struct conf *conf);

/** "event=streams ...": of those who sat here before us, too; `open` is ours. */
void worker_log_streams(struct worker *w);

/** Brings what others show of us up to date. */
void worker_show(struct worker *w);

/** Brings our page up to date. */
void worker_show_counters(struct worker *w);

/** Everything that was counted, at every log level; without what a supervisor adds up. */
void worker_log_counters(struct worker *w);

/** A timer_h: tells that lines of a log are lost, and that it is over. */
void worker_on_losses(void *worker);

/** What a look at the tenants' files found. */
void worker_log_report(struct worker *w, const struct roster_report *report);
