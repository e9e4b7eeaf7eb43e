/**
 * @file certs.h  x5u -> judged certificate chain: the only place where a call can wait
 *
 *   certs_want() -> configured map | memory | fetch -> judged by the trust -> handler
 *
 * One fetch per URL at a time; a failure is remembered for a while; a bounded
 * number of fetches, waiting calls and entries.  Belongs to one worker.
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/clock.h"
#include "redirector/base/log.h"
#include "redirector/base/loop.h"
#include "redirector/base/map.h"
#include "redirector/certs/tables.h"
#include "shaken/shaken.h"

#include <stdbool.h>
#include <stdint.h>

/** Where a chain came from, for the record. */
enum certs_from {
	CERTS_FROM_NOWHERE, /**< no chain                   */
	CERTS_FROM_MAP,     /**< verify.certificates        */
	CERTS_FROM_MEMORY,  /**< fetched earlier            */
	CERTS_FROM_STORE, /**< from the shared store, fetched by another worker or before a restart
			   */
	CERTS_FROM_FETCH, /**< fetched for this call, or while it waited */
};

/** What a handler gets.  Lives until the handler returns. */
struct certs_result {
	enum sk_err
		err; /**< SK_OK, or why there is no chain: class FETCH or OURS, or SK_CERT_SYNTAX */
	const struct sk_chain *chain; /**< NULL without one                                       */
	enum sk_err verdict; /**< of sk_trust_check() at this time, when there is a chain */
	enum certs_from from;
};

typedef void certs_h(void *arg, const struct certs_result *result);

/** One wait.  Embedded in the call that waits; all fields are for certs only. */
struct certs_wait {
	struct certs_wait *prev, *next;
	struct certs_entry *entry; /* NULL: not waiting */
	certs_h *handler;
	void *arg;
};

/** What happened, since the start. */
struct certs_counters {
	uint64_t hits_map, hits_memory, misses, joined; /* joined: waited for a fetch under way */
	uint64_t fetches, fetched, failed, refused, busy, not_modified;
	uint64_t background; /* fetches no call waited for */
	uint64_t evicted;
	uint64_t hits_store; /* taken from the shared store instead of the network */
};

struct certs;

/** How bytes are got; the daemon uses curl (fetch.h), a replay its own. */
struct fetcher;

/** What certs needs; all of it must outlive the object. */
struct certs_parts {
	struct loop *loop;
	const struct clock *clock;
	struct fetcher *fetcher;
	struct log *log; /**< NULL: nothing is logged */
	void (*took)(void *arg,
		     int64_t us); /**< a fetch has ended, after so long; NULL: nobody asks */
	void *took_arg;
};

/**
 * @param conf   A reference is taken
 * @param trust  Taken over on success
 * @param why    On failure the reason: which file of verify.certificates is no good
 */
SK_MUSTCHECK
bool certs_new(const struct certs_parts *parts, struct conf *conf, struct sk_trust *trust,
	       struct certs **out, char why[256]);
void certs_free(struct certs *certs);
SK_DEFINE_CLEANUP(struct certs, certs_free)

/**
 * Swap in a new configuration and trust after a reload.  Chains in memory stay
 * and are judged again when next wanted; calls that wait go on waiting.
 *
 * @return false, and nothing changed, with the reason in `why`
 */
SK_MUSTCHECK
bool certs_reload(struct certs *certs, struct conf *conf, struct sk_trust *trust, char why[256]);

/** Swap in another trust alone: a list was fetched.  Takes it over; chains in memory are judged
 * again. */
void certs_set_trust(struct certs *certs, struct sk_trust *trust);

/**
 * Ask for the chain at `x5u`.  The handler is called exactly once, maybe before
 * this returns, unless certs_cancel() comes first.  The caller sets the deadline:
 * certs waits as long as the fetch takes (certs.timeout).
 *
 * @param x5u   Judged by sk_url_parse() already
 * @param wait  Stays where it is until the handler was called
 */
void certs_want(struct certs *certs, struct sk_span x5u, struct certs_wait *wait, certs_h *handler,
		void *arg);

/** What a tenant with a file of its own has in place of the main file's settings. */
struct certs_own {
	struct map *configured; /**< verify.certificates, of configured_load(); NULL: none */
	bool fetch;             /**< verify.fetch */
};

/** As certs_want(), for a tenant.  @param own  NULL: the main file's settings */
void certs_want_for(struct certs *certs, const struct certs_own *own, struct sk_span x5u,
		    struct certs_wait *wait, certs_h *handler, void *arg);

/** Would certs_want_for() answer at once? */
SK_MUSTCHECK
bool certs_answers_for(const struct certs *certs, const struct certs_own *own, struct sk_span x5u);

/** Would certs_want() answer at once?  For who does not want to wait, nor a fetch to be made. */
SK_MUSTCHECK
bool certs_answers(const struct certs *certs, struct sk_span x5u);

/** The call goes away; the fetch goes on for the next one.  Harmless when not waiting. */
void certs_cancel(struct certs *certs, struct certs_wait *wait);

/**
 * The signature did not verify with a chain from memory: if that is older than
 * 5 minutes, fetch it again in the background (the key may have changed under
 * the same URL), at most once in 5 minutes per URL.
 */
void certs_suspect(struct certs *certs, struct sk_span x5u);

const struct certs_counters *certs_counters(const struct certs *certs);
size_t certs_entries(const struct certs *certs);

/** Authorities that are trusted now. */
size_t certs_anchors(const struct certs *certs);

/** Of the keys that are verified by tables (tables.h). */
const struct tables_counters *certs_tables(const struct certs *certs);
