/*
 * A worker whose loop does not turn any more is killed: the kernel goes on giving it datagrams,
 * and nobody would answer them.
 *
 * When our own look comes late, the machine stood still and not a worker: they get their turn
 * first.
 */
#include "redirector/supervisor_state.h"

#include "redirector/base/notify.h"

enum {
	LOOK_MS = 1000,
	LOOKS = 4,              /* in service.watchdog, at least */
	START_MS = 60000,       /* for a worker to be ready ...  */
	START_TENANT_MS = 6,    /* ... and for each of tenants.max: ten times what one takes */
	RETIRE_SPARE_MS = 1000, /* behind sip.drain */
};

static const char *is_stuck(const struct member *m, int64_t now)
{
	const struct supervisor *s = m->of;
	int64_t start = START_MS + START_TENANT_MS * s->start->tenants.max;
	int64_t alive = atomic_load(&supervisor_page(s, m->seat)->alive_ms);

	if (m->phase == WORKER_STARTING)
		return now - m->since_ms > start ? "it does not get ready" : NULL;
	if (m->retiring && now - m->since_ms > s->conf->sip.drain + RETIRE_SPARE_MS)
		return "it does not end";
	return now - alive > s->start->service.watchdog ? "it gives no sign of life" : NULL;
}

static int64_t often(const struct supervisor *s)
{
	int64_t ms = s->start->service.watchdog / LOOKS, ours = notify_watchdog_ms() / 2;

	if (ours > 0 && ours < ms)
		ms = ours;
	return ms < LOOK_MS ? ms : LOOK_MS;
}

void supervisor_on_look(void *arg)
{
	struct supervisor *s = arg;
	int64_t now = supervisor_now(s), before = s->looked_ms;
	bool late = before > 0 && now - before > often(s) + s->start->service.watchdog / 2;
	bool alive = s->stopping || !s->ready;
	struct shown_service *service = &common_pages(&s->common)->service;

	s->looked_ms = now;
	atomic_store(&service->alive_ms, now);
	atomic_store(&service->log_lost, log_lost(s->log));
	for (unsigned i = 0; i < 2 * s->common.places; i++) {
		struct member *m = &s->members[i];
		const char *why = m->pid != 0 && !late ? is_stuck(m, now) : NULL;

		if (why)
			supervisor_kill(m, why);
		alive = alive || (m->pid != 0 && m->phase == WORKER_READY && !m->killed &&
				  !supervisor_is_web(s, m->index));
	}
	if (alive)
		notify_alive();
	if (!timer_set(s->look, often(s)))
		log_print(s->log, LEVEL_ERROR, "msg=\"the workers are not watched any more\"");
}
