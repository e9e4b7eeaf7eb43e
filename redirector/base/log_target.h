/**
 * @file log_target.h  Where a log's lines end: a stream, the system log, the journal
 *
 * A stream (file, pipe, terminal) takes bytes; the two daemons take a datagram a line.  For
 * log.c's thread alone.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>

enum log_target_kind {
	LOG_TO_STREAM,
	LOG_TO_SYSLOG,  /**< as libc's syslog() writes it, facility daemon             */
	LOG_TO_JOURNAL, /**< native protocol of systemd-journald                       */
};

struct log_target {
	enum log_target_kind kind;
	const char *path; /**< the file's, or the socket's; "" for stdout and stderr   */
	int fd;           /**< -1: no connection                                       */
	bool owns_fd;
	bool retry_known; /* for log_target.c alone: */
	long retry_at;    /* when to connect again, seconds */
};

/** What kind of line it is: decides priority and fields. */
struct log_line {
	int priority;        /**< 3 error, 4 warning, 6 info, 7 debug (RFC 5424, 6.2.1)      */
	bool record;         /**< of a call, not a message                               */
	struct sk_span text; /**< without its end of line                               */
};

/**
 * @param name  "stderr", "stdout", "syslog", "journal", "syslog:SOCKET", "journal:SOCKET", or a
 *              file; outlives the target
 *
 * @return false with errno: the file cannot be opened.  A daemon that is not there is no
 *         failure: it is looked for again every second
 */
SK_MUSTCHECK
bool log_target_open(struct log_target *target, const char *name);
void log_target_close(struct log_target *target);

/**
 * Could it be opened, and is a daemon there?  Leaves nothing behind; the target is closed.
 *
 * @return false with errno
 */
SK_MUSTCHECK
bool log_target_try(struct log_target *target, const char *name);

/** A file, opened anew under its number; nothing for others.  @return false with errno */
SK_MUSTCHECK
bool log_target_reopen(struct log_target *target);

/** Sends one line to a daemon.  @return false: it is lost */
SK_MUSTCHECK
bool log_target_send(struct log_target *target, const struct log_line *line);
