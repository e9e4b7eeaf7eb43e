/**
 * @file secsipidx.h  The interface of secsipidx's HTTP server: POST /v1/check, POST /v1/sign-csv
 *
 * An old client works unchanged, except that a check that proves nothing is not "OK": see
 * docs/apis.md.
 */
#pragma once

#include "redirector/http/api.h"
#include "redirector/http/route.h"

#include <stdbool.h>

struct secsipidx;

/** @return NULL when out of memory */
struct secsipidx *secsipidx_new(const struct api_parts *parts);
void secsipidx_free(struct secsipidx *secsipidx);
SK_DEFINE_CLEANUP(struct secsipidx, secsipidx_free)

/** Its routes.  @param on  Read at every request: the interface is there */
void secsipidx_add(struct secsipidx *secsipidx, const bool *on, struct routes *routes);
