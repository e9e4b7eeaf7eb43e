/*
 * LMDB's file format 1.  What surprises: pages that this transaction has written are no
 * part of the map yet; they are our own, and marked as dirty.
 */
#include "redirector/certs/store_page.h"

#include <string.h>

enum {
	HEAD_SIZE = 16, /* in front of the value on the first of its pages            */
	NODE_SIZE = 8,  /* in front of key and value on a page of the tree            */
	OVERFLOW = 0x04,
	DIRTY = 0x10,
};

struct head {
	uint64_t number;
	uint16_t pad, flags;
	uint32_t count;
};

/* A page of the tree has place for two values at least; what is longer has pages of its own. */
static bool is_long(size_t page, MDB_val key, MDB_val val)
{
	size_t most = ((page - HEAD_SIZE) / 2 & ~(size_t)1) - sizeof(uint16_t);

	return NODE_SIZE + key.mv_size + val.mv_size > most;
}

static bool is_headed(struct pages *p, MDB_val val)
{
	const uintptr_t at = (uintptr_t)val.mv_data - HEAD_SIZE;
	struct head head;

	memcpy(&head, (const char *)val.mv_data - HEAD_SIZE, sizeof(head));
	if (head.flags & DIRTY)
		return true;
	if (head.flags != OVERFLOW || head.count != (HEAD_SIZE - 1 + val.mv_size) / p->size + 1 ||
	    at % p->size != 0 || head.number > at / p->size)
		return false;
	if (p->base == 0)
		p->base = at - head.number * p->size;
	return p->base == at - head.number * p->size;
}

bool page_is_sound(struct pages *p, MDB_val key, MDB_val val)
{
	const bool sound = !is_long(p->size, key, val) || is_headed(p, val);

	p->damaged |= !sound;
	return sound;
}
