/**
 * @file configured.h  verify.certificates: x5u -> struct judged, read from files, never fetched
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/map.h"
#include "shaken/macro.h"

#include <stdbool.h>

/**
 * Blocks; for start and reload.
 *
 * @param out  Set only on success: a map of struct judged; configured_free() frees it
 * @param why  On failure the reason, which names the file
 */
SK_MUSTCHECK
bool configured_load(const struct text_map *files, struct map **out, char why[256]);

void configured_free(struct map *map);
SK_DEFINE_CLEANUP(struct map, configured_free)
