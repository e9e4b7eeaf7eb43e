/**
 * @file metrics.h  GET /metrics: everything that is counted, for Prometheus (text format 0.0.4)
 *
 * Printed once a second at most, and shared by all who ask.
 */
#pragma once

#include "redirector/http/route.h"
#include "redirector/monitor/monitor.h"
#include "shaken/macro.h"

#include <stdbool.h>

struct metrics;

/** @param monitor  Must outlive it.  @return NULL when out of memory */
struct metrics *metrics_new(struct monitor *monitor, const struct clock *clock);
void metrics_free(struct metrics *metrics);
SK_DEFINE_CLEANUP(struct metrics, metrics_free)

/** GET /metrics, for viewers.  @param on  As in route.h */
void metrics_add(struct metrics *metrics, const bool *on, struct routes *routes);
