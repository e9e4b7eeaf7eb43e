/**
 * @file repeat.h  Has this request been here in the last 32 seconds?
 *
 * A stateless server must answer a repeated request alike (RFC 3261, 8.2.7).  No
 * answers are kept, only when a request was first seen, so that a repeat is
 * signed with the same iat.  A fixed table: when a slot's neighbours are all in
 * use the oldest goes, which costs a repeat nothing but its iat.
 */
#pragma once

#include "shaken/macro.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	REPEAT_SLOTS = 1 << 18, /**< requests remembered: 16 bytes each           */
	REPEAT_MS = 32000,      /**< 64*T1, after which no client repeats         */
};

struct repeat;

struct repeat *repeat_new(void);
void repeat_free(struct repeat *repeat);
SK_DEFINE_CLEANUP(struct repeat, repeat_free)

/**
 * @param id    Keyed hash of what makes the request itself
 * @param wall  In: seconds since the epoch; out: as it was at the first time
 * @param mono  Milliseconds of the monotonic clock
 *
 * @return true when it is a repeat
 */
bool repeat_seen(struct repeat *repeat, const uint8_t id[16], int64_t mono, int64_t *wall);
