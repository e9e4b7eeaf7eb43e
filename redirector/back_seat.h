/**
 * @file back_seat.h  The web process runs when SIP leaves a core free, and is never left without
 *
 * Its loop takes the back seat (base/rank.h): a call that comes in does not wait for a question
 * that is being answered.  Were that all, calls that keep every core busy would leave next to
 * nothing for /healthz and /metrics just when somebody looks.  So a timer sees that it is late for
 * want of a core; then the loop has an ordinary share, of nice +10, for ten seconds, and for twice
 * as long each time that it starves as soon as it is back, up to five minutes.
 *
 * Where the system does not let us come back (RLIMIT_NICE below 10 and no CAP_SYS_NICE; in many
 * containers) it stays at nice +10.
 */
#pragma once

#include "redirector/base/log.h"
#include "redirector/base/loop.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stdint.h>

struct back_seat;

/** The thread that calls is the one that runs the loop.  @return NULL when out of memory */
struct back_seat *back_seat_new(struct loop *loop, struct log *log);
void back_seat_free(struct back_seat *seat);
SK_DEFINE_CLEANUP(struct back_seat, back_seat_free)

/**
 * Was it kept waiting for a core?
 *
 * @param late_us  How late the timer was: all the time it had work
 * @param ran_us   What it had of a processor since the timer was set
 */
bool back_seat_starved(int64_t late_us, int64_t ran_us);
