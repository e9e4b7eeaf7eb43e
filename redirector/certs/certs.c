/*
 * The order of the levels: configured map, memory, fetch.  A second memory
 * (shared, on disk) would be a fetcher in front of the fetcher.
 *
 * What surprises: a handler may ask for another chain, and that one may need
 * the place of the entry just being shown, so entries are pinned while handlers
 * look at them, and the ring of calls is taken off before the first is called.
 */
#include "redirector/certs/certs.h"

#include "redirector/base/map.h"
#include "redirector/certs/cache.h"
#include "redirector/certs/configured.h"
#include "redirector/certs/fetch.h"
#include "redirector/certs/judge.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	SUSPECT_EVERY = 5 * 60 * 1000, /* ms between two doubts about one chain          */
	BUSY_PAUSE = 1000,             /* ms until a renewal that found no place may try */
};

struct certs {
	struct certs_parts parts;
	struct conf *conf;
	struct sk_trust *trust;
	uint64_t generation;    /* of trust */
	struct map *configured; /* x5u -> struct judged */
	struct cache *cache;
	size_t waiting;
	struct certs_counters counters;
};

static int64_t mono(const struct certs *certs)
{
	return certs->parts.clock->mono(certs->parts.clock);
}

static int64_t wall(const struct certs *certs)
{
	return certs->parts.clock->wall(certs->parts.clock);
}

/* --- answers --- */

static struct certs_result result_of(struct certs *certs, struct judged *judged,
				     enum certs_from from)
{
	return (struct certs_result){
		.chain = judged->chain,
		.verdict = judge(judged, certs->trust, certs->generation, wall(certs)),
		.from = from,
	};
}

static void answer_err(certs_h *handler, void *arg, enum sk_err err)
{
	handler(arg, &(struct certs_result){ .err = err });
}

static void answer(struct certs *certs, struct certs_entry *entry, enum certs_from from,
		   enum sk_err err, certs_h *handler, void *arg)
{
	struct certs_result result = { .err = err };

	if (entry->judged.chain)
		result = result_of(certs, &entry->judged, from);
	handler(arg, &result);
}

static void leave(struct certs *certs, struct certs_wait *wait)
{
	entry_leave(wait);
	certs->waiting--;
}

/* Who asks again from a handler joins the entry's own ring and waits for the next fetch. */
static void deliver(struct certs *certs, struct certs_entry *entry, enum certs_from from,
		    enum sk_err err)
{
	struct certs_wait now;

	entry_take_waits(entry, &now);
	entry->pins++;
	while (now.next != &now) {
		struct certs_wait *wait = now.next;

		leave(certs, wait);
		answer(certs, entry, from, err, wait->handler, wait->arg);
	}
	entry->pins--;
}

/* --- fetching --- */

static void count_end(struct certs_counters *counters, enum sk_err err)
{
	if (err == SK_BUSY)
		counters->busy++;
	else if (err == SK_FETCH_REFUSED)
		counters->refused++;
	else if (err != SK_OK)
		counters->failed++;
	else
		counters->fetched++;
}

/* A new or confirmed chain.  One that does not pass is looked at again soon, as a failure is. */
static void install(struct certs *certs, struct certs_entry *entry, const struct freshness *headers)
{
	int64_t least = certs->conf->certs.failure_lifetime;
	int64_t keep = freshness_keep(headers, wall(certs), certs->conf->certs.lifetime,
				      sk_chain_leaf(entry->judged.chain)->not_after);
	enum sk_err verdict = judge(&entry->judged, certs->trust, certs->generation, wall(certs));

	if (verdict != SK_OK || keep < least)
		keep = entry_backoff(entry, least);
	else
		entry->failures = 0;
	entry_keep(entry, keep, mono(certs));
	cache_touch(certs->cache, entry, verdict == SK_OK);
}

/* A fault of ours says nothing of the repository. */
static void remember(struct certs *certs, struct certs_entry *entry, enum sk_err err)
{
	int64_t now = mono(certs);
	bool spent = !entry_stale_ok(entry, now, wall(certs)) && now >= entry->fresh_until;

	if (spent)
		entry_clear(entry, SK_OK);
	if (sk_err_class(err) == SK_CLASS_OURS) {
		entry->retry_at = now + BUSY_PAUSE;
		entry->err = SK_OK;
		return;
	}
	entry->retry_at = now + 1000 * entry_backoff(entry, certs->conf->certs.failure_lifetime);
	if (spent) {
		entry->err = err;
		cache_touch(certs->cache, entry, false);
	}
}

