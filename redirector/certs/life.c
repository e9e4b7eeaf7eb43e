/*
 * Begin, change and end.  What surprises: a chain in memory survives every change
 * of trust and settings; it is only judged again, when it is next wanted.
 */
#include "redirector/certs/configured.h"
#include "redirector/certs/state.h"

#include <stdio.h>
#include <stdlib.h>

bool certs_new(const struct certs_parts *parts, struct conf *conf, struct sk_trust *trust,
	       struct certs **out, char why[256])
{
	SK_CLEANUP(configured_free_p) struct map *configured = NULL;
	SK_CLEANUP(cache_free_p) struct cache *cache = NULL;
	SK_CLEANUP(tables_free_p) struct tables *tables = NULL;
	struct certs *certs;

	if (!configured_load(&conf->tenant.verify.certificates, &configured, why))
		return false;
	cache = cache_new((size_t)conf->certs.entries);
	tables = tables_new(parts->loop, parts->clock, conf->certs.tables);
	certs = calloc(1, sizeof(*certs));
	if (!cache || !tables || !certs) {
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
		.tables = sk_steal(tables),
	};
	*out = certs;
	return true;
}

void certs_set_trust(struct certs *certs, struct sk_trust *trust)
{
	sk_trust_free(certs->trust);
	certs->trust = trust;
	certs->generation++;
	cache_retry(certs->cache);
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
	certs_set_trust(certs, trust);
	tables_limit(certs->tables, conf->certs.tables);
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
		certs_leave(certs, entry->waits.next);
}

void certs_free(struct certs *certs)
{
	if (!certs)
		return;
	cache_each(certs->cache, let_go, certs);
	cache_free(certs->cache);
	configured_free(certs->configured);
	tables_free(certs->tables);
	sk_trust_free(certs->trust);
	conf_unref(certs->conf);
	free(certs);
}
