/*
 * How many connections each address has: an entry for each that has any, in a table that a
 * stranger cannot aim at.  Whoever has one IPv6 address has the other 2^64 of its network.
 */
#include "redirector/http/http_state.h"

#include <stdlib.h>

static size_t slot_of(const struct http *http, const uint8_t *bytes, size_t len)
{
	uint64_t hash = http->seed;

	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ bytes[i]) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	return hash % HTTP_SOURCE_SLOTS;
}

struct http_source *http_source_take(struct http *http, const struct addr *addr, int64_t more,
				     bool *over)
{
	size_t len;
	const uint8_t *bytes = addr_bytes(addr, &len);
	struct http_source **place, *s;

	*over = false;
	if (len > sizeof(s->bytes))
		len = sizeof(s->bytes);
	place = &http->by_source[slot_of(http, bytes, len)];
	for (s = *place; s; s = s->next)
		if (s->len == len && memcmp(s->bytes, bytes, len) == 0)
			break;
	if (s && s->count >= http->conf->http.per_source + more) {
		*over = true;
		return NULL;
	}
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return NULL;
		memcpy(s->bytes, bytes, len);
		s->len = len;
		s->next = *place;
		*place = s;
	}
	s->count++;
	return s;
}

void http_source_drop(struct http *http, struct http_source *s)
{
	struct http_source **place;

	if (!s || --s->count > 0)
		return;
	place = &http->by_source[slot_of(http, s->bytes, s->len)];
	while (*place != s)
		place = &(*place)->next;
	*place = s->next;
	free(s);
}