static enum sk_err take_result(struct certs *certs, struct certs_entry *entry,
			       const struct fetch_result *result)
{
	struct sk_chain *chain = NULL;
	enum sk_err err = result->err;

	if (err == SK_OK && result->not_modified && entry->judged.chain) {
		certs->counters.not_modified++;
	} else {
		if (err == SK_OK)
			err = sk_chain_new(result->body.ptr, result->body.len, &chain);
		if (err != SK_OK)
			return err;
		entry_clear(entry, SK_OK);
		entry->judged.chain = chain;
		memcpy(entry->etag, result->headers.etag, sizeof(entry->etag));
	}
	install(certs, entry, &result->headers);
	return SK_OK;
}

static void on_fetched(struct fetch_job *job, const struct fetch_result *result)
{
	struct certs_entry *entry = job->arg;
	struct certs *certs = entry->certs;
	enum sk_err err = take_result(certs, entry, result);

	entry->fetching = false;
	count_end(&certs->counters, err);
	if (err != SK_OK)
		remember(certs, entry, err);
	deliver(certs, entry, err == SK_OK ? CERTS_FROM_FETCH : CERTS_FROM_MEMORY, err);
	entry_shed(entry);
	if (entry_empty(entry))
		cache_drop(certs->cache, entry);
}

static enum sk_err start(struct certs *certs, struct certs_entry *entry, bool conditional)
{
	enum sk_err err;

	entry->certs = certs;
	entry->job = (struct fetch_job){
		.url = entry->url,
		.etag = sk_span_of(conditional ? entry->etag : ""),
		.done = on_fetched,
		.arg = entry,
	};
	entry->fetching = true;
	err = certs->parts.fetcher->start(certs->parts.fetcher, &entry->job);
	if (err == SK_OK) {
		certs->counters.fetches++;
		return SK_OK;
	}
	entry->fetching = false;
	count_end(&certs->counters, err);
	remember(certs, entry, err);
	return err;
}

/* Nobody waits for this one. */
static void renew(struct certs *certs, struct certs_entry *entry, bool conditional)
{
	if (start(certs, entry, conditional) == SK_OK)
		certs->counters.background++;
}

/* --- asking --- */

static void answer_from_memory(struct certs *certs, struct certs_entry *entry, certs_h *handler,
			       void *arg)
{
	certs->counters.hits_memory++;
	cache_touch(certs->cache, entry, entry->good);
	if (entry_due(entry, mono(certs)))
		renew(certs, entry, true);
	entry->pins++;
	answer(certs, entry, CERTS_FROM_MEMORY, entry->err, handler, arg);
	entry->pins--;
}

/* The first call for a URL.  @return SK_OK: it waits now */
static enum sk_err wait_for_fetch(struct certs *certs, struct sk_span x5u,
				  struct certs_entry *entry, struct certs_wait *wait)
{
	int64_t most = certs->conf->sip.waiting_max;
	enum sk_err err = SK_OK;

	if (most > 0 && certs->waiting >= (size_t)most) {
		certs->counters.busy++;
		return SK_BUSY;
	}
	if (!entry)
		entry = cache_add(certs->cache, x5u);
	certs->counters.evicted = cache_evicted(certs->cache);
	if (!entry) {
		certs->counters.busy++;
		return SK_BUSY;
	}
	if (entry->fetching)
		certs->counters.joined++;
	else
		err = start(certs, entry, true);
	if (err == SK_OK) {
		entry_join(entry, wait);
		certs->waiting++;
	} else if (entry_empty(entry)) {
		cache_drop(certs->cache, entry);
	}
	return err;
}

