/**
 * @file shown.h  What a process has besides its counters, shown once a second: shared memory
 *
 * One writer each (worker_shown.c); a reader may be a step behind.  No pointers.
 *
 * What is counted here stays when the process dies and is added to by the next one in its seat,
 * so that sums never fall; what is true now goes with it.
 */
#pragma once

#include "redirector/base/hep.h"
#include "redirector/certs/breaker.h"
#include "redirector/certs/certs.h"
#include "redirector/certs/lists.h"
#include "redirector/certs/stored.h"
#include "redirector/keys/token.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	SHOWN_HOSTS_MAX = 32, /**< failing repositories: those that failed last          */
	SHOWN_LISTS_MAX = 32, /**< lists of authorities and of revocations               */
};

/** What is counted, since the service began. */
enum shown_count {
	SHOWN_CERTS_MAP, /**< chains wanted: found in verify.certificates      */
	SHOWN_CERTS_MEMORY,
	SHOWN_CERTS_STORE,
	SHOWN_CERTS_MISSES,
	SHOWN_CERTS_JOINED, /**< ... waited for a fetch under way                 */
	SHOWN_CERTS_EVICTED,
	SHOWN_FETCHES, /**< of certificates, begun                           */
	SHOWN_FETCHES_OK,
	SHOWN_FETCHES_NOT_MODIFIED,
	SHOWN_FETCHES_FAILED,
	SHOWN_FETCHES_REFUSED,
	SHOWN_FETCHES_BUSY,
	SHOWN_FETCHES_BACKGROUND, /**< of all: no call waited for it                    */
	SHOWN_TABLES_BUILT,
	SHOWN_TABLES_FAILED,
	SHOWN_TABLES_EVICTED,
	SHOWN_TABLES_VERIFIED,
	SHOWN_BREAKER_OPENED,
	SHOWN_BREAKER_SPARED,
	SHOWN_STORE_HITS,
	SHOWN_STORE_MISSES,
	SHOWN_STORE_LATE,
	SHOWN_STORE_STALE,
	SHOWN_STORE_KEPT,
	SHOWN_STORE_LOST,
	SHOWN_LISTS_FETCHED,
	SHOWN_LISTS_FAILED,
	SHOWN_LISTS_REFUSED,
	SHOWN_LISTS_SWAPPED,
	SHOWN_TOKENS_SIGNED,
	SHOWN_TOKENS_FAILED,
	SHOWN_TOKENS_BUSY,
	SHOWN_TOKENS_AWAY,
	SHOWN_TOKENS_ABANDONED,
	SHOWN_TOKENS_RESTARTS,
	SHOWN_HEP_SENT,
	SHOWN_HEP_DROPPED,
	SHOWN_HEP_REFUSED,
	SHOWN_NUMBERS_FAULTS,
	SHOWN_CPU_US, /**< processor time, user and system, microseconds     */
	SHOWN_COUNT_LAST,
};

/** Who shows a certificate of ours to clients. */
enum shown_listener {
	SHOWN_TLS,   /**< SIP over TLS (tls.certificate)  */
	SHOWN_HTTPS, /**< HTTPS (http.certificate)        */
	SHOWN_LISTENERS,
};

/** What is true of the process that sits here now. */
struct shown_now {
	uint64_t certs_entries;
	uint64_t tables;
	uint64_t breaker_open; /**< hosts that are left alone                          */
	uint64_t anchors;      /**< authorities that are trusted                       */
	uint64_t waiting;      /**< calls that wait                                    */
	uint64_t resident;     /**< bytes of memory                                    */
	int64_t listener_ends[SHOWN_LISTENERS]; /**< wall clock, s; 0: it shows none       */
	bool store;        /**< there is one (certs.store)                         */
	bool crls_missing; /**< trust.crl-required, and no revocation list counts: all chains fail
			    */
	uint32_t host_count, list_count;
	struct breaker_host hosts[SHOWN_HOSTS_MAX]; /**< the one that failed last first  */
	struct lists_status lists[SHOWN_LISTS_MAX];
};

struct shown {
	uint64_t n[SHOWN_COUNT_LAST];
	_Atomic uint32_t turn; /**< odd: `now` is being written */
	struct shown_now now;
};

/** What a process knows of itself; supply_show() and its owner fill it. */
struct shown_self {
	uint64_t n[SHOWN_COUNT_LAST];
	struct shown_now now;
};

/** Of certificates, trust and fetchers.  @param breaker, stored, lists  NULL: there is none */
void shown_of_certs(struct shown_self *self, const struct certs *certs);
void shown_of_lists(struct shown_self *self, const struct lists *lists);
void shown_of_breaker(struct shown_self *self, const struct fetcher *breaker);
void shown_of_stored(struct shown_self *self, const struct fetcher *stored);

/** @param counters  NULL: there are none */
void shown_of_tokens(struct shown_self *self, const struct token_counters *counters);
void shown_of_hep(struct shown_self *self, const struct hep_counters *counters);

/** Processor time and memory of this process. */
void shown_of_process(struct shown_self *self);

/**
 * Adds what is new to what is shown.
 *
 * @param before  What this process showed last; zeros at first.  Becomes `self`'s counts
 */
void shown_publish(struct shown *shown, uint64_t before[SHOWN_COUNT_LAST],
		   const struct shown_self *self);

/** Nobody sits here any more: what was true goes, what was counted stays. */
void shown_forget(struct shown *shown);

/** A whole `now`, or @return false: its writer is at it, or died over it. */
SK_MUSTCHECK
bool shown_read(const struct shown *shown, struct shown_now *out);

/** Of the supervisor: that it lives, and what became of the last reload. */
struct shown_service {
	_Atomic int64_t alive_ms;  /**< monotonic: its last look at the others; 0: there is none */
	_Atomic int64_t started_s; /**< wall clock                                       */
	_Atomic uint64_t log_lost; /**< lines                                            */
	_Atomic uint64_t reloads_ok, reloads_failed;
	_Atomic int64_t reloaded_s; /**< wall clock of the last one; 0: none        */
	_Atomic uint32_t reload_ok; /**< the last one was good                      */
	char findings[1024];        /**< its answer or reason; may be torn: for people */
};
