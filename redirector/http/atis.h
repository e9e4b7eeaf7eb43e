/**
 * @file atis.h  ATIS-1000082: POST /stir/v1/signing and /stir/v1/verification
 *
 * Exact names, codes and texts; docs/apis.md says what is left to us.
 */
#pragma once

#include "redirector/http/api.h"
#include "redirector/http/route.h"

struct atis;

/** @return NULL: no memory */
SK_MUSTCHECK
struct atis *atis_new(const struct api_parts *parts);
void atis_free(struct atis *atis);
SK_DEFINE_CLEANUP(struct atis, atis_free)

/** @param on  http.atis: its resources are there while it is true (route.h); lives as long as the
 * routes */
void atis_add(struct atis *atis, const bool *on, struct routes *routes);
