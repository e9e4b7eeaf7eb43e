/*
 * Of certificates: others' chains and where they come from, the trust, and our own.  A host of an
 * x5u is a stranger's word and no label: the live page has their names.
 */
#include "redirector/monitor/prometheus.h"

static const struct metric_row counted[] = {
	{ METRIC_CHAINS_WANTED, "found", "configured", SHOWN_CERTS_MAP },
	{ METRIC_CHAINS_WANTED, "found", "memory", SHOWN_CERTS_MEMORY },
	{ METRIC_CHAINS_WANTED, "found", "store", SHOWN_CERTS_STORE },
	{ METRIC_CHAINS_WANTED, "found", "under_way", SHOWN_CERTS_JOINED },
	{ METRIC_CHAINS_WANTED, "found", "nowhere", SHOWN_CERTS_MISSES },
	{ METRIC_CHAINS_EVICTED, NULL, NULL, SHOWN_CERTS_EVICTED },
	{ METRIC_FETCHES, "result", "fetched", SHOWN_FETCHES_OK },
	{ METRIC_FETCHES, "result", "failed", SHOWN_FETCHES_FAILED },
	{ METRIC_FETCHES, "result", "refused", SHOWN_FETCHES_REFUSED },
	{ METRIC_FETCHES, "result", "busy", SHOWN_FETCHES_BUSY },
	{ METRIC_FETCHES_BACKGROUND, NULL, NULL, SHOWN_FETCHES_BACKGROUND },
	{ METRIC_TABLE_EVENTS, "event", "built", SHOWN_TABLES_BUILT },
	{ METRIC_TABLE_EVENTS, "event", "failed", SHOWN_TABLES_FAILED },
	{ METRIC_TABLE_EVENTS, "event", "evicted", SHOWN_TABLES_EVICTED },
	{ METRIC_TABLE_VERIFICATIONS, NULL, NULL, SHOWN_TABLES_VERIFIED },
	{ METRIC_REPOSITORY_OPENED, NULL, NULL, SHOWN_BREAKER_OPENED },
	{ METRIC_REPOSITORY_SPARED, NULL, NULL, SHOWN_BREAKER_SPARED },
	{ METRIC_STORE_LOOKUPS, "result", "hit", SHOWN_STORE_HITS },
	{ METRIC_STORE_LOOKUPS, "result", "miss", SHOWN_STORE_MISSES },
	{ METRIC_STORE_LOOKUPS, "result", "late", SHOWN_STORE_LATE },
	{ METRIC_STORE_LOOKUPS, "result", "stale", SHOWN_STORE_STALE },
	{ METRIC_STORE_WRITES, "result", "kept", SHOWN_STORE_KEPT },
	{ METRIC_STORE_WRITES, "result", "lost", SHOWN_STORE_LOST },
	{ METRIC_TRUST_SWAPS, NULL, NULL, SHOWN_LISTS_SWAPPED },
	{ METRIC_LIST_LOOKS, "result", "good", SHOWN_LISTS_FETCHED },
	{ METRIC_LIST_LOOKS, "result", "failed", SHOWN_LISTS_FAILED },
	{ METRIC_LIST_LOOKS, "result", "refused", SHOWN_LISTS_REFUSED },
	{ METRIC_TOKEN_JOBS, "result", "signed", SHOWN_TOKENS_SIGNED },
	{ METRIC_TOKEN_JOBS, "result", "failed", SHOWN_TOKENS_FAILED },
	{ METRIC_TOKEN_JOBS, "result", "busy", SHOWN_TOKENS_BUSY },
	{ METRIC_TOKEN_JOBS, "result", "away", SHOWN_TOKENS_AWAY },
	{ METRIC_TOKEN_JOBS, "result", "abandoned", SHOWN_TOKENS_ABANDONED },
	{ METRIC_TOKEN_RESTARTS, NULL, NULL, SHOWN_TOKENS_RESTARTS },
	{ METRIC_NUMBERS_FAULTS, NULL, NULL, SHOWN_NUMBERS_FAULTS },
	{ METRIC_HEP_PACKETS, "result", "sent", SHOWN_HEP_SENT },
	{ METRIC_HEP_PACKETS, "result", "dropped", SHOWN_HEP_DROPPED },
	{ METRIC_HEP_PACKETS, "result", "refused", SHOWN_HEP_REFUSED },
};

static uint64_t good(const struct lists_status *l)
{
	return l->state == LISTS_GOOD;
}

static uint64_t counts(const struct lists_status *l)
{
	return l->counts;
}

static uint64_t fetched(const struct lists_status *l)
{
	return l->fetched > 0 ? (uint64_t)l->fetched : 0;
}

