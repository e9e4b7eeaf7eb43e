/**
 * @file fetch.h  URL -> bytes, over HTTPS, under rules that a hostile repository cannot bend
 *
 * An interface, so that a replay can be the network; the daemon's is made of curl
 * on the event loop, and the command has a blocking form with the same rules:
 * https only, no redirects, no proxy, status 200, at most SK_CERT_FILE_MAX bytes
 * (or what the job says), and only addresses that address.h allows, judged where the socket is
 * opened, so that no second answer of a name server can slip in.
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/loop.h"
#include "redirector/certs/freshness.h"
#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	FETCH_HEADERS_MAX = 16384, /**< most bytes of header lines    */
	/** Milliseconds for a body longer than a certificate file may be, which no call waits
	 * for; certs.timeout where that is more. */
	FETCH_LIST_TIMEOUT = 30000,
	FETCH_BEARER_MAX = 4096, /**< longest token, bytes          */
};

/** What came of a job.  Lives until the handler returns. */
struct fetch_result {
	enum sk_err
		err; /**< SK_OK; SK_FETCH_...; SK_BUSY: waited too long for its turn; SK_ENOMEM */
	bool not_modified; /**< 304 to the job's etag: there is no body  */
	struct sk_span body;
	struct freshness headers;
	/* what a store in front of the network adds; 0 and false from the network itself */
	bool stored;     /**< the body is a copy that somebody fetched earlier             */
	int64_t fetched; /**< when that was, seconds since the epoch                       */
	int64_t until;   /**< how long it is fresh; may be past when the network failed    */
	bool unasked;    /**< nothing was asked: the failure says nothing of the address   */
};

struct fetch_job;

typedef void fetch_h(struct fetch_job *job, const struct fetch_result *result);

/** One fetch.  Embedded in what waits for it; stays where it is until it is done or stopped. */
struct fetch_job {
	struct sk_span url;  /**< set by the owner, and theirs until the end        */
	struct sk_span etag; /**< of what the owner has, empty: send the whole body */
	int64_t have;        /**< when the owner's copy left the network, seconds since the epoch,
				0: no copy.  A store answers with a newer one only         */
	size_t max; /**< most bytes of the body, 0: SK_CERT_FILE_MAX; at most STORE_BODY_MAX */
	struct sk_span bearer; /**< token (RFC 6750, 2.1) for an Authorization header, empty: none;
				  one that is none: SK_FETCH_REFUSED                       */
	struct sk_span post;   /**< JSON to post, empty: a GET                              */
	bool ours;             /**< the configuration asks for it, not a stranger: it waits behind
				  no stranger's fetch, and no host is left alone for it      */
	fetch_h *done;         /**< called once, never before start() has returned    */
	void *arg;             /**< the owner's                                       */
	void *slot;            /**< the fetcher's                                     */
};

/** What may be kept. */
struct fetch_kept {
	struct sk_span url, body, etag;
	int64_t fetched, until; /**< seconds since the epoch */
};

/** Is it the host itself that failed: no address, no connection, no TLS, no answer in time? */
static inline bool fetch_host_silent(enum sk_err err)
{
	return err == SK_FETCH_DNS || err == SK_FETCH_CONNECT || err == SK_FETCH_TLS ||
	       err == SK_FETCH_TIMEOUT;
}

/** Did it answer, whatever it said? */
static inline bool fetch_host_spoke(enum sk_err err)
{
	return err == SK_OK || err == SK_FETCH_STATUS || err == SK_FETCH_SIZE ||
	       err == SK_FETCH_SYNTAX;
}

struct fetcher {
	/**
	 * @return SK_OK and later a call of done(); or, at once and without one:
	 *         SK_FETCH_REFUSED, SK_BUSY (the queue is full), SK_ENOMEM; another
	 *         SK_FETCH_...: this host has its share already, or is left alone (breaker.h)
	 */
	enum sk_err (*start)(struct fetcher *self, struct fetch_job *job);

	/** done() will not be called.  Never blocks. */
	void (*stop)(struct fetcher *self, struct fetch_job *job);

	/** Other settings from the next job on; NULL: not wanted.  false, and nothing changed, with
	 * the reason */
	bool (*reload)(struct fetcher *self, const struct certs_conf *conf, char why[256]);

	/** A body that proved good may be kept for others, fresh until then.  Copies what it
	 * keeps, never blocks; NULL: not wanted */
	void (*keep)(struct fetcher *self, const struct fetch_kept *kept);
};

/**
 * The fetcher of the daemon.
 *
 * @param conf  Used during the call only
 * @param out   Set only on success; every job is to be stopped or done before the end
 * @param why   On failure the reason: certs.tls-ca or certs.resolve is no good
 */
SK_MUSTCHECK
bool fetch_curl_new(struct loop *loop, const struct certs_conf *conf, struct fetcher **out,
		    char why[256]);
void fetch_curl_free(struct fetcher *fetcher);
SK_DEFINE_CLEANUP(struct fetcher, fetch_curl_free)

/** Does certs.hosts allow this URL of a stranger's?  What the configuration itself names, such as
 * a revocation list, need not be on it. */
SK_MUSTCHECK
bool fetch_may_ask(const struct certs_conf *conf, struct sk_span url);

/**
 * Fetch one URL and wait for it, no longer than certs.timeout.  For the command; certs.hosts
 * counts.
 *
 * @param body  Set only on success, with a NUL behind it; the caller frees it with free()
 *
 * @return SK_OK; SK_FETCH_...; SK_ENOMEM; SK_EINTERNAL (certs.tls-ca or certs.resolve is no good)
 */
SK_MUSTCHECK
enum sk_err fetch_once(const struct certs_conf *conf, struct sk_span url, char **body, size_t *len);
