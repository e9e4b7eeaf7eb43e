/**
 * @file guard.h  Reading mapped pages that may be gone
 *
 * A page of a mapped file that somebody cut off, or that the disk cannot give, is a SIGBUS.
 */
#pragma once

#include "shaken/macro.h"

#include <stdbool.h>

/** From now on guard_run() holds; once for the process. */
void guard_install(void);

/**
 * Calls `read`, which only reads: what it holds or has half written is left as it is when a
 * page is missing.  Not within another one.
 *
 * @return false: a page was missing
 */
SK_MUSTCHECK
bool guard_run(void (*read)(void *arg), void *arg);
