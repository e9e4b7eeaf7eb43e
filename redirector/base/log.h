/**
 * @file log.h  The log: lines go into a ring, a thread of its own writes them
 *
 * A full disk or a blocked pipe costs lines, which are counted, and never a
 * call.  One log belongs to one process; open it after fork.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LEVEL_ERROR,   /**< something of ours is broken  */
	LEVEL_WARNING, /**< somebody should look         */
	LEVEL_INFO,
	LEVEL_DEBUG,
	LEVEL_ASKED, /**< somebody asked for it: written at every level, as info */
};

enum {
	LOG_RING = 1 << 20,  /**< bytes that may wait to be written  */
	LOG_LINE_MAX = 1024, /**< longest message                    */
};

struct log;

/**
 * @param target  "stderr", "stdout", "syslog" (facility daemon), "journal" (its native socket, a
 *                record's JSON in SHAKEN_RECORD), or a file, which is made with mode 0640
 * @param why     On failure the reason
 */
SK_MUSTCHECK
bool log_open(const char *target, enum log_level level, struct log **out, char why[256]);

/** Writes what waits (1 s at most) and ends the thread.  NULL is allowed. */
void log_close(struct log *log);
SK_DEFINE_CLEANUP(struct log, log_close)

/** Opens the file anew, after it was rotated.  @return false: the old one stays in use */
SK_MUSTCHECK
bool log_reopen(struct log *log);

void log_set_level(struct log *log, enum log_level level);

/** Messages as JSON objects from now on, or as key=value. */
void log_set_json(struct log *log, bool json);

/** Pairs that stand in every message of this process, such as "worker=1"; borrowed. */
void log_set_origin(struct log *log, const char *pairs);

/** A message for people: "time=... level=warning msg=...". */
void log_print(struct log *log, enum log_level level, const char *fmt, ...) SK_PRINTF(3, 4);

/** A record: a line as it stands, its end of line included, no other within. */
void log_write(struct log *log, struct sk_span line);

/** Lines that were lost: no room in the ring, a full disk, a daemon that is away. */
uint64_t log_lost(struct log *log);

/** Nothing has been written since the last one that was lost. */
bool log_failing(struct log *log);

enum log_trial {
	LOG_FINE,
	LOG_AWAY,    /**< a daemon that is not there: no failure of log_open() */
	LOG_REFUSED, /**< log_open() would fail                                */
};

/** What log_open() would come to; leaves no file behind.  @param why  The reason, unless LOG_FINE
 */
enum log_trial log_try(const char *target, char why[256]);
