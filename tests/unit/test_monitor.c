/*
 * Sums over processes that come and go, lists and hosts of several, and tenants that change places.
 */
#include "redirector/monitor/monitor_state.h"
#include "tests/check.h"

#include <stdlib.h>

enum {
	SEATS = 5,
};

static int64_t wall = 1700000000, mono = 100000;

static int64_t wall_of(const struct clock *c)
{
	(void)c;
	return wall;
}

static int64_t mono_of(const struct clock *c)
{
	(void)c;
	return mono;
}

static const struct clock still = { .wall = wall_of, .mono = mono_of };

static long fail_at;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	if (fail_at > 0 && --fail_at == 0)
		return NULL;
	return __real_calloc(n, size);
}

static struct pages *pages_of(unsigned seats)
{
	size_t size = sizeof(struct pages) + seats * sizeof(struct worker_page);
	struct pages *p = aligned_alloc(64, (size + 63) / 64 * 64);

	if (!p)
		exit(1);
	memset(p, 0, size);
	p->seats = seats;
	return p;
}

static void sit(struct pages *p, unsigned seat, bool web)
{
	struct worker_page *page = &p->worker[seat];

	atomic_store(&page->pid, (int)seat + 1000);
	atomic_store(&page->phase, WORKER_READY);
	atomic_fetch_add(&page->spawned, 1);
	atomic_store(&page->web, web);
	atomic_store(&page->alive_ms, mono);
}

static void die(struct pages *p, unsigned seat)
{
	atomic_store(&p->worker[seat].phase, WORKER_DEAD);
	atomic_store(&p->worker[seat].pid, 0);
	shown_forget(&p->worker[seat].shown);
}

/* --- what a process shows --- */

static void publish(void)
{
	static struct shown shown;
	static struct shown_self self;
	static struct shown_now now;
	uint64_t before[SHOWN_COUNT_LAST] = { 0 };

	self.n[SHOWN_FETCHES] = 5;
	self.now.anchors = 3;
	shown_publish(&shown, before, &self);
	shown_publish(&shown, before, &self);
	CHECK(shown.n[SHOWN_FETCHES] == 5, "twice the same is once");
	self.n[SHOWN_FETCHES] = 7;
	shown_publish(&shown, before, &self);
	CHECK(shown.n[SHOWN_FETCHES] == 7, "and on");
	self.n[SHOWN_FETCHES] = 2; /* a part was made anew */
	shown_publish(&shown, before, &self);
	CHECK(shown.n[SHOWN_FETCHES] == 9, "from 0 again");
	CHECK(shown_read(&shown, &now) && now.anchors == 3, "now");

	/* the next one in this seat */
	shown_forget(&shown);
	CHECK(shown_read(&shown, &now) && now.anchors == 0, "gone");
	memset(before, 0, sizeof(before));
	self.n[SHOWN_FETCHES] = 1;
	shown_publish(&shown, before, &self);
	CHECK(shown.n[SHOWN_FETCHES] == 10, "what was counted stays");
}

static void torn(void)
{
	static struct shown shown;
	static struct shown_self self;
	static struct shown_now now;
	uint64_t before[SHOWN_COUNT_LAST] = { 0 };

	self.now.anchors = 3;
	shown_publish(&shown, before, &self);
	atomic_fetch_add(&shown.turn, 1); /* it died over it */
	now.anchors = 9;
	CHECK(!shown_read(&shown, &now), "half");
	CHECK(now.anchors == 0, "is nothing");
	shown_publish(&shown, before, &self);
	CHECK(shown_read(&shown, &now) && now.anchors == 3, "the next one begins anew");
	shown.now.host_count = SHOWN_HOSTS_MAX + 1;
	shown.now.list_count = UINT32_MAX;
	CHECK(shown_read(&shown, &now) && now.host_count == 0 && now.list_count == 0, "nonsense");
}

static void process(void)
{
	static struct shown_self self;

	shown_of_process(&self);
	CHECK(self.now.resident > 100000, "memory: %llu", (unsigned long long)self.now.resident);
	CHECK(self.n[SHOWN_CPU_US] < 600000000, "processor time");
	shown_of_tokens(&self, NULL);
	shown_of_hep(&self, NULL);
	shown_of_breaker(&self, NULL);
	shown_of_stored(&self, NULL);
	CHECK(!self.now.store && self.n[SHOWN_HEP_SENT] == 0, "nothing is nothing");
}

