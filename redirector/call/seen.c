/*
 * Sets of four slots, picked by the hash, as in repeat.c.  What is hashed is what was
 * signed, not the signature: an ECDSA signature has a second form that verifies too,
 * and a copy must not pass as new for having it.
 */
#include "redirector/call/seen.h"

#include "redirector/base/pages.h"

#include <stdlib.h>
#include <string.h>

enum {
	WAYS = 4
};

struct slot {
	uint64_t key;   /* 0: never used */
	uint32_t call;  /* whose call it came with */
	uint32_t until; /* low bits of the seconds */
};

struct seen {
	struct slot *slots;
	size_t count; /* a power of two */
};

struct seen *seen_new(size_t entries)
{
	SK_CLEANUP(seen_free_p) struct seen *s = calloc(1, sizeof(*s));

	if (!s || entries > SIZE_MAX / 2 / sizeof(struct slot))
		return NULL;
	s->count = WAYS;
	while (s->count < entries)
		s->count *= 2;
	s->slots = pages_new(s->count * sizeof(struct slot));
	return s->slots ? sk_steal(s) : NULL;
}

void seen_free(struct seen *s)
{
	if (s)
		pages_free(s->slots, s->count * sizeof(struct slot));
	free(s);
}

/* Seconds to go, also over the end of 32 bits. */
static int32_t left(uint32_t until, uint32_t now)
{
	return (int32_t)(until - now);
}

/* Its own slot, or else the one that is needed least: unused, over, or over first. */
static struct slot *pick(struct slot *set, uint64_t key, uint32_t now)
{
	struct slot *best = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (best->key != 0 &&
		    (set[i].key == 0 || left(set[i].until, now) < left(best->until, now)))
			best = &set[i];
	}
	return best;
}

bool seen_before(struct seen *seen, struct sk_mac *mac, struct sk_span owner,
		 const struct sk_passport *passport, struct sk_span call_id, int64_t now,
		 int64_t until)
{
	const struct sk_span token[] = { SK_SPAN("seen"), owner, passport->token.signed_part };
	const struct sk_span call[] = { SK_SPAN("call"), call_id };
	uint8_t token_hash[SK_MAC_LEN], call_hash[SK_MAC_LEN];
	struct slot made = { .until = (uint32_t)until }, *slot;
	uint64_t place;

	/* a fault of ours says nothing of the call */
	if (sk_mac_hash(mac, token, SK_COUNT(token), token_hash) ||
	    sk_mac_hash(mac, call, SK_COUNT(call), call_hash))
		return false;
	memcpy(&made.key, token_hash, sizeof(made.key));
	memcpy(&place, token_hash + 8, sizeof(place));
	memcpy(&made.call, call_hash, sizeof(made.call));
	made.key |= 1; /* never the mark of an unused slot */

	slot = &seen->slots[place % (seen->count / WAYS) * WAYS];
	slot = pick(slot, made.key, (uint32_t)now);
	if (slot->key == made.key && left(slot->until, (uint32_t)now) >= 0)
		return slot->call != made.call;
	*slot = made;
	return false;
}
