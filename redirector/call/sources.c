/*
 * Sets of eight slots, picked by the hash.  A slot holds the whole address, so that two
 * addresses never share a bucket.  Which slot goes out of a full set is read from the buckets
 * themselves: the one that was full again first has asked for least.
 */
#include "redirector/call/sources.h"

#include "redirector/base/bucket.h"
#include "redirector/base/pages.h"
#include "shaken/mac.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
	WAYS = 8
};

struct slot {
	uint64_t address; /* IPv4: the address behind `MARK_V4`; IPv6: its first 64 bits */
	_Atomic int64_t at, over_at;
};

/* No IPv6 network starts like this (2^-64 of all do, and only by asking for it: ff00::/8 is
 * multicast and never a source), so both kinds fit into one number. */
#define MARK_V4 ((uint64_t)0xffff << 48)

struct sources {
	struct sk_mac *mac;
	struct slot *slots;
};

struct sources *sources_new(void)
{
	SK_CLEANUP(sources_free_p) struct sources *s = calloc(1, sizeof(*s));
	uint8_t key[SK_MAC_KEY];
	bool made;

	if (!s || getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return NULL;
	made = !sk_mac_new(key, &s->mac);
	explicit_bzero(key, sizeof(key));
	s->slots = made ? pages_new(SOURCES_MAX * sizeof(struct slot)) : NULL;
	return s->slots ? sk_steal(s) : NULL;
}

void sources_free(struct sources *s)
{
	if (!s)
		return;
	pages_free(s->slots, SOURCES_MAX * sizeof(struct slot));
	sk_mac_free(s->mac);
	free(s);
}

/* The part of an address that has a bucket.  Whoever has one IPv6 address has a /64 of them
 * (RFC 4291, 2.5.4). */
static uint64_t part_of(const struct addr *a)
{
	const uint8_t *bytes = a->sa.v6.sin6_addr.s6_addr;
	uint64_t part = 0;
	size_t len = 8;

	if (a->sa.any.sa_family != AF_INET6) {
		bytes = (const uint8_t *)&a->sa.v4.sin_addr;
		len = 4;
	} else if (IN6_IS_ADDR_V4MAPPED(&a->sa.v6.sin6_addr)) {
		bytes += 12;
		len = 4;
	}
	for (size_t i = 0; i < len; i++)
		part = part << 8 | bytes[i];
	return len == 4 ? MARK_V4 | part : part;
}

/* Full again first: asked for least.  0, never used, comes before all. */
static bool asked_less(const struct slot *a, const struct slot *b)
{
	return atomic_load_explicit(&a->at, memory_order_relaxed) <
	       atomic_load_explicit(&b->at, memory_order_relaxed);
}

/* @return NULL: the hash failed */
static struct slot *slot_of(struct sources *s, uint64_t address)
{
	const struct sk_span text = { (const char *)&address, sizeof(address) };
	struct slot *set, *pick;
	uint8_t hash[SK_MAC_LEN];
	uint32_t place;

	if (sk_mac_hash(s->mac, &text, 1, hash))
		return NULL;
	memcpy(&place, hash, sizeof(place));
	set = pick = &s->slots[place % (SOURCES_MAX / WAYS) * WAYS];
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].at != 0 && set[i].address == address)
			return &set[i];
		if (asked_less(&set[i], pick))
			pick = &set[i];
	}
	*pick = (struct slot){ .address = address };
	return pick;
}

enum sources_say sources_take(struct sources *s, const struct addr *source, int64_t rate,
			      int64_t burst, int64_t now_us)
{
	struct slot *slot;

	if (rate <= 0)
		return SOURCES_OK;
	slot = slot_of(s, part_of(source));
	/* a fault of ours limits nobody */
	if (!slot || bucket_take(&slot->at, 1000, rate, burst, now_us))
		return SOURCES_OK;
	/* one second's worth may be told at once */
	rate = rate > INT64_MAX / SOURCES_FLOOD ? INT64_MAX : rate * SOURCES_FLOOD;
	return bucket_take(&slot->over_at, 1000, rate, rate, now_us) ? SOURCES_OVER
								     : SOURCES_FLOODS;
}
