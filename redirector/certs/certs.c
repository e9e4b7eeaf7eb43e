/*
 * The order of the levels: configured map, memory, fetch.  The second memory
 * (shared, on disk) is a fetcher in front of the fetcher.
 *
 * What surprises: a handler may ask for another chain, and that one may need
 * the place of the entry just being shown, so entries are pinned while handlers
 * look at them, and the ring of calls is taken off before the first is called.
 */
#include "redirector/certs/certs.h"

#include "redirector/certs/state.h"

enum {
	SUSPECT_EVERY = 5 * 60 * 1000, /* ms between two doubts about one chain          */
};

/* --- answers --- */

static struct certs_result result_of(const struct certs *certs, struct sk_span x5u,
				     struct judged *judged, enum certs_from from)
{
	const struct judge by = certs_judge(certs);
	const enum sk_err verdict = judge(&by, x5u, judged);

	if (verdict == SK_OK)
		tables_note(certs->tables, judged->chain, &judged->use);

	return (struct certs_result){ .chain = judged->chain, .verdict = verdict, .from = from };
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
		result = result_of(certs, entry->url, &entry->judged, from);
	handler(arg, &result);
}

void certs_leave(struct certs *certs, struct certs_wait *wait)
{
	entry_leave(wait);
	certs->waiting--;
}

/* Who asks again from a handler joins the entry's own ring and waits for the next fetch. */
void certs_deliver(struct certs *certs, struct certs_entry *entry, enum certs_from from,
		   enum sk_err err)
{
	struct certs_wait now;

	entry_take_waits(entry, &now);
	entry->pins++;
	while (now.next != &now) {
		struct certs_wait *wait = now.next;

		certs_leave(certs, wait);
		answer(certs, entry, from, err, wait->handler, wait->arg);
	}
	entry->pins--;
}

/* --- asking --- */

/* What is there now may be better than what we have: another key, a renewed issuer. */
static void doubt(struct certs *certs, struct certs_entry *entry)
{
	int64_t now = certs_mono(certs);

	if (!entry->judged.chain || entry->fetching || now < entry->retry_at ||
	    now - entry->fetched <= SUSPECT_EVERY)
		return;
	if (entry->suspected_at != 0 && now - entry->suspected_at < SUSPECT_EVERY)
		return;
	entry->suspected_at = now;
	renewal_behind(certs, entry, false);
}

static void answer_from_memory(struct certs *certs, struct certs_entry *entry, certs_h *handler,
			       void *arg)
{
	bool good;

	certs->counters.hits_memory++;
	if (entry_due(entry, certs_mono(certs)))
		renewal_behind(certs, entry, true);
	entry->pins++;
	answer(certs, entry, CERTS_FROM_MEMORY, entry->err, handler, arg);
	entry->pins--;
	/* another trust may have judged it just now, or its issuer has ended */
	good = entry->judged.chain && entry->judged.verdict == SK_OK;
	cache_touch(certs->cache, entry, good);
	if (!good)
		doubt(certs, entry);
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
		err = renewal_start(certs, entry, true);
	if (err == SK_OK) {
		entry_join(entry, wait);
		certs->waiting++;
	} else if (entry_empty(entry)) {
		cache_drop(certs->cache, entry);
	}
	return err;
}

/* The main file's own tenant has what that file says. */
static struct certs_own own_of(const struct certs *certs, const struct certs_own *own)
{
	return own ? *own
		   : (struct certs_own){ certs->configured, certs->conf->tenant.verify.fetch };
}

static struct judged *configured_for(const struct certs_own *own, struct sk_span x5u)
{
	return own->configured ? map_get(own->configured, x5u) : NULL;
}

/* Also what is in memory from before a reload is not given when its host is listed no more. */
static bool may_ask(const struct certs *certs, bool fetch, struct sk_span x5u)
{
	return fetch && fetch_may_ask(&certs->conf->certs, x5u);
}

void certs_want(struct certs *certs, struct sk_span x5u, struct certs_wait *wait, certs_h *handler,
		void *arg)
{
	certs_want_for(certs, NULL, x5u, wait, handler, arg);
}

void certs_want_for(struct certs *certs, const struct certs_own *own_or_null, struct sk_span x5u,
		    struct certs_wait *wait, certs_h *handler, void *arg)
{
	struct certs_own own = own_of(certs, own_or_null);
	struct judged *configured = configured_for(&own, x5u);
	struct certs_entry *entry;
	enum sk_err err;

	*wait = (struct certs_wait){ .handler = handler, .arg = arg };
	if (configured) {
		struct certs_result result = result_of(certs, x5u, configured, CERTS_FROM_MAP);

		certs->counters.hits_map++;
		handler(arg, &result);
		return;
	}
	if (!may_ask(certs, own.fetch, x5u)) {
		certs->counters.refused++;
		answer_err(handler, arg, SK_FETCH_REFUSED);
		return;
	}
	entry = cache_get(certs->cache, x5u);
	if (entry && entry_answers(entry, certs_mono(certs), certs_wall(certs))) {
		answer_from_memory(certs, entry, handler, arg);
		return;
	}
	certs->counters.misses++;
	err = wait_for_fetch(certs, x5u, entry, wait);
	if (err == SK_OK)
		return;
	entry = cache_get(certs->cache, x5u);
	if (entry && entry_stale_ok(entry, certs_mono(certs), certs_wall(certs)))
		answer_from_memory(certs, entry, handler, arg);
	else
		answer_err(handler, arg, err);
}

bool certs_answers(const struct certs *certs, struct sk_span x5u)
{
	return certs_answers_for(certs, NULL, x5u);
}

bool certs_answers_for(const struct certs *certs, const struct certs_own *own_or_null,
		       struct sk_span x5u)
{
	const struct certs_entry *entry = cache_get(certs->cache, x5u);
	struct certs_own own = own_of(certs, own_or_null);

	return configured_for(&own, x5u) || !may_ask(certs, own.fetch, x5u) ||
	       (entry && entry_answers(entry, certs_mono(certs), certs_wall(certs)));
}

void certs_cancel(struct certs *certs, struct certs_wait *wait)
{
	if (wait->entry)
		certs_leave(certs, wait);
}

void certs_suspect(struct certs *certs, struct sk_span x5u)
{
	struct certs_entry *entry = cache_get(certs->cache, x5u);

	if (entry && may_ask(certs, true, x5u))
		doubt(certs, entry);
}

const struct tables_counters *certs_tables(const struct certs *certs)
{
	return tables_counters(certs->tables);
}

const struct certs_counters *certs_counters(const struct certs *certs)
{
	return &certs->counters;
}

size_t certs_entries(const struct certs *certs)
{
	return cache_count(certs->cache);
}

size_t certs_anchors(const struct certs *certs)
{
	return sk_trust_anchors(certs->trust);
}
