/**
 * @file serving.h  All that is served by HTTP: each route, whose it is, and whether it is there
 */
#pragma once

#include "config/conf.h"
#include "redirector/http/atis.h"
#include "redirector/http/health.h"
#include "redirector/http/hosting.h"
#include "redirector/http/live.h"
#include "redirector/http/metrics.h"
#include "redirector/http/ms.h"
#include "redirector/http/route.h"
#include "redirector/http/secsipidx.h"

#include <stdbool.h>

/** What is there: routes ask at each request, so a reload turns it on and off. */
struct serving {
	bool atis, ms, secsipidx, hosting, metrics, page;
};

void serving_set(struct serving *serving, const struct conf *conf);

/** Who answers. */
struct servers {
	struct atis *atis;
	struct ms *ms; /**< never NULL: it knows its root */
	struct secsipidx *secsipidx;
	struct hosting *hosting;
	struct metrics *metrics;
	struct health *health;
	struct live *live;
};

/** Adds the routes of all.  @param servers  NULL for those whose routes nobody asks
 * @param on  Lives as long as the routes */
void serving_add(const struct serving *on, const struct servers *servers, struct routes *routes);
