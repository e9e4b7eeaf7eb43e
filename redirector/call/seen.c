/*
 * Sets of four slots, picked by the hash, as in repeat.c.  What is hashed is what was
 * signed, not the signature: an ECDSA signature has a second form that verifies too,
 * and a copy must not pass as new for having it.
 *
 * Several processes may look and write at once, without a lock.  A slot is two words, and the
 * key is stored XORed with the other word: half of one entry and half of another make a key
 * that nobody asks for.  So a call is never taken for a copy by a slot that is being written,
 * or whose writer died; the first word changes by compare-and-swap, so that of two that ask at
 * once one is the first.  Only within the few nanoseconds between the words both can be.
 */
#include "redirector/call/seen.h"

#include "redirector/base/pages.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	WAYS = 4,
	TURNS = 8,      /* somebody else may take the slot that was picked ... */
	PATIENCE = 500, /* ... and has its second word to write, unless it died */
};

struct slot {
	_Atomic uint64_t mixed; /* key ^ data */
	_Atomic uint64_t data;  /* call << 32 | until */
};

/* What is in a slot, or is to be. */
struct entry {
	uint64_t key;         /* 0: never used */
	uint32_t call;        /* whose call it came with */
	uint32_t until;       /* low bits of the seconds */
	uint64_t mixed, data; /* the slot when it was read */
};

struct seen {
	struct slot *slots;
	size_t count;  /* a power of two */
	bool borrowed; /* `slots` are somebody else's memory */
};

size_t seen_bytes(size_t entries)
{
	size_t count = WAYS;

	if (entries > SIZE_MAX / 2 / sizeof(struct slot))
		return 0;
	while (count < entries)
		count *= 2;
	return count * sizeof(struct slot);
}

/* What surprises: all processes must come to the same count, so it is got from the memory. */
struct seen *seen_new_in(void *memory, size_t bytes)
{
	SK_CLEANUP(seen_free_p) struct seen *s = calloc(1, sizeof(*s));

	if (!s || bytes < WAYS * sizeof(struct slot))
		return NULL;
	s->count = WAYS;
	while (s->count <= bytes / sizeof(struct slot) / 2)
		s->count *= 2;
	s->borrowed = memory != NULL;
	s->slots = memory ? memory : pages_new(s->count * sizeof(struct slot));
	return s->slots ? sk_steal(s) : NULL;
}

struct seen *seen_new(size_t entries)
{
	return seen_new_in(NULL, seen_bytes(entries));
}

struct seen *seen_open(const struct shared *shared, const struct conf *conf)
{
	return shared->at ? seen_new_in(shared->at, shared->bytes)
			  : seen_new((size_t)conf->tenant.verify.replay_entries);
}

void seen_free(struct seen *s)
{
	if (s && !s->borrowed)
		pages_free(s->slots, s->count * sizeof(struct slot));
	free(s);
}

static struct entry read_slot(struct slot *slot)
{
	uint64_t data = atomic_load_explicit(&slot->data, memory_order_acquire);
	uint64_t mixed = atomic_load_explicit(&slot->mixed, memory_order_acquire);

	return (struct entry){ .key = mixed ^ data,
			       .call = (uint32_t)(data >> 32),
			       .until = (uint32_t)data,
			       .mixed = mixed,
			       .data = data };
}

/* @return false: it is not what was read any more */
static bool write_slot(struct slot *slot, const struct entry *was, const struct entry *e)
{
	uint64_t data = (uint64_t)e->call << 32 | e->until, before = was->mixed;

	if (!atomic_compare_exchange_strong(&slot->mixed, &before, e->key ^ data))
		return false;
	atomic_store_explicit(&slot->data, data, memory_order_release);
	return true;
}

/* Somebody was quicker: what he writes may be what we look for. */
static void let_settle(struct slot *slot, const struct entry *was)
{
	for (int i = 0; i < PATIENCE; i++)
		if (atomic_load_explicit(&slot->data, memory_order_acquire) != was->data)
			return;
}

/* Seconds to go, also over the end of 32 bits. */
static int32_t left(uint32_t until, uint32_t now)
{
	return (int32_t)(until - now);
}

/* Its own slot, or else the one that is needed least: unused, over, or over first. */
static struct slot *pick(struct slot *set, uint64_t key, uint32_t now, struct entry *out)
{
	struct slot *best = set;

	*out = read_slot(set);
	for (size_t i = 0; i < WAYS; i++) {
		struct entry e = read_slot(&set[i]);
		bool less =
			out->key != 0 && (e.key == 0 || left(e.until, now) < left(out->until, now));

		if (e.key == key || less) {
			best = &set[i];
			*out = e;
		}
		if (e.key == key)
			break;
	}
	return best;
}

/* @return it was there, with another call */
static bool look(struct slot *set, const struct entry *made, uint32_t now)
{
	for (int i = 0; i < TURNS; i++) {
		struct entry was;
		struct slot *slot = pick(set, made->key, now, &was);

		if (was.key == made->key && left(was.until, now) >= 0)
			return was.call != made->call;
		if (write_slot(slot, &was, made))
			break;
		let_settle(slot, &was);
	}
	return false;
}

bool seen_before(struct seen *seen, struct sk_mac *mac, struct sk_span owner,
		 const struct sk_passport *passport, struct sk_span call_id, int64_t now,
		 int64_t until)
{
	const struct sk_span token[] = { SK_SPAN("seen"), owner, passport->token.signed_part };
	const struct sk_span call[] = { SK_SPAN("call"), call_id };
	uint8_t token_hash[SK_MAC_LEN], call_hash[SK_MAC_LEN];
	struct entry made = { .until = (uint32_t)until };
	uint64_t place;

	/* a fault of ours says nothing of the call */
	if (sk_mac_hash(mac, token, SK_COUNT(token), token_hash) ||
	    sk_mac_hash(mac, call, SK_COUNT(call), call_hash))
		return false;
	memcpy(&made.key, token_hash, sizeof(made.key));
	memcpy(&place, token_hash + 8, sizeof(place));
	memcpy(&made.call, call_hash, sizeof(made.call));
	made.key |= 1; /* never the mark of an unused slot */

	return look(&seen->slots[place % (seen->count / WAYS) * WAYS], &made, (uint32_t)now);
}
