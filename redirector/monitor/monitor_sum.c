/*
 * Sums over all seats, whoever sits there or did: no count is ever lost.  What is true now counts
 * of the living alone.
 */
#include "redirector/monitor/monitor_state.h"

#include <string.h>

static void add_counters(struct counters *to, const struct counters *c)
{
	for (int i = 0; i < COUNT_LAST; i++)
		to->n[i] += c->n[i];
	for (int i = 0; i < SK_ERR_COUNT; i++)
		to->outcomes[i] += c->outcomes[i];
	for (int i = 0; i < ANSWER_CODES; i++)
		to->codes[i] += c->codes[i];
	for (int i = 0; i < ATTEST_COUNT; i++)
		to->attested[i] += c->attested[i];
}

static void add_steps(struct steps *to, const struct steps *steps)
{
	for (int i = 0; i < STEP_LAST; i++) {
		for (int k = 0; k <= STEP_BOUNDS; k++)
			to->step[i].buckets[k] += steps->step[i].buckets[k];
		to->step[i].us += steps->step[i].us;
	}
}

static void add_counted(struct snapshot *s, const struct worker_page *page)
{
	add_counters(&s->counters, &page->counters);
	add_steps(&s->steps, &page->steps);
	for (int i = 0; i < STREAMS_LAST; i++)
		s->streams[i] += atomic_load_explicit(&page->streams[i], memory_order_relaxed);
	for (int i = 0; i < SHOWN_COUNT_LAST; i++)
		s->shown[i] += page->shown.n[i];
	s->log_lost += atomic_load(&page->log_lost);
}

/* What all chains hang on: the worst of those that judge calls. */
static void add_trust(struct snapshot *s, const struct seen_process *p, const struct shown_now *now)
{
	if (p->web || p->phase != WORKER_READY)
		return;
	if (!s->anchors_known || now->anchors < s->anchors)
		s->anchors = now->anchors;
	s->anchors_known = true;
	s->crls_missing |= now->crls_missing;
}

/* After a reload some may show the old one for a moment. */
static void add_listeners(struct snapshot *s, const struct shown_now *now)
{
	for (int i = 0; i < SHOWN_LISTENERS; i++)
		if (now->listener_ends[i] > 0 &&
		    (s->listener_ends[i] == 0 || now->listener_ends[i] < s->listener_ends[i]))
			s->listener_ends[i] = now->listener_ends[i];
}

static void add_now(struct snapshot *s, struct seen_process *p, const struct shown_now *now)
{
	p->resident = now->resident;
	p->waiting = now->waiting;
	s->certs_entries += now->certs_entries;
	s->tables += now->tables;
	s->waiting += now->waiting;
	s->store |= now->store;
	add_trust(s, p, now);
	if (p->phase == WORKER_READY) {
		monitor_add_lists(s, now);
		add_listeners(s, now);
	}
	monitor_add_hosts(s, now);
}

static void add_phase(struct snapshot *s, const struct seen_process *p)
{
	s->starts[p->web] += p->spawned;
	if (p->pid == 0)
		return;
	s->web_ready |= p->web && p->phase == WORKER_READY;
	if (p->web)
		return;
	s->workers++;
	s->ready += p->phase == WORKER_READY;
	s->draining += p->phase == WORKER_DRAINING;
}

static void look_at(struct snapshot *s, struct seen_process *p, const struct worker_page *page)
{
	int64_t alive = atomic_load(&page->alive_ms);

	p->phase = (enum worker_phase)atomic_load(&page->phase);
	p->pid = p->phase == WORKER_DEAD || p->phase == WORKER_NONE ? 0 : atomic_load(&page->pid);
	p->web = atomic_load(&page->web) != 0;
	p->spawned = atomic_load(&page->spawned);
	p->started_s = atomic_load(&page->started_s);
	p->silent_ms = alive && s->at_ms > alive ? s->at_ms - alive : 0;
	p->invites = page->counters.n[COUNT_INVITES];
	p->answers = page->counters.n[COUNT_ANSWERS];
	p->cpu_us = page->shown.n[SHOWN_CPU_US];
}

/* All that is summed begins at 0. */
static void clear(struct snapshot *s)
{
	memset(&s->counters, 0, sizeof(s->counters));
	memset(&s->steps, 0, sizeof(s->steps));
	memset(s->streams, 0, sizeof(s->streams));
	memset(s->shown, 0, sizeof(s->shown));
	memset(s->starts, 0, sizeof(s->starts));
	memset(s->processes, 0, sizeof(s->processes));
	memset(s->listener_ends, 0, sizeof(s->listener_ends));
	s->streams_open = 0;
	s->log_lost = s->certs_entries = s->tables = s->waiting = s->anchors = 0;
	s->anchors_known = s->crls_missing = s->store = s->web_ready = false;
	s->workers = s->ready = s->draining = 0;
	s->process_count = s->host_count = s->list_count = 0;
}

void monitor_sum(struct monitor *monitor)
{
	const struct pages *pages = monitor->parts.pages;
	struct snapshot *s = &monitor->snapshot;

	clear(s);
	s->begun = atomic_load(&pages->begun);
	s->workers_configured = pages->workers;
	for (unsigned seat = 0; seat < pages->seats && seat < SEATS_MAX; seat++) {
		const struct worker_page *page = &pages->worker[seat];
		struct seen_process *p = &s->processes[s->process_count];

		s->streams_open += atomic_load(&pages->streams_open[seat]);
		add_counted(s, page);
		look_at(s, p, page);
		if (p->phase == WORKER_NONE && p->spawned == 0)
			continue;
		p->seat = seat;
		s->process_count++;
		add_phase(s, p);
		if (p->pid != 0 && shown_read(&page->shown, &monitor->room))
			add_now(s, p, &monitor->room);
	}
	if (s->workers_configured == 0)
		s->workers_configured = s->workers;
}