/* --- sums --- */

static void sums(void)
{
	struct pages *p = pages_of(SEATS);
	const struct monitor_parts parts = { .clock = &still, .pages = p, .version = "7" };
	struct monitor *m = monitor_new(&parts);
	const struct snapshot *s = monitor_look(m);

	CHECK(s->workers == 0 && s->ready == 0 && s->process_count == 0, "nobody");
	CHECK(s->supervisor_silent_ms == -1 && !s->anchors_known, "and nothing known");
	sit(p, 0, false);
	sit(p, 1, false);
	sit(p, 2, true);
	for (unsigned i = 0; i < 3; i++) {
		p->worker[i].counters.n[COUNT_INVITES] = 10 + i;
		p->worker[i].counters.codes[202] = 1;
		p->worker[i].counters.attested[1] = 2;
		p->worker[i].counters.outcomes[SK_OK] = 3;
		p->worker[i].steps.step[STEP_SIGN].us = 5;
		p->worker[i].steps.step[STEP_SIGN].buckets[STEP_BOUNDS] = 1;
		p->worker[i].streams[STREAMS_ACCEPTED] = 4;
		p->worker[i].log_lost = 6;
		p->worker[i].shown.n[SHOWN_FETCHES] = 8;
		p->worker[i].shown.now.certs_entries = 2;
		p->worker[i].shown.now.anchors = 4 - i;
		p->worker[i].shown.now.listener_ends[SHOWN_TLS] = i < 2 ? 70 - i : 0;
		p->worker[i].shown.now.listener_ends[SHOWN_HTTPS] = i < 2 ? 0 : 90;
	}
	CHECK(monitor_look(m)->workers == 0, "a second old at most: not yet");
	mono += 1000;
	s = monitor_look(m);
	CHECK(s->workers == 2 && s->ready == 2 && s->web_ready, "two of SIP, one of HTTP");
	CHECK(s->workers_configured == 2, "not said: those that are there");
	CHECK(s->counters.n[COUNT_INVITES] == 33, "counters");
	CHECK(s->counters.codes[202] == 3 && s->counters.attested[1] == 6, "codes, attestations");
	CHECK(s->counters.outcomes[SK_OK] == 9, "outcomes");
	CHECK(s->steps.step[STEP_SIGN].us == 15 &&
		      s->steps.step[STEP_SIGN].buckets[STEP_BOUNDS] == 3,
	      "steps");
	CHECK(s->streams[STREAMS_ACCEPTED] == 12 && s->log_lost == 18, "streams, log");
	CHECK(s->shown[SHOWN_FETCHES] == 24 && s->certs_entries == 6, "shown");
	CHECK(s->anchors_known && s->anchors == 3, "the fewest, and not those of HTTP");
	CHECK(s->listener_ends[SHOWN_TLS] == 69 && s->listener_ends[SHOWN_HTTPS] == 90,
	      "the earliest");
	CHECK(s->starts[0] == 2 && s->starts[1] == 1, "starts");

	die(p, 1);
	sit(p, 3, false);
	atomic_store(&p->worker[3].phase, WORKER_STARTING);
	p->workers = 2;
	p->worker[3].counters.n[COUNT_INVITES] = 1;
	mono += 1000;
	s = monitor_look(m);
	CHECK(s->counters.n[COUNT_INVITES] == 34, "nothing is lost");
	CHECK(s->shown[SHOWN_FETCHES] == 24 && s->certs_entries == 4, "what is true now is");
	CHECK(s->workers == 2 && s->ready == 1 && s->starts[0] == 3, "one is made anew");
	CHECK(s->anchors == 4, "who is not ready has no word");
	CHECK(s->listener_ends[SHOWN_TLS] == 70, "who is gone shows none");
	atomic_store(&p->worker[0].phase, WORKER_DRAINING);
	die(p, 2);
	mono += 1000;
	s = monitor_look(m);
	CHECK(s->draining == 1 && s->ready == 0 && !s->web_ready, "draining");
	CHECK(!s->anchors_known, "nobody to tell");
	CHECK(s->listener_ends[SHOWN_TLS] == 0 && s->listener_ends[SHOWN_HTTPS] == 0,
	      "nothing shown");
	CHECK(strcmp(monitor_version(m), "7") == 0 && monitor_http(m) == &p->http, "the rest");
	monitor_free(m);
	free(p);
}

