/**
 * @file worker.h  One process that serves: makes every part in order, runs, drains, drops in
 * reverse
 *
 * It serves SIP, or HTTP (the web process), or with --single both in one loop.
 *
 * The one place where everything meets: no part finds another through a global.
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/log.h"
#include "redirector/base/shared.h"
#include "redirector/http_sockets.h"

#include <stddef.h>

enum {
	LISTEN_MAX = 16, /**< addresses that are listened on */
};

/** The sockets of one listener that are this worker's; -1: it has none of that kind. */
struct worker_sockets {
	int udp, tcp; /**< of "tls:" the latter speaks TLS */
};

/** What the supervisor hands to a worker. */
struct worker_given {
	unsigned index, count; /**< which of how many workers; the web process is behind them */
	bool web;              /**< it serves HTTP, and no SIP      */
	unsigned seat, seats;  /**< where it sits in shared memory  */
	int text; /**< the configuration, as a reload gets another; -1: it is read from its file */
	struct worker_sockets sockets[LISTEN_MAX]; /**< one for each entry of sip.listen */
	struct http_sockets http;                  /**< none: it serves no HTTP */
	struct shared pages, tally, sources, seen, history;
	int control; /**< a SOCK_SEQPACKET to the supervisor: "ready", "failed REASON",
			  "reload ok|failed"; -1: there is none */
};

/**
 * Serve until SIGTERM or SIGINT.
 *
 *   SIGHUP   reads the configuration again: build, check, swap; on any failure
 *            the running one stays and the log says why
 *   SIGUSR1  writes the counters to the log
 *   SIGUSR2  opens the log file anew
 *   SIGTERM  no new work; calls in hand are answered, sip.drain at most.  The web process under a
 *            supervisor asks that first, since it ends last
 *
 * @param conf   A reference is taken
 * @param given  NULL: alone, with sockets and memory of its own (--single)
 *
 * @return The exit status: 0, or 1 when it could not start (the reason went to
 *         stderr and to `control`)
 */
int worker_run(struct conf *conf, const char *log_level, const struct worker_given *given);

/** How long the web process waits for what is in hand when it is to end, milliseconds. */
int64_t worker_web_drain_ms(const struct conf *conf);

/** "error", "warning", "info", "debug" -> level; -1 for any other text. */
int worker_log_level(const char *text);
