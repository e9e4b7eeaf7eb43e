/*
 * Two rings, good and poor, each with the entry used last at its front.  A busy
 * entry is passed over, never waited for.
 */
#include "redirector/certs/cache.h"

#include "redirector/base/map.h"

#include <stdlib.h>

struct cache {
	struct map *map;
	size_t limit;
	uint64_t evicted;
	struct certs_entry rings[2]; /* heads; [1]: the good */
};

static void ring_init(struct certs_entry *head)
{
	head->prev = head->next = head;
}

static void ring_push(struct certs_entry *head, struct certs_entry *entry)
{
	entry->prev = head;
	entry->next = head->next;
	head->next->prev = entry;
	head->next = entry;
}

static void ring_remove(struct certs_entry *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
}

static void entry_free(struct certs_entry *entry)
{
	judged_clear(&entry->judged);
	free((char *)(uintptr_t)entry->url.ptr);
	free(entry);
}

static struct certs_entry *entry_new(struct sk_span url)
{
	struct certs_entry *entry = calloc(1, sizeof(*entry));
	char *copy = malloc(url.len + 1);

	if (!entry || !copy) {
		free(entry);
		free(copy);
		return NULL;
	}
	if (url.len > 0)
		memcpy(copy, url.ptr, url.len);
	copy[url.len] = '\0';
	entry->url = (struct sk_span){ copy, url.len };
	entry->waits.prev = entry->waits.next = &entry->waits;
	return entry;
}

struct cache *cache_new(size_t limit)
{
	struct cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return NULL;
	cache->limit = limit;
	cache->map = map_new(limit);
	ring_init(&cache->rings[0]);
	ring_init(&cache->rings[1]);
	if (!cache->map) {
		free(cache);
		return NULL;
	}
	return cache;
}

static void drop_visited(void *arg, struct certs_entry *entry)
{
	(void)arg;
	entry_free(entry);
}

void cache_free(struct cache *cache)
{
	if (!cache)
		return;
	cache_each(cache, drop_visited, NULL);
	map_free(cache->map, NULL);
	free(cache);
}

size_t cache_count(const struct cache *cache)
{
	return map_count(cache->map);
}

uint64_t cache_evicted(const struct cache *cache)
{
	return cache->evicted;
}

struct certs_entry *cache_get(const struct cache *cache, struct sk_span url)
{
	return map_get(cache->map, url);
}

/* The oldest one that nobody holds, poor ones first. */
static bool evict(struct cache *cache)
{
	for (size_t i = 0; i < SK_COUNT(cache->rings); i++) {
		struct certs_entry *head = &cache->rings[i];

		for (struct certs_entry *e = head->prev; e != head; e = e->prev) {
			if (entry_busy(e))
				continue;
			cache_drop(cache, e);
			cache->evicted++;
			return true;
		}
	}
	return false;
}

struct certs_entry *cache_add(struct cache *cache, struct sk_span url)
{
	struct certs_entry *entry;

	while (cache_count(cache) >= cache->limit)
		if (!evict(cache))
			return NULL;
	entry = entry_new(url);
	if (!entry)
		return NULL;
	if (!map_put(cache->map, url, entry)) {
		entry_free(entry);
		return NULL;
	}
	ring_push(&cache->rings[0], entry);
	return entry;
}

void cache_touch(struct cache *cache, struct certs_entry *entry, bool good)
{
	ring_remove(entry);
	entry->good = good;
	ring_push(&cache->rings[good], entry);
}

void cache_drop(struct cache *cache, struct certs_entry *entry)
{
	(void)map_take(cache->map, entry->url);
	ring_remove(entry);
	entry_free(entry);
}

struct copying {
	struct map *to;
	bool ok;
};

static void copy_entry(void *arg, struct sk_span key, void *value)
{
	struct copying *copying = arg;

	copying->ok = copying->ok && map_put(copying->to, key, value);
}

bool cache_limit(struct cache *cache, size_t limit)
{
	size_t room = limit > cache_count(cache) ? limit : cache_count(cache);
	struct copying copying = { .to = map_new(room), .ok = true };

	if (!copying.to)
		return false;
	map_each(cache->map, copy_entry, &copying);
	if (!copying.ok) {
		map_free(copying.to, NULL);
		return false;
	}
	map_free(cache->map, NULL);
	cache->map = copying.to;
	cache->limit = limit;
	while (cache_count(cache) > limit && evict(cache))
		;
	return true;
}

