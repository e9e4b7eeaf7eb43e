/**
 * @file clock_state.h  Is the wall clock right?  (adjtimex(2), read only)
 *
 * iat and validity are judged by it: a clock that is a minute wrong signs what nobody believes.
 */
#pragma once

#include "redirector/base/log.h"

#include <stdbool.h>
#include <stdint.h>

struct clock_state {
	bool known;        /**< the kernel told                                        */
	bool synchronised; /**< somebody (chrony, ntpd, timesyncd) keeps it            */
	int64_t error_us;  /**< at most so wrong, by the kernel's estimate             */
	int64_t offset_us; /**< what is still to be corrected                          */
};

void clock_state_read(struct clock_state *out);

/** "event=clock ...": a warning when nobody keeps it, or when it cannot be known. */
void clock_state_say(const struct clock_state *state, struct log *log);
