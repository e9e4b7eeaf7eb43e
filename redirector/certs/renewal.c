/*
 * What an answer means for an entry: a new chain, the old one confirmed, or a
 * failure, and when to ask again.  What surprises: an answer may be a copy out of
 * the shared store; it is then as old as the day it left the network, and says
 * itself how long it is fresh.
 */
#include "redirector/certs/state.h"

enum {
	BUSY_PAUSE = 1000, /* ms until a renewal that found no place may try */
};

static void count_end(struct certs_counters *counters, enum sk_err err, bool stored)
{
	if (err == SK_BUSY)
		counters->busy++;
	else if (err == SK_FETCH_REFUSED)
		counters->refused++;
	else if (err != SK_OK)
		counters->failed++;
	else if (stored)
		counters->hits_store++;
	else
		counters->fetched++;
}

/* How long the chain may be used, in seconds; 0 or less: it should have been renewed already. */
static int64_t keep_of(const struct certs *certs, const struct certs_entry *entry,
		       const struct fetch_result *result)
{
	int64_t now = certs_wall(certs);
	int64_t end = sk_chain_leaf(entry->judged.chain)->not_after;
	int64_t until = result->until < end ? result->until : end;

	if (result->stored)
		return until - now;
	return freshness_keep(&result->headers, now, certs->conf->certs.lifetime, end);
}

/* Proved good, so others may have it.  A 304 without a body leaves nothing to give: whoever finds
 * the store's copy too old asks with its tag, and renews it. */
static void offer(struct certs *certs, const struct certs_entry *entry,
		  const struct fetch_result *result, int64_t keep)
{
	struct fetcher *fetcher = certs->parts.fetcher;
	int64_t now = certs_wall(certs);

	if (!fetcher->keep || result->stored || result->body.len == 0)
		return;
	fetcher->keep(fetcher, &(struct fetch_kept){ .url = entry->url,
						     .body = result->body,
						     .etag = sk_span_of(entry->etag),
						     .fetched = now,
						     .until = now + keep });
}

/* A new or confirmed chain.  One that does not pass is looked at again soon, as a failure is; so
 * is one that only serves because the network failed. */
static void install(struct certs *certs, struct certs_entry *entry,
		    const struct fetch_result *result)
{
	int64_t least = certs->conf->certs.failure_lifetime;
	int64_t keep = keep_of(certs, entry, result), late = 0;
	const struct judge by = certs_judge(certs);
	enum sk_err verdict = judge(&by, entry->url, &entry->judged);

	if (verdict == SK_OK) /* what else was in the file is memory that a stranger fills */
		sk_trust_trim(certs->trust, entry->judged.chain, certs_wall(certs));
	if (verdict == SK_OK && (keep >= least || (result->stored && keep > 0))) {
		entry->failures = 0;
		offer(certs, entry, result, keep);
	} else {
		late = keep < 0 ? -keep : 0;
		keep = entry_backoff(entry, least);
	}
	entry_keep(entry, keep, certs_mono(certs));
	entry_age(entry, certs_wall(certs) - entry->fetched_wall, late);
	cache_touch(certs->cache, entry, verdict == SK_OK);
}

/* A fault of ours says nothing of the repository. */
static void remember(struct certs *certs, struct certs_entry *entry, enum sk_err err, bool unasked)
{
	int64_t now = certs_mono(certs);
	bool spent = !entry_stale_ok(entry, now, certs_wall(certs)) && now >= entry->fresh_until;

	if (spent)
		entry_clear(entry, SK_OK);
	if (sk_err_class(err) == SK_CLASS_OURS || (unasked && err != SK_FETCH_REFUSED)) {
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

static enum sk_err take_chain(struct certs_entry *entry, const struct fetch_result *result)
{
	struct sk_chain *chain = NULL;
	enum sk_err err = sk_chain_new(result->body.ptr, result->body.len, &chain);

	if (err != SK_OK)
		return err;
	entry_clear(entry, SK_OK);
	entry->judged.chain = chain;
	memcpy(entry->etag, result->headers.etag, sizeof(entry->etag));
	return SK_OK;
}

static enum sk_err take_result(struct certs *certs, struct certs_entry *entry,
			       const struct fetch_result *result)
{
	enum sk_err err = result->err;

	if (err == SK_OK && result->not_modified && entry->judged.chain)
		certs->counters.not_modified++;
	else if (err == SK_OK)
		err = take_chain(entry, result);
	if (err != SK_OK)
		return err;
	entry->fetched_wall = result->stored ? result->fetched : certs_wall(certs);
	install(certs, entry, result);
	return SK_OK;
}

static void on_fetched(struct fetch_job *job, const struct fetch_result *result)
{
	struct certs_entry *entry = job->arg;
	struct certs *certs = entry->certs;
	enum sk_err err = take_result(certs, entry, result);
	enum certs_from from = result->stored ? CERTS_FROM_STORE : CERTS_FROM_FETCH;

	entry->fetching = false;
	if (certs->parts.took && !result->stored)
		certs->parts.took(certs->parts.took_arg, clock_us() - entry->began_us);
	count_end(&certs->counters, err, result->stored);
	if (err != SK_OK)
		remember(certs, entry, err, result->unasked);
	certs_deliver(certs, entry, err == SK_OK ? from : CERTS_FROM_MEMORY, err);
	entry_shed(entry);
	if (entry_empty(entry))
		cache_drop(certs->cache, entry);
}

enum sk_err renewal_start(struct certs *certs, struct certs_entry *entry, bool conditional)
{
	enum sk_err err;

	entry->certs = certs;
	entry->job = (struct fetch_job){
		.url = entry->url,
		.etag = sk_span_of(conditional ? entry->etag : ""),
		.have = entry->judged.chain ? entry->fetched_wall : 0,
		.done = on_fetched,
		.arg = entry,
	};
	entry->fetching = true;
	entry->began_us = clock_us();
	err = certs->parts.fetcher->start(certs->parts.fetcher, &entry->job);
	if (err == SK_OK) {
		certs->counters.fetches++;
		return SK_OK;
	}
	entry->fetching = false;
	count_end(&certs->counters, err, false);
	remember(certs, entry, err, true);
	return err;
}

void renewal_behind(struct certs *certs, struct certs_entry *entry, bool conditional)
{
	if (renewal_start(certs, entry, conditional) == SK_OK)
		certs->counters.background++;
}
