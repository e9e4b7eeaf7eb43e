/**
 * @file state.h  The inside of struct certs; for certs.c, renewal.c and life.c only
 */
#pragma once

#include "redirector/base/map.h"
#include "redirector/certs/cache.h"
#include "redirector/certs/certs.h"
#include "redirector/certs/fetch.h"
#include "redirector/certs/judge.h"
#include "redirector/certs/tables.h"

struct certs {
	struct certs_parts parts;
	struct conf *conf;
	struct sk_trust *trust;
	uint64_t generation;    /* of trust */
	struct map *configured; /* x5u -> struct judged */
	struct cache *cache;
	struct tables *tables;
	size_t waiting;
	struct certs_counters counters;
};

static inline int64_t certs_mono(const struct certs *certs)
{
	return certs->parts.clock->mono(certs->parts.clock);
}

static inline int64_t certs_wall(const struct certs *certs)
{
	return certs->parts.clock->wall(certs->parts.clock);
}

static inline struct judge certs_judge(const struct certs *certs)
{
	return (struct judge){ certs->trust, certs->generation, certs_wall(certs),
			       certs->parts.log };
}

/**
 * Fetch what belongs to the entry; certs_deliver() follows.
 *
 * @param conditional  What did not change need not come again
 *
 * @return As fetcher.start(); a failure is remembered already
 */
SK_MUSTCHECK
enum sk_err renewal_start(struct certs *certs, struct certs_entry *entry, bool conditional);

/** The same, and nobody waits for it. */
void renewal_behind(struct certs *certs, struct certs_entry *entry, bool conditional);

/** Tell all calls that wait for this entry. */
void certs_deliver(struct certs *certs, struct certs_entry *entry, enum certs_from from,
		   enum sk_err err);

/** A call waits no longer. */
void certs_leave(struct certs *certs, struct certs_wait *wait);
