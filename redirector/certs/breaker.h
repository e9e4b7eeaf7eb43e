/**
 * @file breaker.h  A host that does not answer is left alone for a while
 *
 * A fetcher in front of another: closed, every job goes through; after `breaker`
 * failures in a row that are the host's (no address, no connection, no TLS, no
 * answer in time) it opens, and jobs for this host fail at once with the host's
 * last failure; after 30 s, doubled each time up to 10 minutes, one job goes
 * through as a trial.  Any answer closes it, also a 404 or a file too large: who
 * answers is alive, and one bad path must not take the others away.  What is our
 * own (SK_BUSY, SK_ENOMEM, SK_FETCH_REFUSED, all that start() says at once) says
 * nothing of the host.
 *
 * A host is name and port: x5u is a stranger's word, and a port at which nobody
 * listens must not close the one at which somebody does.  Bounded: BREAKER_HOSTS
 * hosts, the one that failed longest ago is forgotten first.
 */
#pragma once

#include "redirector/base/clock.h"
#include "redirector/base/log.h"
#include "redirector/certs/fetch.h"

enum {
	BREAKER_HOSTS = 4096,
	BREAKER_PAUSE = 30,      /**< seconds, the first time */
	BREAKER_PAUSE_MAX = 600, /**< seconds                 */
};

struct breaker_counters {
	uint64_t opened, spared; /**< times a host was given up; jobs not sent */
	size_t open;             /**< hosts now                                */
};

/**
 * @param clock  Must outlive it
 * @param log    A warning when a host is given up, and when it is back; NULL: none
 * @param conf   breaker (0: never opens); a reload passes it on
 * @param inner  Must outlive it
 * @param out    Set only on success; every job is to be stopped or done before the end
 *
 * @return false when out of memory
 */
SK_MUSTCHECK
bool breaker_new(const struct clock *clock, struct log *log, const struct certs_conf *conf,
		 struct fetcher *inner, struct fetcher **out);
void breaker_free(struct fetcher *breaker);
SK_DEFINE_CLEANUP(struct fetcher, breaker_free)

enum {
	BREAKER_HOST_SIZE = 112, /**< room for "name:port" or "[fd00::2]:port"; a longer one is cut:
				  "name~:port"                                               */
};

/** A host that failed the last time it was asked.  Letters, digits, `-._:[]` and `~` alone. */
struct breaker_host {
	char name[BREAKER_HOST_SIZE];
	uint64_t failures; /**< in a row                                     */
	int32_t err;       /**< enum sk_err, of the last one                  */
	bool open;         /**< it is left alone                              */
	int64_t since;     /**< of the first of them, seconds since the epoch */
	int64_t last;      /**< of the last one                               */
};

/** Those that failed last first.  @return How many, at most `max` */
size_t breaker_hosts(const struct fetcher *breaker, struct breaker_host *out, size_t max);

void breaker_counters(const struct fetcher *breaker, struct breaker_counters *out);
