/**
 * @file worker.h  One worker: makes every part in order, runs, drains, drops in reverse
 *
 * The one place where everything meets: no part finds another through a global.
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/log.h"

/**
 * Serve until SIGTERM or SIGINT.
 *
 *   SIGHUP   reads the configuration again: build, check, swap; on any failure
 *            the running one stays and the log says why
 *   SIGUSR1  writes the counters to the log
 *   SIGUSR2  opens the log file anew
 *   SIGTERM  no new work; calls in hand are answered, sip.drain at most
 *
 * @param conf  A reference is taken
 *
 * @return The exit status: 0, or 1 when it could not start (the reason went to
 *         stderr)
 */
int worker_run(struct conf *conf, const char *log_level);

/** "error", "warning", "info", "debug" -> level; -1 for any other text. */
int worker_log_level(const char *text);
