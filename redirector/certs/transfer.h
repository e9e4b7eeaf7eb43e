/**
 * @file transfer.h  One curl handle under our rules; for fetch.c only
 *
 * fetch.c and transfer.c are the two files that see curl.
 */
#pragma once

#include "config/conf.h"
#include "redirector/certs/fetch.h"
#include "shaken/url.h"

#include <curl/curl.h>
#include <openssl/x509_vfy.h>

/** What is the same for all transfers; counted, since a reload must not take it from under one. */
struct rules {
	unsigned refs;
	bool lab;
	int64_t timeout;               /* ms */
	struct curl_slist *connect_to; /* certs.resolve */
	X509_STORE *store;
};

/** One reference.  @return false with the reason in `why` */
SK_MUSTCHECK
bool rules_new(const struct certs_conf *conf, struct rules **out, char why[256]);
void rules_unref(struct rules *rules);
SK_DEFINE_CLEANUP(struct rules, rules_unref)

struct transfer {
	const struct rules *rules; /* outlives the transfer */
	CURL *easy;
	struct curl_slist *lines; /* request headers */
	char url[SK_URL_MAX + 1];
	size_t max, room; /* most bytes of the body; what there is memory for */
	bool conditional;
	enum sk_err stopped;      /* why a callback of ours broke it off, SK_OK: none did */
	unsigned opened, refused; /* sockets */
	size_t header_bytes;
	char *body;
	size_t len;
	struct freshness headers;
};

/**
 * Judge a job, and keep its URL in a zeroed transfer.
 *
 * @param url  Points into the transfer
 *
 * @return SK_OK or SK_FETCH_REFUSED
 */
SK_MUSTCHECK
enum sk_err transfer_accept(struct transfer *t, const struct rules *rules,
			    const struct fetch_job *job, struct sk_url *url);

/** Make the handle of an accepted job; nothing is sent yet.  transfer_end() is due also after a
 * failure. */
SK_MUSTCHECK
enum sk_err transfer_begin(struct transfer *t, const struct rules *rules,
			   const struct fetch_job *job);

/** Milliseconds that a transfer which has begun may take. */
SK_MUSTCHECK
int64_t transfer_timeout(const struct transfer *t);

/** What came of it; the body belongs to the transfer. */
struct fetch_result transfer_result(const struct transfer *t, CURLcode code);

/** After the handle has left its multi handle. */
void transfer_end(struct transfer *t);
