/**
 * @file live.h  The live page: what an operator wants to see, once a second
 *
 *   /                the page, without any data: to all who may connect
 *   /page/...        what it is made of, under names that change with the content
 *   /live.json       the data, to viewers (http.viewer-*): made once a second, shared by all
 *   /live-hour.json  the last hour, to viewers: the same
 *
 * A viewer is known by address, by certificate, or by a key that is typed into the page.
 * Everything is served by GET and HEAD; nothing can be changed here.
 */
#pragma once

#include "redirector/base/clock.h"
#include "redirector/base/loop.h"
#include "redirector/call/tally.h"
#include "redirector/http/route.h"
#include "redirector/monitor/history.h"
#include "shaken/macro.h"

#include <stdbool.h>

struct live;
struct monitor;

/** What it needs; all of it must outlive it. */
struct live_parts {
	struct loop *loop; /**< it looks once a second       */
	const struct clock *clock;
	struct monitor *monitor;
	struct tally *tally; /**< NULL: no tenants are shown   */
	void *history;       /**< of history_bytes(), shared   */
	const char *version; /**< of the service; NULL: unsaid */
};

/** @return NULL when out of memory */
struct live *live_new(const struct live_parts *parts);
void live_free(struct live *live);
SK_DEFINE_CLEANUP(struct live, live_free)

/** Adds its routes.  @param on  http.page; lives as long as the routes */
void live_add(struct live *live, const bool *on, struct routes *routes);
