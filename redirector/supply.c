/*
 * Fetchers stand in front of each other and are freed from the front to the back:
 * who holds jobs (certs, lists) goes first.
 */
#include "redirector/supply.h"

#include "redirector/certs/breaker.h"
#include "redirector/certs/check.h"
#include "redirector/certs/fetch.h"
#include "redirector/certs/lists.h"
#include "redirector/certs/stored.h"
#include "redirector/certs/tables.h"

#include <stdio.h>
#include <stdlib.h>

struct supply {
	struct supply_parts parts;
	struct fetcher *network, *breaker;
	struct fetcher *stored; /* NULL: no store */
	struct lists *lists;
	struct certs *certs;
};

void supply_free(struct supply *supply)
{
	if (!supply)
		return;
	certs_free(supply->certs);
	lists_free(supply->lists);
	if (supply->stored)
		stored_free(supply->stored);
	if (supply->breaker)
		breaker_free(supply->breaker);
	fetch_curl_free(supply->network);
	free(supply);
}

struct certs *supply_certs(const struct supply *supply)
{
	return supply->certs;
}

/* The outermost: whoever wants something asks here. */
static struct fetcher *front_fetcher(const struct supply *s)
{
	return s->stored ? s->stored : s->breaker;
}

const struct lists_counters *supply_lists(const struct supply *supply)
{
	return lists_counters(supply->lists);
}

struct fetcher *supply_network(const struct supply *supply)
{
	return supply->breaker;
}

/* An upset disk is no reason to let calls go unverified: memory and network are left. */
static void open_store(struct supply *s, const struct certs_conf *conf)
{
	static const char *const states[] = {
		[STORE_AS_IT_WAS] = "opened",
		[STORE_NEW] = "new",
		[STORE_REBUILT] = "rebuilt",
	};
	SK_CLEANUP(store_close_p) struct store *store = NULL;
	enum store_state state = STORE_AS_IT_WAS;
	char why[STORE_WHY_SIZE] = "";
	size_t records;

	if (conf->store[0] == '\0')
		return;
	if (!store_open(conf->store, (size_t)conf->store_size, &store, &state, why)) {
		log_print(s->parts.log, LEVEL_ERROR,
			  "event=store state=none folder=\"%.200s\" msg=\"certs.store: %s; "
			  "certificates are kept in memory only\"",
			  conf->store, why);
		return;
	}
	records = store_count(store);
	if (!stored_new(s->parts.loop, s->parts.clock, s->parts.log, store, s->breaker,
			&s->stored)) {
		log_print(s->parts.log, LEVEL_ERROR,
			  "event=store state=none msg=\"certs.store: no threads for it; "
			  "certificates are kept in memory only\"");
		return;
	}
	sk_steal(store); /* stored has it now */
	if (state == STORE_REBUILT)
		log_print(s->parts.log, LEVEL_WARNING, "event=store msg=\"%s\"", why);
	log_print(s->parts.log, LEVEL_INFO, "event=store state=%s folder=\"%.200s\" records=%zu",
		  states[state], conf->store, records);
}

/* A list was fetched, or has ended: chains in memory are judged again. */
static void on_trust(void *arg, struct sk_trust *trust)
{
	struct supply *s = arg;

	log_print(s->parts.log, LEVEL_INFO, "event=trust anchors=%zu", sk_trust_anchors(trust));
	certs_set_trust(s->certs, trust);
}

static void on_fetched(void *steps, int64_t us)
{
	steps_add(steps, STEP_FETCH, us);
}

