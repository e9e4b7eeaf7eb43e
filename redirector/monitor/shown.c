/*
 * A seat outlives who sits in it.  Counts are added to what others left there; what is true now
 * is written between two steps of `turn`, so that a reader sees all of it or knows that it did
 * not.  A writer that died between them is followed by one that begins anew.
 */
#include "redirector/monitor/shown.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	READ_TRIES = 4,
};

void shown_of_certs(struct shown_self *self, const struct certs *certs)
{
	const struct certs_counters *c = certs_counters(certs);
	const struct tables_counters *t = certs_tables(certs);

	self->n[SHOWN_CERTS_MAP] = c->hits_map;
	self->n[SHOWN_CERTS_MEMORY] = c->hits_memory;
	self->n[SHOWN_CERTS_STORE] = c->hits_store;
	self->n[SHOWN_CERTS_MISSES] = c->misses;
	self->n[SHOWN_CERTS_JOINED] = c->joined;
	self->n[SHOWN_CERTS_EVICTED] = c->evicted;
	self->n[SHOWN_FETCHES] = c->fetches;
	self->n[SHOWN_FETCHES_OK] = c->fetched;
	self->n[SHOWN_FETCHES_NOT_MODIFIED] = c->not_modified;
	self->n[SHOWN_FETCHES_FAILED] = c->failed;
	self->n[SHOWN_FETCHES_REFUSED] = c->refused;
	self->n[SHOWN_FETCHES_BUSY] = c->busy;
	self->n[SHOWN_FETCHES_BACKGROUND] = c->background;
	self->n[SHOWN_TABLES_BUILT] = t->built;
	self->n[SHOWN_TABLES_FAILED] = t->failed;
	self->n[SHOWN_TABLES_EVICTED] = t->evicted;
	self->n[SHOWN_TABLES_VERIFIED] = t->verified;
	self->now.certs_entries = certs_entries(certs);
	self->now.tables = t->count;
	self->now.anchors = certs_anchors(certs);
}

void shown_of_lists(struct shown_self *self, const struct lists *lists)
{
	const struct lists_counters *c = lists_counters(lists);

	self->n[SHOWN_LISTS_FETCHED] = c->fetched;
	self->n[SHOWN_LISTS_FAILED] = c->failed;
	self->n[SHOWN_LISTS_REFUSED] = c->refused;
	self->n[SHOWN_LISTS_SWAPPED] = c->swapped;
	self->now.list_count = (uint32_t)lists_status(lists, self->now.lists, SHOWN_LISTS_MAX);
	self->now.crls_missing = lists_crls_missing(lists);
}

void shown_of_breaker(struct shown_self *self, const struct fetcher *breaker)
{
	struct breaker_counters c = { 0 };

	if (!breaker)
		return;
	breaker_counters(breaker, &c);
	self->n[SHOWN_BREAKER_OPENED] = c.opened;
	self->n[SHOWN_BREAKER_SPARED] = c.spared;
	self->now.breaker_open = c.open;
	self->now.host_count = (uint32_t)breaker_hosts(breaker, self->now.hosts, SHOWN_HOSTS_MAX);
}

void shown_of_stored(struct shown_self *self, const struct fetcher *stored)
{
	struct stored_counters c = { 0 };

	self->now.store = stored != NULL;
	if (!stored)
		return;
	stored_counters(stored, &c);
	self->n[SHOWN_STORE_HITS] = c.hits;
	self->n[SHOWN_STORE_MISSES] = c.misses;
	self->n[SHOWN_STORE_LATE] = c.late;
	self->n[SHOWN_STORE_STALE] = c.stale;
	self->n[SHOWN_STORE_KEPT] = c.kept;
	self->n[SHOWN_STORE_LOST] = c.lost;
}

void shown_of_tokens(struct shown_self *self, const struct token_counters *counters)
{
	if (!counters)
		return;
	self->n[SHOWN_TOKENS_SIGNED] = atomic_load(&counters->signed_ok);
	self->n[SHOWN_TOKENS_FAILED] = atomic_load(&counters->failed);
	self->n[SHOWN_TOKENS_BUSY] = atomic_load(&counters->refused_busy);
	self->n[SHOWN_TOKENS_AWAY] = atomic_load(&counters->refused_away);
	self->n[SHOWN_TOKENS_ABANDONED] = atomic_load(&counters->abandoned);
	self->n[SHOWN_TOKENS_RESTARTS] = atomic_load(&counters->restarts);
}

void shown_of_hep(struct shown_self *self, const struct hep_counters *counters)
{
	if (!counters)
		return;
	self->n[SHOWN_HEP_SENT] = counters->sent;
	self->n[SHOWN_HEP_DROPPED] = counters->dropped;
	self->n[SHOWN_HEP_REFUSED] = counters->refused;
}

static uint64_t us_of(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * 1000000 + (uint64_t)tv->tv_usec;
}

/* proc(5), statm: the second number is what is in memory, pages */
static uint64_t resident(void)
{
	unsigned long long size, pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%llu %llu", &size, &pages) != 2)
		pages = 0;
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void shown_of_process(struct shown_self *self)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) == 0)
		self->n[SHOWN_CPU_US] = us_of(&usage.ru_utime) + us_of(&usage.ru_stime);
	self->now.resident = resident();
}

static void write_now(struct shown *shown, const struct shown_now *now)
{
	uint32_t turn = atomic_load_explicit(&shown->turn, memory_order_relaxed) | 1;

	atomic_store_explicit(&shown->turn, turn, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	shown->now = *now;
	atomic_store_explicit(&shown->turn, turn + 1, memory_order_release);
}

void shown_publish(struct shown *shown, uint64_t before[SHOWN_COUNT_LAST],
		   const struct shown_self *self)
{
	for (int i = 0; i < SHOWN_COUNT_LAST; i++) {
		/* a part that a reload made anew begins at 0 again */
		shown->n[i] += self->n[i] >= before[i] ? self->n[i] - before[i] : self->n[i];
		before[i] = self->n[i];
	}
	write_now(shown, &self->now);
}

void shown_forget(struct shown *shown)
{
	static const struct shown_now nothing;

	write_now(shown, &nothing);
}

bool shown_read(const struct shown *shown, struct shown_now *out)
{
	for (int i = 0; i < READ_TRIES; i++) {
		uint32_t turn = atomic_load_explicit(&shown->turn, memory_order_acquire);

		if (turn & 1)
			continue;
		*out = shown->now;
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&shown->turn, memory_order_relaxed) == turn) {
			out->host_count = out->host_count <= SHOWN_HOSTS_MAX ? out->host_count : 0;
			out->list_count = out->list_count <= SHOWN_LISTS_MAX ? out->list_count : 0;
			return true;
		}
	}
	memset(out, 0, sizeof(*out));
	return false;
}
