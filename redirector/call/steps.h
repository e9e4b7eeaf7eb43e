/**
 * @file steps.h  How long the steps of calls take: histograms, one writer each
 *
 * In the page of a process (monitor/page.h).  Bounds are fixed, so that sums over processes and
 * restarts mean something.
 */
#pragma once

#include <stdint.h>

enum step {
	STEP_SIGN,   /**< arrival to answer of a call that was signed, no wait            */
	STEP_VERIFY, /**< ... that was judged, no wait                                     */
	STEP_PASS,   /**< ... of any other call                                           */
	STEP_WAITED, /**< ... of a call that waited for a certificate or a token          */
	STEP_FETCH,  /**< certificate fetches, start to end                                */
	STEP_TOKEN,  /**< signatures in a token                                            */
	STEP_LAST,
};

enum {
	STEP_BOUNDS = 18, /**< and one bucket beyond */
};

/** Upper bounds, microseconds: 10, 20, 50, 100, ... 5,000,000. */
extern const int64_t step_bounds_us[STEP_BOUNDS];

struct step_counts {
	uint64_t buckets[STEP_BOUNDS + 1]; /**< not cumulated                            */
	uint64_t us;                       /**< sum of all                               */
};

struct steps {
	struct step_counts step[STEP_LAST];
};

/** "sign", "verify", ...: stable, a label. */
const char *step_name(enum step step);

/** @param steps  NULL: nothing is counted */
void steps_add(struct steps *steps, enum step step, int64_t us);
