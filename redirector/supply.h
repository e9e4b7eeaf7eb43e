/**
 * @file supply.h  Everything that certificates need, put together
 *
 *   curl <- breaker <- store (with certs.store) <- lists: the trust
 *                                               <- certs: chains, judged by the trust
 *
 * One per worker.  A store that cannot be opened costs the store, never the service.
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/clock.h"
#include "redirector/base/log.h"
#include "redirector/base/loop.h"
#include "redirector/call/steps.h"
#include "redirector/certs/certs.h"
#include "redirector/certs/fetch.h"
#include "redirector/certs/lists.h"
#include "redirector/monitor/shown.h"
#include "shaken/macro.h"

#include <stdbool.h>

/** What it needs; all of it must outlive the object. */
struct supply_parts {
	struct loop *loop;
	const struct clock *clock;
	struct log *log;
	struct steps *steps; /**< how long fetches take; NULL: nobody asks */
};

enum {
	SUPPLY_WHY_SIZE = 256, /**< room for a reason, terminator included */
};

struct supply;

/**
 * Reads files and starts threads: after fork.
 *
 * @param conf  References are taken
 * @param why   On failure the reason, which names the setting or the file
 */
SK_MUSTCHECK
bool supply_new(const struct supply_parts *parts, struct conf *conf, struct supply **out,
		char why[SUPPLY_WHY_SIZE]);

/** Every call that waited has been cancelled.  NULL is allowed. */
void supply_free(struct supply *supply);
SK_DEFINE_CLEANUP(struct supply, supply_free)

/** The judged chains.  Lives as long as the supply. */
struct certs *supply_certs(const struct supply *supply);

/** The network alone, without the store: for who wants to know what an address serves now.  Jobs
 * end before the supply. */
struct fetcher *supply_network(const struct supply *supply);

/** Another configuration: whole, or @return false with the reason, and nothing changed. */
SK_MUSTCHECK
bool supply_reload(struct supply *supply, struct conf *conf, char why[SUPPLY_WHY_SIZE]);

/** What it has to show: certificates, lists, failing repositories, the store. */
void supply_show(const struct supply *supply, struct shown_self *self);

/** Borrowed, as the supply. */
const struct lists_counters *supply_lists(const struct supply *supply);

/** Writes what happened since the start, at every log level. */
void supply_log_counters(const struct supply *supply);

/**
 * Would it start, and verify?  Reads every file it needs and keeps nothing; no network, and the
 * store is only looked at.
 *
 * @param log  Gets warnings; NULL: nobody wants them
 */
SK_MUSTCHECK
bool supply_check(struct conf *conf, struct log *log, char why[SUPPLY_WHY_SIZE]);
