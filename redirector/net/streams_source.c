/*
 * How many connections each address has: an entry for each that has any, in a table that a
 * stranger cannot aim at.  Whoever has one IPv6 address has the other 2^64 of its network.
 */
#include "redirector/net/stream_state.h"

#include <stdlib.h>

static size_t bucket_of(const struct streams *ss, const uint8_t *bytes, size_t len)
{
	uint64_t hash = ss->seed;

	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ bytes[i]) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	return hash % STREAM_SOURCES;
}

enum stream_source_say stream_source_take(struct streams *ss, const struct addr *addr,
					  struct stream_source **out)
{
	size_t len;
	const uint8_t *bytes = addr_bytes(addr, &len);
	struct stream_source **place, *s;

	if (len > STREAM_SOURCE_BYTES)
		len = STREAM_SOURCE_BYTES;
	place = &ss->sources[bucket_of(ss, bytes, len)];
	s = *place;
	while (s && (s->bytes_len != len || memcmp(s->bytes, bytes, len) != 0))
		s = s->next;
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return STREAM_SOURCE_NO_MEMORY;
		memcpy(s->bytes, bytes, len);
		s->bytes_len = len;
		s->next = *place;
		*place = s;
	} else if ((int64_t)s->count >= ss->limits.per_source) {
		return STREAM_SOURCE_OVER;
	}
	s->count++;
	*out = s;
	return STREAM_SOURCE_OK;
}

void stream_source_drop(struct streams *ss, struct stream_source *s)
{
	struct stream_source **place;

	if (--s->count > 0)
		return;
	place = &ss->sources[bucket_of(ss, s->bytes, s->bytes_len)];
	while (*place != s)
		place = &(*place)->next;
	*place = s->next;
	free(s);
}
