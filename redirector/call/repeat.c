/*
 * Sets of four slots, picked by the hash: a look costs one line of cache.  The top four bits
 * of a slot's key are not the hash's: how often it came again, and whether it was over a limit.
 */
#include "redirector/call/repeat.h"

#include "redirector/base/pages.h"

#include <stdlib.h>
#include <string.h>

enum {
	WAYS = 4,
	TIMES_SHIFT = 60,
	TIMES_MASK = 7,
};

#define OVER_BIT ((uint64_t)1 << 63)
#define KEY_MASK (((uint64_t)1 << TIMES_SHIFT) - 1)

_Static_assert((int)REPEAT_TIMES < (int)TIMES_MASK, "the times a client repeats can be counted");

struct slot {
	uint64_t key;  /* 0: never used */
	uint32_t mono; /* low bits of the milliseconds when it was first seen */
	uint32_t wall; /* low bits of the seconds */
};

struct repeat {
	struct slot *slots;
};

struct repeat *repeat_new(void)
{
	SK_CLEANUP(repeat_free_p) struct repeat *r = calloc(1, sizeof(*r));

	if (r)
		r->slots = pages_new(REPEAT_SLOTS * sizeof(struct slot));
	return r && r->slots ? sk_steal(r) : NULL;
}

void repeat_free(struct repeat *r)
{
	if (r)
		pages_free(r->slots, REPEAT_SLOTS * sizeof(struct slot));
	free(r);
}

/* FNV-1a.  It need not be keyed: `id` is, and two owners differ by a constant that no request can
 * make up for. */
static uint64_t salt_of(struct sk_span owner)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < owner.len; i++)
		hash = (hash ^ (unsigned char)owner.ptr[i]) * 1099511628211u;
	return hash;
}

static struct slot *set_of(const struct repeat *r, const uint8_t id[16])
{
	uint64_t place;

	memcpy(&place, id + 8, sizeof(place));
	return &r->slots[place % (REPEAT_SLOTS / WAYS) * WAYS];
}

void repeat_expect(const struct repeat *r, const uint8_t id[16])
{
	__builtin_prefetch(set_of(r, id), 1);
}

static struct repeat_mark found(struct slot *slot, int64_t wall)
{
	struct repeat_mark mark = { .is = true, .over = slot->key & OVER_BIT };
	uint64_t times = slot->key >> TIMES_SHIFT & TIMES_MASK;

	mark.too_often = times >= REPEAT_TIMES;
	if (times < TIMES_MASK)
		slot->key += (uint64_t)1 << TIMES_SHIFT;
	/* whole seconds since then, also over the end of 32 bits */
	mark.wall = wall - (int32_t)((uint32_t)wall - slot->wall);
	return mark;
}

struct repeat_mark repeat_seen(struct repeat *r, const uint8_t id[16], struct sk_span owner,
			       int64_t mono, int64_t wall)
{
	struct repeat_mark mark = { .wall = wall };
	uint32_t now = (uint32_t)mono;
	struct slot *set, *pick;
	uint64_t key;

	memcpy(&key, id, sizeof(key));
	key = ((key ^ salt_of(owner)) & KEY_MASK) | 1; /* never the mark of an unused slot */
	set = pick = set_of(r, id);

	for (int i = 0; i < WAYS; i++) {
		bool same = (set[i].key & KEY_MASK) == key;

		if (same && now - set[i].mono < REPEAT_MS) {
			pick = &set[i];
			mark = found(pick, wall);
			break;
		}
		if (set[i].key == 0 || same) {
			pick = &set[i];
			break;
		}
		if (now - set[i].mono > now - pick->mono)
			pick = &set[i];
	}
	if (!mark.is)
		*pick = (struct slot){ .key = key, .mono = now, .wall = (uint32_t)wall };
	mark.slot = (size_t)(pick - r->slots);
	mark.key = key;
	return mark;
}

void repeat_set_over(struct repeat *r, const struct repeat_mark *mark)
{
	struct slot *slot = &r->slots[mark->slot];

	if ((slot->key & KEY_MASK) == mark->key)
		slot->key |= OVER_BIT;
}