void certs_want(struct certs *certs, struct sk_span x5u, struct certs_wait *wait, certs_h *handler,
		void *arg)
{
	struct judged *configured = map_get(certs->configured, x5u);
	struct certs_entry *entry;
	enum sk_err err;

	*wait = (struct certs_wait){ .handler = handler, .arg = arg };
	if (configured) {
		struct certs_result result = result_of(certs, configured, CERTS_FROM_MAP);

		certs->counters.hits_map++;
		handler(arg, &result);
		return;
	}
	if (!certs->conf->tenant.verify.fetch) {
		certs->counters.refused++;
		answer_err(handler, arg, SK_FETCH_REFUSED);
		return;
	}
	entry = cache_get(certs->cache, x5u);
	if (entry && entry_answers(entry, mono(certs), wall(certs))) {
		answer_from_memory(certs, entry, handler, arg);
		return;
	}
	certs->counters.misses++;
	err = wait_for_fetch(certs, x5u, entry, wait);
	if (err == SK_OK)
		return;
	entry = cache_get(certs->cache, x5u);
	if (entry && entry_stale_ok(entry, mono(certs), wall(certs)))
		answer_from_memory(certs, entry, handler, arg);
	else
		answer_err(handler, arg, err);
}

void certs_cancel(struct certs *certs, struct certs_wait *wait)
{
	if (wait->entry)
		leave(certs, wait);
}

void certs_suspect(struct certs *certs, struct sk_span x5u)
{
	struct certs_entry *entry = cache_get(certs->cache, x5u);
	int64_t now = mono(certs);

	if (!entry || !entry->judged.chain || entry->fetching || now < entry->retry_at ||
	    now - entry->fetched <= SUSPECT_EVERY || !certs->conf->tenant.verify.fetch)
		return;
	if (entry->suspected_at != 0 && now - entry->suspected_at < SUSPECT_EVERY)
		return;
	entry->suspected_at = now;
	renew(certs, entry, false);
}

const struct certs_counters *certs_counters(const struct certs *certs)
{
	return &certs->counters;
}

size_t certs_entries(const struct certs *certs)
{
	return cache_count(certs->cache);
}

/* --- life --- */

bool certs_new(const struct certs_parts *parts, struct conf *conf, struct sk_trust *trust,
	       struct certs **out, char why[256])
{
	SK_CLEANUP(configured_free_p) struct map *configured = NULL;
	SK_CLEANUP(cache_free_p) struct cache *cache = NULL;
	struct certs *certs;

	if (!configured_load(&conf->tenant.verify.certificates, &configured, why))
		return false;
	cache = cache_new((size_t)conf->certs.entries);
	certs = calloc(1, sizeof(*certs));
	if (!cache || !certs) {
		free(certs);
		snprintf(why, 256, "out of memory");
		return false;
	}
	*certs = (struct certs){
		.parts = *parts,
		.conf = conf_ref(conf),
		.trust = trust,
		.generation = 1,
		.configured = sk_steal(configured),
		.cache = sk_steal(cache),
	};
	*out = certs;
	return true;
}

bool certs_reload(struct certs *certs, struct conf *conf, struct sk_trust *trust, char why[256])
{
	SK_CLEANUP(configured_free_p) struct map *configured = NULL;
	struct fetcher *fetcher = certs->parts.fetcher;

	if (!configured_load(&conf->tenant.verify.certificates, &configured, why))
		return false;
	if (fetcher->reload && !fetcher->reload(fetcher, &conf->certs, why))
		return false;
	/* without memory for another limit the old one stays, which harms nobody */
	if (!cache_limit(certs->cache, (size_t)conf->certs.entries))
		snprintf(why, 256, "certs.entries stays as it was: out of memory");

	configured_free(certs->configured);
	certs->configured = sk_steal(configured);
	sk_trust_free(certs->trust);
	certs->trust = trust;
	certs->generation++;
	cache_retry(certs->cache);
	conf_ref(conf);
	conf_unref(certs->conf);
	certs->conf = conf;
	return true;
}

static void let_go(void *arg, struct certs_entry *entry)
{
	struct certs *certs = arg;

	if (entry->fetching)
		certs->parts.fetcher->stop(certs->parts.fetcher, &entry->job);
	while (entry->waits.next != &entry->waits)
		leave(certs, entry->waits.next);
}

void certs_free(struct certs *certs)
{
	if (!certs)
		return;
	cache_each(certs->cache, let_go, certs);
	cache_free(certs->cache);
	configured_free(certs->configured);
	sk_trust_free(certs->trust);
	conf_unref(certs->conf);
	free(certs);
}
