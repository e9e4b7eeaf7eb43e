/*
 * Alone (--single) it is the same as with a supervisor: what that would have made and handed on
 * is made here, for one worker in one seat.
 */
#include "redirector/worker_state.h"

#include "redirector/common.h"
#include "redirector/privileges.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

/* What is made stays, as what is handed on does: it goes with the process. */
static bool make(struct worker *w, char why[WHY_SIZE])
{
	struct common common = { .workers = 0 };
	char reason[PRIVILEGES_WHY_SIZE];

	if (!common_open(w->start, 1, 1, &common, why)) {
		common_close(&common);
		return false;
	}
	common_give(&common, 0, 0, &w->given);
	if (!privileges_drop(w->start->service.user, reason)) {
		snprintf(why, WHY_SIZE, "%s", reason);
		return false;
	}
	return true;
}

static bool look(struct worker *w, const struct worker_given *given, char why[WHY_SIZE])
{
	char reason[PRIVILEGES_WHY_SIZE];

	w->given = *given;
	if (given->web)
		snprintf(w->origin, sizeof(w->origin), "worker=web");
	else if (given->count > 1)
		snprintf(w->origin, sizeof(w->origin), "worker=%u", given->index);
	privileges_guard_secrets();
	if (privileges_check(w->start->service.user, reason))
		return true;
	snprintf(why, WHY_SIZE, "%s", reason);
	return false;
}

bool worker_open_given(struct worker *w, const struct worker_given *given, char why[WHY_SIZE])
{
	struct pages *pages;

	if (!(given ? look(w, given, why) : make(w, why)))
		return false;
	pages = w->given.pages.at;
	w->page = &pages->worker[w->given.seat];
	atomic_store(&w->page->pid, getpid());
	atomic_store(&w->page->started_s, w->clock.wall(&w->clock));
	atomic_store(&w->page->phase, WORKER_STARTING);
	w->tally = tally_at(w->given.tally.at, (size_t)w->start->tenants.max, w->given.seats,
			    w->given.seat);
	if (!w->tally)
		snprintf(why, WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
	return w->tally != NULL;
}
