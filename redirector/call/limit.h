/**
 * @file limit.h  Has a tenant or his trunk asked too much (limits.rate, trunks.*.rate)?
 */
#pragma once

#include "redirector/call/call.h"

#include <stdbool.h>
#include <stdint.h>

/** The slot of the call's trunk; NULL: it has none, or one without a limit. */
struct tally_slot *limit_trunk_slot(const struct call *call);

/** Is the call a heartbeat?  Sets its task; nothing is taken from a bucket for one. */
SK_MUSTCHECK
bool limit_is_heartbeat(struct call *call);

/**
 * Takes one of the buckets of the call's trunk and tenant.
 *
 * @param now_us  Microseconds by the front's clock
 *
 * @return false: there is none left
 */
SK_MUSTCHECK
bool limit_take(const struct call *call, int64_t now_us);