static uint64_t ends(const struct lists_status *l)
{
	return l->until > 0 ? (uint64_t)l->until : 0;
}

/* A file is never fetched, and one that says no end has none. */
static bool applies(enum metric metric, const struct lists_status *l)
{
	if (metric == METRIC_LIST_FETCHED)
		return l->kind != LISTS_CRL_FILE;
	return metric != METRIC_LIST_ENDS || l->until != INT64_MAX;
}

static void each_list(struct prometheus *p, const struct snapshot *s, enum metric metric,
		      uint64_t (*value)(const struct lists_status *l))
{
	static const char *const kinds[] = {
		[LISTS_CA] = "ca_list",
		[LISTS_CRL] = "crl",
		[LISTS_CRL_FILE] = "crl_file",
	};

	prometheus_begin(p, metric);
	for (size_t i = 0; i < s->list_count; i++) {
		const struct lists_status *l = &s->lists[i];
		const struct label labels[] = { { "kind", kinds[l->kind] },
						{ "list", l->name },
						{ NULL, NULL } };

		if (applies(metric, l))
			prometheus_number(p, labels, value(l));
	}
}

static void trust(struct prometheus *p, const struct snapshot *s)
{
	prometheus_begin(p, METRIC_TRUST_ANCHORS);
	if (s->anchors_known)
		prometheus_number(p, NULL, s->anchors);
	prometheus_one(p, METRIC_CRLS_MISSING, s->crls_missing);
	each_list(p, s, METRIC_LIST_GOOD, good);
	each_list(p, s, METRIC_LIST_COUNTS, counts);
	each_list(p, s, METRIC_LIST_FETCHED, fetched);
	each_list(p, s, METRIC_LIST_ENDS, ends);
}

static void by_days(struct prometheus *p, const struct seen_certs *c)
{
	static const char *const words[MONITOR_DAYS] = { "ended", "1d",  "3d",  "7d",
							 "14d",   "30d", "more" };

	prometheus_begin(p, METRIC_CERTIFICATES_LEFT);
	for (int i = 0; i < MONITOR_DAYS; i++) {
		const struct label labels[] = { { "left", words[i] }, { NULL, NULL } };

		prometheus_number(p, labels, c->by_days[i]);
	}
}

static void soonest(struct prometheus *p, const struct seen_certs *c)
{
	prometheus_begin(p, METRIC_CERTIFICATE_ENDS);
	for (size_t i = 0; i < c->count; i++) {
		const struct seen_cert *cert = &c->items[i];
		const struct label labels[] = { { "tenant", cert->tenant },
						{ "credential", cert->credential },
						{ "which", cert->next ? "next" : "first" },
						{ NULL, NULL } };

		prometheus_number(p, labels, cert->not_after > 0 ? (uint64_t)cert->not_after : 0);
	}
}

static void listeners(struct prometheus *p, const struct snapshot *s)
{
	static const char *const words[SHOWN_LISTENERS] = {
		[SHOWN_TLS] = "tls", [SHOWN_HTTPS] = "https"
	};

	prometheus_begin(p, METRIC_LISTENER_ENDS);
	for (int i = 0; i < SHOWN_LISTENERS; i++) {
		const struct label labels[] = { { "listener", words[i] }, { NULL, NULL } };

		if (s->listener_ends[i] > 0)
			prometheus_number(p, labels, (uint64_t)s->listener_ends[i]);
	}
}

static void hosts(struct prometheus *p, const struct snapshot *s)
{
	uint64_t left = 0;

	for (size_t i = 0; i < s->host_count; i++)
		left += s->hosts[i].host.open;
	prometheus_one(p, METRIC_REPOSITORIES_FAILING, s->host_count);
	prometheus_one(p, METRIC_REPOSITORIES_LEFT, left);
}

void prometheus_certs(struct prometheus *p, const struct snapshot *s)
{
	prometheus_rows(p, counted, sizeof(counted) / sizeof(counted[0]), s->shown);
	prometheus_one(p, METRIC_CHAINS_KEPT, s->certs_entries);
	prometheus_one(p, METRIC_TABLES, s->tables);
	prometheus_one(p, METRIC_STORE_USED, s->store);
	hosts(p, s);
	trust(p, s);
	prometheus_one(p, METRIC_CERTIFICATES, s->certs.total);
	by_days(p, &s->certs);
	soonest(p, &s->certs);
	listeners(p, s);
	prometheus_one(p, METRIC_SIGNERS, s->certs.signers);
	prometheus_one(p, METRIC_SIGNERS_ABLE, s->certs.signers_able);
}
