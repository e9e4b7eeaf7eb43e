/*
 * Linear probing in a table that is never more than half full.  The slot keeps
 * the hash, so that a probe compares texts only when the hashes agree, and a
 * removal moves later entries of the run back instead of leaving marks: the
 * table is as good after a million removals as it was when new.
 */
#include "redirector/base/map.h"

#include "shaken/mac.h"

#include <stdint.h>
#include <stdlib.h>

struct slot {
	char *key; /* owned; NULL: free */
	size_t len;
	uint64_t hash;
	void *value;
};

struct map {
	struct sk_mac *mac;
	struct slot *slots;
	size_t mask; /* slots - 1, a power of two less one */
	size_t count, limit;
};

static bool hash_of(const struct map *map, struct sk_span key, uint64_t *out)
{
	uint8_t bytes[SK_MAC_LEN];

	if (sk_mac_hash(map->mac, &key, 1, bytes) != SK_OK)
		return false;
	memcpy(out, bytes, sizeof(*out));
	return true;
}

/* The slot that holds the key, or the free one where it would go. */
static struct slot *find(const struct map *map, struct sk_span key, uint64_t hash)
{
	for (size_t i = hash & map->mask;; i = (i + 1) & map->mask) {
		struct slot *s = &map->slots[i];

		if (!s->key)
			return s;
		if (s->hash == hash && sk_span_eq((struct sk_span){ s->key, s->len }, key))
			return s;
	}
}

static char *copy_of(struct sk_span text)
{
	char *copy = malloc(text.len + 1);

	if (!copy)
		return NULL;
	if (text.len > 0)
		memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return copy;
}

struct map *map_new(size_t limit)
{
	struct map *map = NULL;
	size_t slots = 2;

	if (limit > SIZE_MAX / 4 / sizeof(struct slot))
		return NULL;
	while (slots < 2 * limit)
		slots *= 2;
	map = calloc(1, sizeof(*map));
	if (!map)
		return NULL;
	*map = (struct map){ .mask = slots - 1, .limit = limit };
	map->slots = calloc(slots, sizeof(*map->slots));
	if (sk_mac_new_secret(&map->mac) || !map->slots) {
		map_free(map, NULL);
		return NULL;
	}
	return map;
}

void map_free(struct map *map, void (*free_value)(void *value))
{
	if (!map)
		return;
	for (size_t i = 0; map->slots && i <= map->mask; i++) {
		struct slot *s = &map->slots[i];

		if (s->key && free_value)
			free_value(s->value);
		free(s->key);
	}
	free(map->slots);
	sk_mac_free(map->mac);
	free(map);
}

size_t map_count(const struct map *map)
{
	return map->count;
}

void *map_get(const struct map *map, struct sk_span key)
{
	uint64_t hash;
	const struct slot *s;

	if (map->count == 0 || !hash_of(map, key, &hash))
		return NULL;
	s = find(map, key, hash);
	return s->key ? s->value : NULL;
}

bool map_put(struct map *map, struct sk_span key, void *value)
{
	uint64_t hash;
	struct slot *s;
	char *copy;

	if (!hash_of(map, key, &hash))
		return false;
	s = find(map, key, hash);
	if (s->key) {
		s->value = value;
		return true;
	}
	if (map->count >= map->limit)
		return false;
	copy = copy_of(key);
	if (!copy)
		return false;
	*s = (struct slot){ .key = copy, .len = key.len, .hash = hash, .value = value };
	map->count++;
	return true;
}

/*
 * Closes the hole at `hole`: an entry of the same run moves into it unless that
 * would put it in front of the slot where its own search begins.
 */
static void close_hole(struct map *map, size_t hole)
{
	for (size_t i = (hole + 1) & map->mask; map->slots[i].key; i = (i + 1) & map->mask) {
		size_t home = map->slots[i].hash & map->mask;

		if (((i - home) & map->mask) < ((i - hole) & map->mask))
			continue;
		map->slots[hole] = map->slots[i];
		hole = i;
	}
	map->slots[hole] = (struct slot){ .key = NULL };
}

void *map_take(struct map *map, struct sk_span key)
{
	uint64_t hash;
	struct slot *s;
	void *value;

	if (map->count == 0 || !hash_of(map, key, &hash))
		return NULL;
	s = find(map, key, hash);
	if (!s->key)
		return NULL;
	value = s->value;
	free(s->key);
	map->count--;
	close_hole(map, (size_t)(s - map->slots));
	return value;
}

void map_each(const struct map *map, void (*visit)(void *arg, struct sk_span key, void *value),
	      void *arg)
{
	for (size_t i = 0; i <= map->mask; i++) {
		const struct slot *s = &map->slots[i];

		if (s->key)
			visit(arg, (struct sk_span){ s->key, s->len }, s->value);
	}
}
