/**
 * @file match_state.h  The table of match.c, for the files that fill it and ask it
 */
#pragma once

#include "redirector/call/match.h"
#include "redirector/call/match_values.h"
#include "redirector/call/nets.h"

#include <stdint.h>

enum {
	OF_SERVICE = 1, /* marks of networks: sip.sources */
	OF_TENANT = 2,  /* match.sources of anybody       */
	OF_HEADER = 4,  /* tenants.header-sources         */
};

/* What kinds of values a combination has; comparing two from the top finds the stronger one. */
struct shape {
	uint8_t tls, header, host; /* 0 or 1                              */
	uint8_t listener;          /* enum listener_kind                  */
	uint8_t v6;                /* of the network                      */
	int16_t bits;              /* of the network; -1: no network      */
};

/* One combination: the places of its values in the tenant's lists. */
struct entry {
	uint64_t hash;
	const struct match_conf *set; /* NULL: a free slot */
	void *value;
	struct shape shape;
	uint16_t at[KIND_COUNT];
};

struct match {
	const struct conf *service;
	struct nets *nets;
	struct shape *shapes; /* those that occur, strongest first */
	size_t shape_count, shape_room;
	struct entry *entries; /* open addressing, at most half full */
	size_t mask, count;
};

/* The stronger one first. */
static inline int match_compare_shapes(const struct shape *x, const struct shape *y)
{
	const int by[] = { y->tls - x->tls,           y->header - x->header, y->host - x->host,
			   y->listener - x->listener, y->bits - x->bits,     y->v6 - x->v6 };

	for (size_t i = 0; i < SK_COUNT(by); i++)
		if (by[i])
			return by[i];
	return 0;
}

static inline uint64_t match_mix(uint64_t hash, uint64_t more)
{
	hash = (hash ^ more) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 32;
}
