/**
 * @file health.h  GET /healthz: does it live?  GET /readyz: does it serve as it should?
 *
 * 200 or 503, and JSON with each check and its reason.  A service that is not ready still answers
 * calls; it says that others would do it better.
 */
#pragma once

#include "redirector/http/route.h"
#include "redirector/monitor/monitor.h"
#include "shaken/macro.h"

#include <stdbool.h>

enum {
	HEALTH_SILENT_MS = 15000, /**< a loop that shows no sign of life for so long is stuck */
};

struct health;

/** @param monitor  Must outlive it.  @return NULL when out of memory */
struct health *health_new(struct monitor *monitor);
void health_free(struct health *health);
SK_DEFINE_CLEANUP(struct health, health_free)

/** /healthz and /readyz, for everybody in http.sources and at http.health. */
void health_add(struct health *health, struct routes *routes);

/** It ends: not ready from now on. */
void health_set_draining(struct health *health);
