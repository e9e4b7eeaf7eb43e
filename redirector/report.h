/**
 * @file report.h  What was counted, as lines of the log that stay the same, whoever writes them
 */
#pragma once

#include "redirector/base/log.h"
#include "redirector/call/counters.h"
#include "redirector/call/tally.h"

#include <stdint.h>

/** "event=counters ..." and "event=outcomes ...": of one process, or summed up. */
void report_calls(struct log *log, const struct counters *counters, uint64_t log_lost);

/** "event=tenant ..." for each slot that has counted anything. */
void report_tenants(struct log *log, struct tally *tally);
