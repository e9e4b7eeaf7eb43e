/*
 * Once a second: what the parts know of themselves, for whoever shows it (monitor/shown.h).
 */
#include "redirector/worker_http.h"
#include "redirector/worker_state.h"

#include <string.h>

void worker_show(struct worker *w)
{
	struct hep_counters hep = trace_counters(w->trace);
	struct shown_self *self = &w->self;

	worker_show_counters(w);
	memset(self, 0, sizeof(*self));
	supply_show(w->supply, self);
	shown_of_tokens(self, w->tokens ? tokens_counters(w->tokens) : NULL);
	shown_of_hep(self, &hep);
	shown_of_process(self);
	self->n[SHOWN_NUMBERS_FAULTS] = w->authority ? authority_faults(w->authority) : 0;
	self->now.waiting = (w->front ? front_waiting(w->front) : 0) + worker_http_waiting(w->http);
	self->now.listener_ends[SHOWN_TLS] = w->tls ? tls_not_after(w->tls) : 0;
	self->now.listener_ends[SHOWN_HTTPS] = worker_http_ends(w->http);
	shown_publish(&w->page->shown, w->shown_before, self);
}
