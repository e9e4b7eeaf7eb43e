/**
 * @file notify.h  What the service manager is told (sd_notify(3))
 *
 * For the process that the manager started (NotifyAccess=main).  Nothing waits: without
 * $NOTIFY_SOCKET nothing happens, and a message that cannot be sent at once is lost, which is
 * nobody's business: the manager's own time limits judge a silent service.
 */
#pragma once

#include <stdint.h>

/** Start, or a reload, is over: calls are served. */
void notify_ready(void);

/** A reload begins; notify_ready() ends it, however it ended. */
void notify_reloading(void);

/** The end begins: SIGTERM was taken, calls in hand are still answered. */
void notify_stopping(void);

/** One line for people, which `systemctl status` shows.  What is no printable text in it becomes
 * a space: it must not be taken for another message. */
void notify_status(const char *text);

/** A sign of life, to be given at least every half of notify_watchdog_ms(); nothing when that is 0.
 */
void notify_alive(void);

/** Milliseconds without a sign of life after which the manager ends us; 0: it does not watch
 * (WatchdogSec= is not set, or it watches another process). */
int64_t notify_watchdog_ms(void);
