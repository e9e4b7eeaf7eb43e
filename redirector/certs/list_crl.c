/*
 * A revocation list: fetched, tried in a trust beside the one in use, reviewed, and
 * only then that trust is handed over.
 */
#include "redirector/certs/lists_state.h"

#include <stdlib.h>
#include <string.h>

void crl_begin(struct feed *feed)
{
	feed->job = (struct fetch_job){
		.url = sk_span_of(feed->url),
		.etag = sk_span_of(feed->etag),
		.have = feed->have,
		.max = TRUST_FILES_CRL_MAX,
	};
	feed_send(feed);
}

static const char *reason_of(enum sk_err err)
{
	switch ((int)err) {
	case SK_CRL_INVALID:
		return "not a revocation list, or of tomorrow";
	case SK_CERT_UNTRUSTED:
		return "forged, or signed by nobody of trust.anchors, .administrator or "
		       ".crl-signers";
	case SK_CERT_EXPIRED:
		return "its signer's certificate is not valid now";
	case SK_CERT_SCOPE:
		return "not of the issuers of the one in use";
	case SK_REPLAYED:
		return "older than the one in use";
	default:
		return sk_err_text(err);
	}
}

/* @return A trust with the new list in it, which `feed` then has; NULL: as before */
static struct sk_trust *try_body(struct feed *feed, struct blob *body, const char **why)
{
	static const char together[] = "no trust can be built with it";
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	struct lists *lists = feed->lists;
	struct blob *held = feed->body;
	char reason[TRUST_FILES_WHY_SIZE];
	enum sk_err err = SK_CRL_INVALID;
	bool built;

	feed->body = body;
	built = lists_build(lists, lists->set, &trust, reason);
	if (built)
		err = sk_trust_review_crls(trust, blob_span(body), blob_span(held),
					   lists_now(lists), &feed->ends);
	/* the first of a new address is not older than the last of the former one either */
	for (size_t i = 0; !err && feed->moved && !held && i < lists->set->kept_count; i++)
		if (sk_trust_review_crls(trust, blob_span(body),
					 blob_span(lists->set->kept[i].body), lists_now(lists),
					 &feed->ends) == SK_REPLAYED)
			err = SK_REPLAYED;
	if (!err) {
		blob_unref(held);
		return sk_steal(trust);
	}
	feed->body = held;
	*why = built ? reason_of(err) : together;
	return NULL;
}

static void take(struct feed *feed, const struct fetch_result *result, struct blob *body)
{
	const int64_t now = lists_now(feed->lists);
	const char *why = "out of memory";
	struct sk_trust *trust = body ? try_body(feed, body, &why) : NULL;

	if (!trust) {
		blob_unref(body);
		feed_refused(feed, result->stored, result->fetched, why);
		return;
	}
	feed->have = feed_fetched_at(feed, result);
	memcpy(feed->etag, result->headers.etag, sizeof(feed->etag));
	feed->lists->counters.fetched++;
	if (!result->stored && feed->ends > now)
		feed_keep(feed, sk_span_of(feed->url), blob_span(body), feed->etag, feed->have,
			  feed->ends < INT64_MAX ? feed->ends : now + LISTS_RETRY_MAX);
	if (feed->lists->parts.log)
		log_print(feed->lists->parts.log, LEVEL_INFO, "event=crl result=ok url=\"%s\"",
			  feed->url);
	if (!set_needs_kept(feed->lists->set))
		set_drop_kept(feed->lists->set);
	lists_swap(feed->lists, trust);
	feed_good(feed);
}

void crl_arrived(struct feed *feed, const struct fetch_result *result)
{
	if (result->err) {
		feed_failed(feed, feed_reason(result->err));
		return;
	}
	if (feed_is_echo(feed, result) || (result->not_modified && !feed->body)) {
		feed_failed(feed, "no answer but the copy we have");
		return;
	}
	if (result->not_modified ||
	    (feed->body && sk_span_eq(result->body, blob_span(feed->body)))) {
		feed->have = feed_fetched_at(feed, result);
		feed->lists->counters.fetched++;
		feed_good(feed);
		return;
	}
	take(feed, result, blob_new(result->body));
}
