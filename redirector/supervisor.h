/**
 * @file supervisor.h  Holds the sockets and the counters, and keeps N workers alive
 *
 *   SIGHUP    checks the configuration; if it is good every worker reads it
 *   SIGUSR1   sums the counters of all workers, and lets each write the rest
 *   SIGUSR2   opens the log files anew, everywhere
 *   SIGWINCH  makes every worker anew, one after the other, and no call is lost
 *   SIGTERM   drains and ends; a second one at once
 */
#pragma once

#include "config/conf.h"

/**
 * Serve until SIGTERM or SIGINT.
 *
 * @param conf  A reference is taken
 *
 * @return The exit status: 0, or 1 when it could not start (the reason went to stderr)
 */
int supervisor_run(struct conf *conf, const char *log_level);

/** What `--worker` is: one of them, by what was inherited.  Not for people. */
int supervisor_worker(int argc, char **argv);