static bool open_fetchers(struct supply *s, const struct certs_conf *conf,
			  char why[SUPPLY_WHY_SIZE])
{
	if (!fetch_curl_new(s->parts.loop, conf, &s->network, why))
		return false;
	if (!breaker_new(s->parts.clock, s->parts.log, conf, s->network, &s->breaker)) {
		snprintf(why, SUPPLY_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
		return false;
	}
	open_store(s, conf);
	return true;
}

static bool open_certs(struct supply *s, struct conf *conf, char why[SUPPLY_WHY_SIZE])
{
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	struct lists_parts lists = {
		.loop = s->parts.loop,
		.clock = s->parts.clock,
		.fetcher = front_fetcher(s),
		.log = s->parts.log,
	};
	struct certs_parts certs = { .loop = s->parts.loop,
				     .clock = s->parts.clock,
				     .fetcher = front_fetcher(s),
				     .log = s->parts.log,
				     .took = on_fetched,
				     .took_arg = s->parts.steps };

	if (!lists_new(&lists, conf, on_trust, s, &s->lists, &trust, why))
		return false;
	if (!certs_new(&certs, conf, trust, &s->certs, why))
		return false;
	sk_steal(trust);
	return true;
}

bool supply_new(const struct supply_parts *parts, struct conf *conf, struct supply **out,
		char why[SUPPLY_WHY_SIZE])
{
	SK_CLEANUP(supply_free_p) struct supply *s = calloc(1, sizeof(*s));

	if (!s) {
		snprintf(why, SUPPLY_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
		return false;
	}
	s->parts = *parts;
	if (!open_fetchers(s, &conf->certs, why) || !open_certs(s, conf, why))
		return false;
	*out = sk_steal(s);
	return true;
}

bool supply_reload(struct supply *supply, struct conf *conf, char why[SUPPLY_WHY_SIZE])
{
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	struct lists_next *next = NULL;

	if (!lists_prepare(supply->lists, conf, &next, &trust, why))
		return false;
	if (!certs_reload(supply->certs, conf, trust, why)) {
		lists_drop(next);
		return false;
	}
	sk_steal(trust);
	lists_commit(supply->lists, next);
	return true;
}

void supply_show(const struct supply *supply, struct shown_self *self)
{
	shown_of_certs(self, supply->certs);
	shown_of_lists(self, supply->lists);
	shown_of_breaker(self, supply->breaker);
	shown_of_stored(self, supply->stored);
}

static void log_certs(const struct supply *supply)
{
	const struct certs_counters *c = certs_counters(supply->certs);
	const struct tables_counters *t = certs_tables(supply->certs);

	log_print(supply->parts.log, LEVEL_ASKED,
		  "event=certificates map=%llu memory=%llu store=%llu misses=%llu joined=%llu "
		  "fetches=%llu fetched=%llu failed=%llu refused=%llu busy=%llu evicted=%llu "
		  "entries=%zu",
		  (unsigned long long)c->hits_map, (unsigned long long)c->hits_memory,
		  (unsigned long long)c->hits_store, (unsigned long long)c->misses,
		  (unsigned long long)c->joined, (unsigned long long)c->fetches,
		  (unsigned long long)c->fetched, (unsigned long long)c->failed,
		  (unsigned long long)c->refused, (unsigned long long)c->busy,
		  (unsigned long long)c->evicted, certs_entries(supply->certs));
	log_print(supply->parts.log, LEVEL_ASKED,
		  "event=tables count=%zu built=%llu failed=%llu evicted=%llu verified=%llu",
		  t->count, (unsigned long long)t->built, (unsigned long long)t->failed,
		  (unsigned long long)t->evicted, (unsigned long long)t->verified);
}

void supply_log_counters(const struct supply *supply)
{
	const struct lists_counters *lists = lists_counters(supply->lists);
	struct breaker_counters breaker = { 0 };

	log_certs(supply);
	breaker_counters(supply->breaker, &breaker);
	log_print(supply->parts.log, LEVEL_ASKED, "event=breaker opened=%llu spared=%llu open=%zu",
		  (unsigned long long)breaker.opened, (unsigned long long)breaker.spared,
		  breaker.open);
	if (supply->stored) {
		struct stored_counters stored = { 0 };

		stored_counters(supply->stored, &stored);
		log_print(supply->parts.log, LEVEL_ASKED,
			  "event=stored hits=%llu misses=%llu late=%llu stale=%llu kept=%llu "
			  "lost=%llu",
			  (unsigned long long)stored.hits, (unsigned long long)stored.misses,
			  (unsigned long long)stored.late, (unsigned long long)stored.stale,
			  (unsigned long long)stored.kept, (unsigned long long)stored.lost);
	}
	log_print(supply->parts.log, LEVEL_ASKED,
		  "event=lists fetched=%llu failed=%llu refused=%llu swapped=%llu",
		  (unsigned long long)lists->fetched, (unsigned long long)lists->failed,
		  (unsigned long long)lists->refused, (unsigned long long)lists->swapped);
}

/* Never called: without a network no list arrives. */
static void drop_trust(void *arg, struct sk_trust *trust)
{
	(void)arg;
	sk_trust_free(trust);
}

bool supply_check(struct conf *conf, struct log *log, char why[SUPPLY_WHY_SIZE])
{
	SK_CLEANUP(loop_free_p) struct loop *loop = loop_new();
	SK_CLEANUP(lists_free_p) struct lists *lists = NULL;
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	struct clock clock = CLOCK_REAL;
	struct lists_parts parts = { .loop = loop, .clock = &clock, .log = log };

	if (!loop) {
		snprintf(why, SUPPLY_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
		return false;
	}
	return lists_new(&parts, conf, drop_trust, NULL, &lists, &trust, why) &&
	       certs_check(conf, log, why);
}
