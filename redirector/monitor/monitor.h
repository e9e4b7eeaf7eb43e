/**
 * @file monitor.h  One picture of the service, for whoever shows it: metrics, health, the page
 *
 * Sums over all seats, so that a process that was made anew loses no count.  Made at most once a
 * second, whoever asks how often.
 */
#pragma once

#include "redirector/base/clock.h"
#include "redirector/call/counters.h"
#include "redirector/call/directory.h"
#include "redirector/call/tally.h"
#include "redirector/monitor/clock_state.h"
#include "redirector/monitor/page.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MONITOR_CERTS_MAX = 100,   /**< certificates by name: those that end soonest     */
	MONITOR_TENANTS_MAX = 100, /**< tenants by name: those with the most calls       */
	MONITOR_DAYS = 7,          /**< buckets of days left                             */
	MONITOR_NAME_SIZE = 72,
};

/** What it looks at; all of it must outlive the object. */
struct monitor_parts {
	const struct clock *clock;
	const struct pages *pages;
	struct tally *tally; /**< NULL: no tenants are counted */
	const char *version; /**< of the program; lives for ever; NULL: unknown */
};

/** A process, dead or alive: one seat that was ever taken. */
struct seen_process {
	unsigned seat;
	int32_t pid; /**< 0: nobody sits here            */
	enum worker_phase phase;
	bool web;                  /**< serves HTTP and no SIP                                   */
	uint64_t spawned;          /**< so often somebody was made for this seat                 */
	int64_t started_s;         /**< wall clock                                               */
	int64_t silent_ms;         /**< since its loop's last sign of life                       */
	uint64_t invites, answers; /**< of all that sat here */
	uint64_t cpu_us;           /**< the same             */
	uint64_t resident;         /**< bytes, now           */
	uint64_t waiting;          /**< calls, now           */
};

/** One certificate of a tenant's. */
struct seen_cert {
	char tenant[MONITOR_NAME_SIZE], credential[MONITOR_NAME_SIZE];
	bool next;
	int64_t not_before, not_after; /**< seconds since the epoch */
};

/** Certificates by what is left: ended, less than 1, 3, 7, 14, 30 days, and more. */
extern const int64_t monitor_days[MONITOR_DAYS]; /**< upper bounds; the last: INT64_MAX */

struct seen_certs {
	size_t total;
	size_t by_days[MONITOR_DAYS]; /**< not cumulated; [0]: ended                    */
	size_t count;                 /**< of `items`                                   */
	struct seen_cert items[MONITOR_CERTS_MAX]; /**< the one that ends first first    */
	size_t signers, signers_able; /**< tenants that sign; that have a certificate for it now */
	size_t verifiers; /**< tenants that verify, and in mode auto if a trust is configured */
};

/** What was counted of one tenant. */
struct seen_tenant {
	char name[MONITOR_NAME_SIZE];
	uint64_t n[TALLY_LAST];
};

struct seen_tenants {
	size_t total; /**< that were ever counted */
	size_t count; /**< of `items`             */
	struct seen_tenant items[MONITOR_TENANTS_MAX];
	struct seen_tenant others; /**< all that are not among them; no count falls when one changes
				      between the two */
};

/** A repository that does not answer, as all processes see it. */
struct seen_host {
	struct breaker_host host; /**< failures: of all; open: for one at least */
	unsigned processes;       /**< that have seen it fail                   */
};

struct snapshot {
	int64_t at_s;  /**< wall clock                                               */
	int64_t at_ms; /**< monotonic                                                */
	bool begun;    /**< the first worker was ready once                          */
	struct counters counters;
	struct steps steps;
	uint64_t streams[STREAMS_LAST];
	int64_t streams_open;
	uint64_t log_lost;
	uint64_t shown[SHOWN_COUNT_LAST];        /**< sums                                    */
	uint64_t certs_entries, tables, waiting; /**< sums over those that are there     */
	uint64_t anchors;   /**< the fewest that a ready SIP worker has; 0: none, or no worker */
	bool anchors_known; /**< a ready SIP worker has shown it                  */
	bool crls_missing;  /**< for one of them all chains fail                  */
	int64_t listener_ends[SHOWN_LISTENERS]; /**< the earliest of those that are ready; 0: none
						 */
	bool store;                /**< a process has one                                */
	size_t workers, ready;     /**< processes of SIP that are there; that are ready  */
	size_t workers_configured; /**< processes of SIP that there should be */
	size_t draining;           /**< ... that drain                                   */
	uint64_t starts[2];        /**< processes made since the service began: of SIP, of HTTP */
	bool web_ready;            /**< the one of HTTP is ready */
	size_t process_count;
	struct seen_process processes[SEATS_MAX];
	size_t host_count;
	struct seen_host hosts[SHOWN_HOSTS_MAX]; /**< the one that failed last first    */
	size_t list_count;
	struct lists_status lists[SHOWN_LISTS_MAX]; /**< the worst that any process has  */
	struct seen_certs certs;
	struct seen_tenants tenants;
	struct clock_state clock;
	/** Of the service: */
	int64_t supervisor_silent_ms; /**< since its last sign of life; -1: there is none  */
	int64_t started_s;
	uint64_t reloads_ok, reloads_failed;
	int64_t reloaded_s;
	bool reload_ok;
	char findings[sizeof(((struct shown_service *)0)->findings)];
};

struct monitor;

/** @return NULL when out of memory */
struct monitor *monitor_new(const struct monitor_parts *parts);
void monitor_free(struct monitor *monitor);
SK_DEFINE_CLEANUP(struct monitor, monitor_free)

/** Whose certificates; a reference is taken.  After each reload. */
void monitor_set_directory(struct monitor *monitor, struct directory *directory);

/** The picture, a second old at most; lives until the next call. */
const struct snapshot *monitor_look(struct monitor *monitor);

/** Of the program. */
const char *monitor_version(const struct monitor *monitor);

/** Counts of HTTP, in shared memory: read them as they are. */
const struct http_counts *monitor_http(const struct monitor *monitor);