static void service(void)
{
	struct pages *p = pages_of(1);
	const struct monitor_parts parts = { .clock = &still, .pages = p };
	struct monitor *m = monitor_new(&parts);
	const struct snapshot *s;

	atomic_store(&p->service.alive_ms, mono - 500);
	atomic_store(&p->service.reloads_failed, 2);
	memset(p->service.findings, 'x', sizeof(p->service.findings)); /* torn: no end */
	s = monitor_look(m);
	CHECK(s->supervisor_silent_ms == 500 && s->reloads_failed == 2, "the supervisor");
	CHECK(strlen(s->findings) == sizeof(s->findings) - 1, "an end");
	atomic_store(&p->service.alive_ms, mono + 5000);
	mono += 1000;
	CHECK(monitor_look(m)->supervisor_silent_ms == 0, "never in the future");
	CHECK(strcmp(monitor_version(m), "unknown") == 0, "no version");
	monitor_free(m);
	free(p);
}

/* --- lists and hosts --- */

static struct lists_status list(const char *name, int state, int64_t fetched, int64_t until)
{
	struct lists_status l = { .kind = LISTS_CRL, .state = state, .counts = until > 0 };

	snprintf(l.name, sizeof(l.name), "%s", name);
	l.fetched = fetched;
	l.until = until;
	return l;
}

static void lists(void)
{
	static struct snapshot s;
	static struct shown_now a, b;

	a.lists[0] = list("x", LISTS_GOOD, 100, 200);
	a.lists[1] = list("y", LISTS_GOOD, 100, INT64_MAX);
	a.list_count = 2;
	b.lists[0] = list("y", LISTS_AWAITED, 0, 0);
	b.lists[1] = list("x", LISTS_FAILED, 90, 250);
	b.lists[1].failures = 3;
	b.lists[2] = list("x", LISTS_GOOD, 90, 250);
	b.lists[2].kind = LISTS_CA;
	b.list_count = 3;
	monitor_add_lists(&s, &a);
	monitor_add_lists(&s, &b);
	CHECK(s.list_count == 3, "another kind is another list: %zu", s.list_count);
	CHECK(s.lists[0].state == LISTS_FAILED && s.lists[0].failures == 3, "the worst");
	CHECK(s.lists[0].fetched == 90 && s.lists[0].until == 200 && s.lists[0].counts,
	      "the oldest");
	CHECK(s.lists[1].state == LISTS_AWAITED && !s.lists[1].counts && s.lists[1].until == 0,
	      "one that has none");
	a.list_count = SHOWN_LISTS_MAX;
	for (int i = 0; i < SHOWN_LISTS_MAX; i++)
		snprintf(a.lists[i].name, LISTS_NAME_SIZE, "l%d", i);
	monitor_add_lists(&s, &a);
	CHECK(s.list_count == SHOWN_LISTS_MAX, "bounded");
}

static struct breaker_host host(const char *name, uint64_t failures, int64_t last, bool open)
{
	struct breaker_host h = { .failures = failures,
				  .err = (int32_t)last,
				  .open = open,
				  .since = last - 5,
				  .last = last };

	snprintf(h.name, sizeof(h.name), "%s", name);
	return h;
}

static void hosts(void)
{
	static struct snapshot s;
	static struct shown_now a, b;
	bool sorted = true;

	a.hosts[0] = host("x:443", 2, 50, false);
	a.hosts[1] = host("y:443", 1, 40, false);
	a.host_count = 2;
	b.hosts[0] = host("z:443", 1, 60, false);
	b.hosts[1] = host("x:443", 5, 45, true);
	b.host_count = 2;
	monitor_add_hosts(&s, &a);
	monitor_add_hosts(&s, &b);
	CHECK(s.host_count == 3 && strcmp(s.hosts[0].host.name, "z:443") == 0, "the last first");
	CHECK(strcmp(s.hosts[1].host.name, "x:443") == 0 && s.hosts[1].host.failures == 7, "sum");
	CHECK(s.hosts[1].host.open && s.hosts[1].processes == 2, "left alone by one");
	CHECK(s.hosts[1].host.since == 40 && s.hosts[1].host.err == 50,
	      "since, and the last reason");
	for (int k = 0; k < 3; k++) {
		for (int i = 0; i < SHOWN_HOSTS_MAX; i++) {
			char name[16];

			snprintf(name, sizeof(name), "h%d-%d", k, i);
			a.hosts[i] = host(name, 1, 100 + k * 7 - i, false);
		}
		a.host_count = SHOWN_HOSTS_MAX;
		monitor_add_hosts(&s, &a);
	}
	CHECK(s.host_count == SHOWN_HOSTS_MAX, "bounded");
	for (size_t i = 1; i < s.host_count; i++)
		sorted &= s.hosts[i - 1].host.last >= s.hosts[i].host.last;
	CHECK(sorted, "in order");
}

