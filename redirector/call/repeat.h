/**
 * @file repeat.h  Has this request been here in the last 32 seconds?
 *
 * A stateless server must answer a repeated request alike (RFC 3261, 8.2.7).  No
 * answers are kept, only when a request was first seen, so that a repeat is
 * signed with the same iat, and whether it was over a limit, so that it is again.
 * A fixed table: when a slot's neighbours are all in use the oldest goes, which
 * costs a repeat nothing but its iat.
 *
 * One table per worker: a datagram that is sent again is handed to the same one (net/group.h),
 * and so is what comes again by the same connection.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	REPEAT_SLOTS = 1 << 18, /**< requests remembered: 16 bytes each           */
	REPEAT_MS = 32000,      /**< 64*T1, after which no client repeats         */
	REPEAT_TIMES = 6,       /**< how often a client repeats at most: timer A of RFC 3261,
				     17.1.1.2 fires at 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s   */
};

struct repeat;

/** What is known of a request. */
struct repeat_mark {
	bool is;        /**< a repeat                                            */
	bool over;      /**< repeat_set_over() was said of it                    */
	bool too_often; /**< repeated more often than a client does              */
	int64_t wall;   /**< when it first came, seconds since the epoch         */
	size_t slot;    /* for repeat.c */
	uint64_t key;
};

struct repeat *repeat_new(void);
void repeat_free(struct repeat *repeat);
SK_DEFINE_CLEANUP(struct repeat, repeat_free)

/** The request will be looked for soon: its place is fetched from memory meanwhile. */
void repeat_expect(const struct repeat *repeat, const uint8_t id[16]);

/**
 * Look for a request, and remember it.
 *
 * @param id    Keyed hash of what makes the request itself
 * @param owner Whose it is: the same request of two owners is two requests
 * @param mono  Milliseconds of the monotonic clock
 * @param wall  Seconds since the epoch
 */
struct repeat_mark repeat_seen(struct repeat *repeat, const uint8_t id[16], struct sk_span owner,
			       int64_t mono, int64_t wall);

/** It was over a limit: its repeats are told so.  Nothing happens when it is forgotten already. */
void repeat_set_over(struct repeat *repeat, const struct repeat_mark *mark);
