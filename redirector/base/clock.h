/**
 * @file clock.h  Two clocks: one for the world, one for ourselves
 *
 * iat and Date follow the wall clock; deadlines, ages and timeouts follow the
 * monotonic one, which a corrected wall clock does not move.
 *
 * Both come through a struct, so that a replay can set the time.
 */
#pragma once

#include <stdint.h>
#include <time.h>

struct clock {
	int64_t (*wall)(const struct clock *self); /**< seconds since the epoch    */
	int64_t (*mono)(const struct clock *self); /**< milliseconds, never back   */
};

static inline int64_t clock_real_wall(const struct clock *self)
{
	struct timespec ts;

	(void)self;
	/* some milliseconds late like time(), and as cheap */
	clock_gettime(CLOCK_REALTIME_COARSE, &ts);
	return ts.tv_sec;
}

static inline int64_t clock_real_mono(const struct clock *self)
{
	struct timespec ts;

	(void)self;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

#define CLOCK_REAL ((struct clock){ .wall = clock_real_wall, .mono = clock_real_mono })

/** Microseconds of the monotonic clock, for the record of a call. */
static inline int64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