/* --- tenants --- */

static struct tally_slot *slot_of(struct tally *tally, int i, const char *behind)
{
	char name[64];
	struct tally_slot *slot;

	snprintf(name, sizeof(name), "t%d%s", i, behind);
	slot = tally_slot(tally, sk_span_of(name));
	if (!slot)
		exit(1);
	return slot;
}

static const struct seen_tenant *find(const struct seen_tenants *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->items[i].name, name) == 0)
			return &t->items[i];
	return NULL;
}

static void tenants(void)
{
	struct tally *tally = tally_new(300);
	static struct tenants_watch watch;
	static struct seen_tenants out;
	uint64_t others;

	for (int i = 0; i < 250; i++)
		atomic_store(&slot_of(tally, i, "")->n[TALLY_CALLS], (uint64_t)i * 10);
	atomic_store(&slot_of(tally, 1, "/trunk")->n[TALLY_CALLS], 100000);
	monitor_tenants(&watch, tally, &out);
	CHECK(out.total == 250 && out.count == MONITOR_TENANTS_MAX, "all, and trunks are none");
	CHECK(find(&out, "t249") && find(&out, "t150") && !find(&out, "t149"),
	      "those with the most");
	others = out.others.n[TALLY_CALLS];
	CHECK(others == 149 * 150 / 2 * 10, "the rest: %llu", (unsigned long long)others);

	atomic_store(&slot_of(tally, 0, "")->n[TALLY_CALLS], 1501); /* more, not twice as much */
	monitor_tenants(&watch, tally, &out);
	CHECK(out.others.n[TALLY_CALLS] == others + 1501, "it is of the rest");
	monitor_tenants(&watch, tally, &out);
	CHECK(!find(&out, "t0"), "and stays it");
	atomic_store(&slot_of(tally, 0, "")->n[TALLY_CALLS], 5000);
	monitor_tenants(&watch, tally, &out);
	others = out.others.n[TALLY_CALLS];
	monitor_tenants(&watch, tally, &out);
	CHECK(find(&out, "t0") && find(&out, "t0")->n[TALLY_CALLS] == 5000, "it has a name now");
	CHECK(!find(&out, "t150"), "another has none");
	CHECK(out.others.n[TALLY_CALLS] == others, "and the rest did not fall");
	atomic_fetch_add(&slot_of(tally, 150, "")->n[TALLY_CALLS], 3);
	monitor_tenants(&watch, tally, &out);
	CHECK(out.others.n[TALLY_CALLS] == others + 3, "nor lose what comes");
	tally_free(tally);
}

static void few(void)
{
	struct tally *tally = tally_new(10);
	static struct tenants_watch watch;
	static struct seen_tenants out;

	monitor_tenants(&watch, tally, &out);
	CHECK(out.total == 0 && out.count == 0, "none");
	atomic_store(&slot_of(tally, 1, "")->n[TALLY_SIGNED], 4);
	monitor_tenants(&watch, tally, &out);
	CHECK(out.count == 1 && out.items[0].n[TALLY_SIGNED] == 4, "one that came later");
	CHECK(out.others.n[TALLY_SIGNED] == 0, "there is no rest");
	tally_free(tally);
}

static void no_memory(void)
{
	const struct monitor_parts parts = { .clock = &still };
	struct monitor *m;

	fail_at = 1;
	m = monitor_new(&parts);
	fail_at = 0;
	CHECK(!m, "no memory");
	monitor_free(NULL);
}

int main(void)
{
	publish();
	torn();
	process();
	sums();
	service();
	lists();
	hosts();
	tenants();
	few();
	no_memory();
	return check_result();
}
