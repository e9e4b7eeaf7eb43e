/*
 * A table with the hosts in a ring, the last to answer at the front.  What surprises: a
 * full table learns nobody until the host at the back has been silent for long.
 */
#include "redirector/certs/known.h"

#include "redirector/base/map.h"
#include "shaken/url.h"

#include <stdlib.h>
#include <string.h>

struct host {
	struct host *prev, *next;
	int64_t answered;
	struct sk_span name; /* behind it */
};

struct known {
	struct map *map;
	struct host ring; /* the head */
};

static void ring_remove(struct host *host)
{
	host->prev->next = host->next;
	host->next->prev = host->prev;
}

static void ring_push(struct host *head, struct host *host)
{
	host->prev = head;
	host->next = head->next;
	head->next->prev = host;
	head->next = host;
}

/* Names are the same in any case (RFC 1035, 2.3.3). */
static struct sk_span lower(struct sk_span name, char out[SK_URL_MAX])
{
	const size_t len = name.len < SK_URL_MAX ? name.len : SK_URL_MAX;

	for (size_t i = 0; i < len; i++) {
		char c = name.ptr[i];

		out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	return (struct sk_span){ out, len };
}

static void forget(struct known *k, struct host *host)
{
	(void)map_take(k->map, host->name);
	ring_remove(host);
	free(host);
}

bool known_has(const struct known *k, struct sk_span host)
{
	char name[SK_URL_MAX];

	return map_get(k->map, lower(host, name)) != NULL;
}

static bool has_room(struct known *k, int64_t now)
{
	struct host *oldest = k->ring.prev;

	if (map_count(k->map) < KNOWN_HOSTS)
		return true;
	if (now - oldest->answered < KNOWN_LAPSE * INT64_C(1000))
		return false;
	forget(k, oldest);
	return true;
}

/* Out of memory: it stays a stranger. */
static struct host *learn(struct known *k, struct sk_span name)
{
	struct host *host = malloc(sizeof(*host) + name.len);

	if (!host)
		return NULL;
	host->name = (struct sk_span){ memcpy(host + 1, name.ptr, name.len), name.len };
	if (!map_put(k->map, name, host)) {
		free(host);
		return NULL;
	}
	ring_push(&k->ring, host);
	return host;
}

void known_answered(struct known *k, struct sk_span host, int64_t now)
{
	char mem[SK_URL_MAX];
	const struct sk_span name = lower(host, mem);
	struct host *old = map_get(k->map, name);

	if (!old && has_room(k, now))
		old = learn(k, name);
	if (!old)
		return;
	old->answered = now;
	ring_remove(old);
	ring_push(&k->ring, old);
}

void known_failed(struct known *k, struct sk_span host)
{
	char name[SK_URL_MAX];
	struct host *old = map_get(k->map, lower(host, name));

	if (old)
		forget(k, old);
}

struct known *known_new(void)
{
	struct known *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->map = map_new(KNOWN_HOSTS);
	if (!k->map) {
		free(k);
		return NULL;
	}
	k->ring.prev = k->ring.next = &k->ring;
	return k;
}

void known_free(struct known *k)
{
	if (!k)
		return;
	while (k->ring.next != &k->ring)
		forget(k, k->ring.next);
	map_free(k->map, NULL);
	free(k);
}
