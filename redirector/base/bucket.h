/**
 * @file bucket.h  So many a second, and so many at once
 *
 * A token bucket as one number, the time at which it will be full again (the generic cell
 * rate algorithm), so that processes may share one without a lock.  Zeroed: full.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * Take one.
 *
 * @param per_ms  Milliseconds in which `count` may pass: 1000 for a rate a second
 * @param count   0: no limit
 * @param burst   At least 1
 * @param now_us  Monotonic microseconds; a clock that stands or goes back never opens it wider
 *
 * @return false: over the limit, and nothing is taken
 */
bool bucket_take(_Atomic int64_t *at, int64_t per_ms, int64_t count, int64_t burst, int64_t now_us);

/** Take one, and `more` at the cost of whoever comes next: these need not be there yet.  Of what is
 * owed no more than a second's worth outlives the next question. */
bool bucket_take_more(_Atomic int64_t *at, int64_t per_ms, int64_t count, int64_t burst,
		      int64_t more, int64_t now_us);
