/**
 * @file page.h  What each worker shows of itself: shared memory, one page for each seat
 *
 * There are twice as many seats as workers: while one is made anew, both have their own.
 * Written by its worker alone (the supervisor resets what a dead one cannot take back), read by
 * the supervisor and by whoever reports; summed on reading, so that a respawn loses no count.
 */
#pragma once

#include "redirector/call/counters.h"
#include "redirector/call/steps.h"
#include "redirector/monitor/http_counts.h"
#include "redirector/monitor/shown.h"
#include "redirector/net/streams.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	WORKERS_MAX = 65,                /* 64 for SIP, one for HTTP */
	SEATS_MAX = 2 * WORKERS_MAX + 1, /* the last is the supervisor's */
	TAG_KEY_SIZE = 16,
};

enum worker_phase {
	WORKER_NONE,
	WORKER_STARTING,
	WORKER_READY,
	WORKER_DRAINING,
	WORKER_DEAD,
};

struct worker_page {
	_Alignas(64) _Atomic int32_t pid;
	_Atomic uint32_t phase;
	_Atomic uint32_t spawned;  /**< how often it was made                               */
	_Atomic int64_t alive_ms;  /**< monotonic: its loop's last sign of life             */
	_Atomic int64_t started_s; /**< wall clock                                          */
	_Atomic uint64_t log_lost; /**< lines, of all that sat here                      */
	_Atomic uint64_t streams[STREAMS_LAST];
	struct counters counters; /**< plain: one writer, and a reader that may be a step behind */
	struct steps steps;       /**< the same                                              */
	struct shown shown;       /**< the same; of the process that sits here now           */
	_Atomic uint32_t web;     /**< it serves HTTP, and no SIP                            */
};

struct pages {
	uint32_t seats;
	uint32_t workers;              /**< of SIP, as configured; 0: not said */
	uint8_t tag_key[TAG_KEY_SIZE]; /**< of To tags and origids: the same in all workers     */
	_Atomic bool begun; /**< the first worker was ready once: the start has succeeded */
	_Atomic int64_t streams_open[SEATS_MAX];
	struct shown_service service;
	struct http_counts http;
	struct worker_page worker[]; /**< `seats` of them                                     */
};
