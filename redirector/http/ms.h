/**
 * @file ms.h  TS 24.229, Annex V.2 (the Ms reference point): POST ROOT/signing, ROOT/verification
 *
 * docs/apis.md says how its shapes are read where the text leaves them open.
 */
#pragma once

#include "redirector/http/api.h"
#include "redirector/http/route.h"

struct ms;

/** @param root  http.ms-root, "/ms/v1" or "": copied.  @return NULL: no memory */
SK_MUSTCHECK
struct ms *ms_new(const struct api_parts *parts, const char *root);
void ms_free(struct ms *ms);
SK_DEFINE_CLEANUP(struct ms, ms_free)

/** @param on  http.ms: its resources are there while it is true (route.h); lives as long as the
 * routes */
void ms_add(struct ms *ms, const bool *on, struct routes *routes);