void cache_each(struct cache *cache, void (*visit)(void *arg, struct certs_entry *entry), void *arg)
{
	for (size_t i = 0; i < SK_COUNT(cache->rings); i++) {
		struct certs_entry *head = &cache->rings[i], *next;

		for (struct certs_entry *e = head->next; e != head; e = next) {
			next = e->next;
			visit(arg, e);
		}
	}
}

bool entry_busy(const struct certs_entry *entry)
{
	return entry->fetching || entry->pins > 0 || entry->waits.next != &entry->waits;
}

bool entry_empty(const struct certs_entry *entry)
{
	return !entry->judged.chain && entry->err == SK_OK && !entry_busy(entry);
}

void entry_join(struct certs_entry *entry, struct certs_wait *wait)
{
	struct certs_wait *head = &entry->waits;

	wait->entry = entry;
	wait->prev = head->prev;
	wait->next = head;
	head->prev->next = wait;
	head->prev = wait;
}

void entry_leave(struct certs_wait *wait)
{
	wait->prev->next = wait->next;
	wait->next->prev = wait->prev;
	wait->prev = wait->next = NULL;
	wait->entry = NULL;
}

void entry_take_waits(struct certs_entry *entry, struct certs_wait *head)
{
	struct certs_wait *from = &entry->waits;

	head->prev = head->next = head;
	if (from->next == from)
		return;
	head->prev = from->prev;
	head->next = from->next;
	head->prev->next = head->next->prev = head;
	from->prev = from->next = from;
}

int64_t entry_backoff(struct certs_entry *entry, int64_t base)
{
	int64_t seconds = base > 0 ? base : 1;

	for (unsigned i = 0; i < entry->failures && seconds < CACHE_BACKOFF_MAX; i++)
		seconds *= 2;
	entry->failures++;
	return seconds < CACHE_BACKOFF_MAX || seconds == base ? seconds : CACHE_BACKOFF_MAX;
}

void entry_keep(struct certs_entry *entry, int64_t keep, int64_t now)
{
	entry->fetched = now;
	entry->fresh_until = now + keep * 1000;
	entry->refresh_at = now + keep * 900; /* the last tenth is for renewal in the background */
	entry->stale_until = entry->fresh_until + CACHE_STALE_MAX * INT64_C(1000);
	entry->retry_at = 0;
	entry->err = SK_OK;
}

void entry_age(struct certs_entry *entry, int64_t age, int64_t late)
{
	if (late > 0) {
		int64_t past = late < CACHE_STALE_MAX ? late : CACHE_STALE_MAX;

		entry->stale_until = entry->fetched + (CACHE_STALE_MAX - past) * 1000;
	}
	if (entry->fresh_until > entry->stale_until)
		entry->fresh_until = entry->stale_until;
	if (age > 0)
		entry->fetched -= (age < INT32_MAX ? age : INT32_MAX) * 1000;
}

bool entry_stale_ok(const struct certs_entry *entry, int64_t now, int64_t wall)
{
	return entry->judged.chain && now < entry->stale_until &&
	       sk_chain_valid_at(entry->judged.chain, wall) == SK_OK;
}

bool entry_answers(const struct certs_entry *entry, int64_t now, int64_t wall)
{
	if (!entry->judged.chain)
		return entry->err != SK_OK && now < entry->retry_at;
	return now < entry->fresh_until ||
	       (entry->failures > 0 && entry_stale_ok(entry, now, wall));
}

bool entry_due(const struct certs_entry *entry, int64_t now)
{
	return entry->judged.chain && !entry->fetching && now >= entry->refresh_at &&
	       now >= entry->retry_at;
}

void entry_clear(struct certs_entry *entry, enum sk_err err)
{
	judged_clear(&entry->judged);
	entry->etag[0] = '\0';
	entry->err = err;
}

void entry_shed(struct certs_entry *entry)
{
	if (!entry->judged.chain || sk_err_class(entry->judged.verdict) != SK_CLASS_CREDENTIAL)
		return;
	entry->retry_at = entry->fresh_until;
	entry_clear(entry, entry->judged.verdict);
}

static void retry_untrusted(void *arg, struct certs_entry *entry)
{
	(void)arg;
	if (sk_err_class(entry->err) == SK_CLASS_CREDENTIAL)
		entry->retry_at = 0;
}

void cache_retry(struct cache *cache)
{
	cache_each(cache, retry_untrusted, NULL);
}
