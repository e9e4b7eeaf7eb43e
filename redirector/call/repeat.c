/*
 * Sets of four slots, picked by the hash: a look costs one line of cache.
 */
#include "redirector/call/repeat.h"

#include "redirector/base/pages.h"

#include <stdlib.h>
#include <string.h>

enum {
	WAYS = 4
};

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

bool repeat_seen(struct repeat *r, const uint8_t id[16], int64_t mono, int64_t *wall)
{
	uint32_t now = (uint32_t)mono;
	struct slot *set, *oldest;
	uint64_t key, place;

	memcpy(&key, id, sizeof(key));
	memcpy(&place, id + 8, sizeof(place));
	key |= 1; /* never the mark of an unused slot */
	set = oldest = &r->slots[place % (REPEAT_SLOTS / WAYS) * WAYS];

	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == key && now - set[i].mono < REPEAT_MS) {
			/* whole seconds since then, also over the end of 32 bits */
			*wall -= (int32_t)((uint32_t)*wall - set[i].wall);
			return true;
		}
		if (set[i].key == 0 || set[i].key == key) {
			oldest = &set[i];
			break;
		}
		if (now - set[i].mono > now - oldest->mono)
			oldest = &set[i];
	}
	*oldest = (struct slot){ .key = key, .mono = now, .wall = (uint32_t)*wall };
	return false;
}
