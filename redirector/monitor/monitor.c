/*
 * A picture is made of what others write while we read: each number is right by itself, and two
 * of them may be a moment apart.
 */
#include "redirector/monitor/monitor_state.h"

#include <stdlib.h>
#include <string.h>

enum {
	LOOK_MS = 1000,
	/* days left change slowly, and many tenants take their time: a minute for 10,000 of them */
	CERTS_MS = 5000,
	CERTS_EACH_MS = 5,
};

struct monitor *monitor_new(const struct monitor_parts *parts)
{
	struct monitor *m = calloc(1, sizeof(*m));

	if (m)
		m->parts = *parts;
	return m;
}

void monitor_free(struct monitor *monitor)
{
	if (!monitor)
		return;
	directory_unref(monitor->directory);
	free(monitor);
}

void monitor_set_directory(struct monitor *monitor, struct directory *directory)
{
	struct directory *old = monitor->directory;

	monitor->directory = directory_ref(directory);
	monitor->certs_at_ms = 0;
	monitor->snapshot.at_ms = 0;
	directory_unref(old);
}

static void look_at_service(struct monitor *m)
{
	const struct shown_service *service = &m->parts.pages->service;
	struct snapshot *s = &m->snapshot;
	int64_t alive = atomic_load(&service->alive_ms);

	s->supervisor_silent_ms = alive == 0 ? -1 : s->at_ms > alive ? s->at_ms - alive : 0;
	s->started_s = atomic_load(&service->started_s);
	s->log_lost += atomic_load(&service->log_lost);
	s->reloads_ok = atomic_load(&service->reloads_ok);
	s->reloads_failed = atomic_load(&service->reloads_failed);
	s->reloaded_s = atomic_load(&service->reloaded_s);
	s->reload_ok = atomic_load(&service->reload_ok);
	memcpy(s->findings, service->findings, sizeof(s->findings));
	s->findings[sizeof(s->findings) - 1] = '\0';
}

static void look_at_certs(struct monitor *m)
{
	struct snapshot *s = &m->snapshot;
	int64_t wait;

	if (!m->directory)
		return;
	wait = CERTS_MS + (int64_t)directory_count(m->directory) * CERTS_EACH_MS;
	if (m->certs_at_ms && s->at_ms - m->certs_at_ms < wait)
		return;
	m->certs_at_ms = s->at_ms;
	monitor_certs(m->directory, s->at_s, &s->certs);
}

const struct snapshot *monitor_look(struct monitor *monitor)
{
	const struct clock *clock = monitor->parts.clock;
	struct snapshot *s = &monitor->snapshot;
	int64_t now = clock->mono(clock);

	if (s->at_ms && now - s->at_ms < LOOK_MS)
		return s;
	s->at_ms = now;
	s->at_s = clock->wall(clock);
	monitor_sum(monitor);
	look_at_service(monitor);
	look_at_certs(monitor);
	if (monitor->parts.tally)
		monitor_tenants(&monitor->tenants, monitor->parts.tally, &s->tenants);
	clock_state_read(&s->clock);
	return s;
}

const struct http_counts *monitor_http(const struct monitor *monitor)
{
	return &monitor->parts.pages->http;
}

const char *monitor_version(const struct monitor *monitor)
{
	return monitor->parts.version ? monitor->parts.version : "unknown";
}
