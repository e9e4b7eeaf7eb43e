/*
 * Sets of eight slots, picked by the hash.  A slot holds the whole address, so that two
 * addresses never share a bucket.  Which slot goes out of a full set is read from the buckets
 * themselves: the one that was full again first has asked for least.
 *
 * Several processes may do all this at once: a slot changes hands by one compare-and-swap of
 * its address.  Whoever dies behind that has left the newcomer the bucket of the one before,
 * which was the fullest of its set.
 */
#include "redirector/call/sources.h"

#include "redirector/base/bucket.h"
#include "redirector/base/pages.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
	WAYS = 8,
	TURNS = 4, /* somebody else may take the slot that was picked */
};

struct slot {
	_Atomic uint64_t address; /* IPv4: the address behind `MARK_V4`; IPv6: its first 64 bits;
				     0: never used */
	_Atomic int64_t at, over_at;
};

/* No IPv6 network starts like these (2^-64 of all do, and only by asking for it: ff00::/8 is
 * multicast and never a source), so both kinds fit into one number, and ::/64 is not "unused". */
#define MARK_V4   ((uint64_t)0xffff << 48)
#define MARK_ZERO ((uint64_t)0xfffe << 48)

struct sources {
	struct sk_mac *mac;
	struct slot *slots;
	bool borrowed; /* `slots` are somebody else's memory */
};

size_t sources_bytes(void)
{
	return SOURCES_MAX * sizeof(struct slot);
}

struct sources *sources_new_in(void *memory, const uint8_t key[SK_MAC_KEY])
{
	SK_CLEANUP(sources_free_p) struct sources *s = calloc(1, sizeof(*s));

	if (!s || sk_mac_new(key, &s->mac))
		return NULL;
	s->borrowed = memory != NULL;
	s->slots = memory ? memory : pages_new(sources_bytes());
	return s->slots ? sk_steal(s) : NULL;
}

struct sources *sources_new(void)
{
	uint8_t key[SK_MAC_KEY];
	struct sources *s;

	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return NULL;
	s = sources_new_in(NULL, key);
	explicit_bzero(key, sizeof(key));
	return s;
}

void sources_free(struct sources *s)
{
	if (!s)
		return;
	if (!s->borrowed)
		pages_free(s->slots, sources_bytes());
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
	if (len == 4)
		return MARK_V4 | part;
	return part ? part : MARK_ZERO;
}

/* Full again first: asked for least.  0, never used, comes before all. */
static bool asked_less(const struct slot *a, const struct slot *b)
{
	return atomic_load_explicit(&a->at, memory_order_relaxed) <
	       atomic_load_explicit(&b->at, memory_order_relaxed);
}

/* The address's own slot, or else the one that is needed least.  @return it is its own */
static bool find(struct slot *set, uint64_t address, struct slot **out)
{
	struct slot *pick = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (atomic_load_explicit(&set[i].address, memory_order_relaxed) == address) {
			*out = &set[i];
			return true;
		}
		if (asked_less(&set[i], pick))
			pick = &set[i];
	}
	*out = pick;
	return false;
}

/* Makes it the address's, with full buckets.  @return false: somebody else took it */
static bool take_over(struct slot *slot, uint64_t before, uint64_t address)
{
	if (!atomic_compare_exchange_strong_explicit(&slot->address, &before, address,
						     memory_order_relaxed, memory_order_relaxed))
		return false;
	atomic_store_explicit(&slot->at, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->over_at, 0, memory_order_relaxed);
	return true;
}

/* @return NULL: the hash failed, or others were quicker each time */
static struct slot *slot_of(struct sources *s, uint64_t address)
{
	const struct sk_span text = { (const char *)&address, sizeof(address) };
	struct slot *set, *slot;
	uint8_t hash[SK_MAC_LEN];
	uint32_t place;

	if (sk_mac_hash(s->mac, &text, 1, hash))
		return NULL;
	memcpy(&place, hash, sizeof(place));
	set = &s->slots[place % (SOURCES_MAX / WAYS) * WAYS];
	for (int i = 0; i < TURNS; i++) {
		uint64_t before;

		if (find(set, address, &slot))
			return slot;
		before = atomic_load_explicit(&slot->address, memory_order_relaxed);
		if (before == address || take_over(slot, before, address))
			return slot;
	}
	return NULL;
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

bool sources_take_dear(struct sources *s, const struct addr *source, int64_t rate, int64_t burst,
		       int64_t cost, int64_t now_us)
{
	struct slot *slot;

	if (rate <= 0)
		return true;
	if (cost > burst / 2)
		cost = burst / 2;
	slot = slot_of(s, part_of(source));
	return !slot || bucket_take_more(&slot->at, 1000, rate, burst, cost - 1, now_us);
}
