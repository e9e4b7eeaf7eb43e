/*
 * SIGUSR1: one line for each part.  What lies in shared memory a supervisor adds up and tells;
 * alone we tell it ourselves.
 */
#include "redirector/worker_state.h"

#include "redirector/report.h"

/* What the kernel refused is counted by each socket. */
static uint64_t send_failures(const struct worker *w)
{
	uint64_t failed = 0;

	for (size_t i = 0; i < w->socket_count; i++)
		failed += udp_counters(w->sockets[i])->failed;
	return failed;
}

static uint64_t lines_lost(const struct worker *w)
{
	return (w->log ? log_lost(w->log) : 0) + (w->records ? log_lost(w->records) : 0);
}

/* Others sat in this seat before, and what they counted stays. */
void worker_show_counters(struct worker *w)
{
	uint64_t failed = send_failures(w), lost = lines_lost(w);

	w->page->counters.n[COUNT_SEND_FAILED] += failed - w->failed_shown;
	atomic_fetch_add(&w->page->log_lost, lost - w->lost_shown);
	w->failed_shown = failed;
	w->lost_shown = lost;
}

void worker_log_counters(struct worker *w)
{
	bool alone = w->given.control < 0;

	worker_show_counters(w);
	if (alone)
		report_calls(w->log, &w->page->counters, atomic_load(&w->page->log_lost));
	if (w->streams)
		worker_log_streams(w);
	supply_log_counters(w->supply);
	if (w->tokens) {
		const struct token_counters *c = tokens_counters(w->tokens);

		log_print(w->log, LEVEL_ASKED,
			  "event=tokens signed=%llu failed=%llu busy=%llu away=%llu abandoned=%llu",
			  (unsigned long long)c->signed_ok, (unsigned long long)c->failed,
			  (unsigned long long)c->refused_busy, (unsigned long long)c->refused_away,
			  (unsigned long long)c->abandoned);
	}
	if (w->authority)
		log_print(w->log, LEVEL_ASKED, "event=numbers faults=%llu",
			  (unsigned long long)authority_faults(w->authority));
	if (alone)
		report_tenants(w->log, w->tally);
}
