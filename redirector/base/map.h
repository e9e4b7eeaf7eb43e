/**
 * @file map.h  A map from text to pointer, with a limit
 *
 * Open addressing under a keyed hash that strangers cannot aim at.  The map
 * owns copies of the keys, not the values.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>

struct map;

/** @param limit  Most entries; memory for all of them is taken at once.  @return NULL when out of
 * memory */
struct map *map_new(size_t limit);

/** Frees the map; `free_value` (may be NULL) gets each value. */
void map_free(struct map *map, void (*free_value)(void *value));

size_t map_count(const struct map *map);

/** @return The value, or NULL */
void *map_get(const struct map *map, struct sk_span key);

/** Adds or replaces.  @return false when full or out of memory; nothing is then changed */
SK_MUSTCHECK
bool map_put(struct map *map, struct sk_span key, void *value);

/** Takes an entry out.  @return its value, or NULL */
void *map_take(struct map *map, struct sk_span key);

/** Calls `visit` for each entry; the map must not change meanwhile. */
void map_each(const struct map *map, void (*visit)(void *arg, struct sk_span key, void *value),
	      void *arg);
