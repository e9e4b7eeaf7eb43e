/*
 * The list of authorities: log in, fetch the list, fetch its signer's chain, check,
 * and only then a new trust.  Log-in and chain are steps that a configuration may
 * leave out.  A log-in that fails ends nothing: a store may have the list, and that
 * wants no token.
 */
#include "redirector/certs/lists_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void drop_coming(struct ca_feed *ca)
{
	sk_calist_free(ca->coming);
	ca->coming = NULL;
	blob_unref(ca->coming_body);
	ca->coming_body = NULL;
}

static void ask_list(struct ca_feed *ca)
{
	struct feed *feed = &ca->feed;

	ca->step = CA_LIST;
	feed->job = (struct fetch_job){
		.url = sk_span_of(feed->url),
		.etag = sk_span_of(feed->etag),
		.have = feed->have,
		.max = SK_CALIST_MAX,
		.bearer = sk_span_of(ca->token),
	};
	feed_send(feed);
}

static void ask_chain(struct ca_feed *ca)
{
	ca->step = CA_CHAIN;
	ca->feed.job = (struct fetch_job){
		.url = sk_span_of(sk_calist_x5u(ca->coming)),
		.have = ca->chain_have,
	};
	feed_send(&ca->feed);
}

void ca_begin(struct ca_feed *ca)
{
	drop_coming(ca);
	ca->chain_have = 0;
	if (!ca->login) {
		ask_list(ca);
		return;
	}
	ca->step = CA_LOGIN;
	ca->feed.job = (struct fetch_job){
		.url = sk_span_of(ca->login_url),
		.max = SK_JSON_MAX,
		.post = { ca->login, ca->login_len },
	};
	feed_send(&ca->feed);
}

static void login_arrived(struct ca_feed *ca, const struct fetch_result *result)
{
	const struct fetcher *fetcher = ca->feed.lists->parts.fetcher;
	char why[160] = "the log-in gave no token";

	if (result->err == SK_OK && !result->stored && ca_login_token(ca, result->body)) {
		ask_list(ca);
		return;
	}
	if (result->err)
		snprintf(why, sizeof(why), "the log-in failed: %s", feed_reason(result->err));
	ca_login_forget(ca);
	if (fetcher->keep) {
		if (ca->feed.lists->parts.log)
			log_print(ca->feed.lists->parts.log, LEVEL_WARNING,
				  "event=ca-list result=failed url=\"%s\" msg=\"%s\"",
				  ca->login_url, why);
		ask_list(ca);
		return;
	}
	feed_failed(&ca->feed, why);
}

/* The highest sequence that was ever accepted, and is still known; -1: none */
static int64_t sequence_of(const struct trust_files *files, const struct ca_feed *ca)
{
	const struct sk_calist *file = trust_files_list(files, NULL);
	int64_t sequence = file ? sk_calist_sequence(file) : -1;

	if (ca && ca->list && sk_calist_sequence(ca->list) > sequence)
		sequence = sk_calist_sequence(ca->list);
	return sequence;
}

static int64_t sequence_in_use(const struct ca_feed *ca)
{
	return sequence_of(ca->feed.lists->set->files, ca);
}

/* Another administrator counts by himself */
bool ca_steps_back(const struct lists_set *held, const struct lists_set *next)
{
	const int64_t sequence = sequence_of(next->files, next->ca);

	return sequence >= 0 && sequence < sequence_of(held->files, held->ca) &&
	       sk_span_eq(trust_files_administrator(held->files),
			  trust_files_administrator(next->files));
}

static const char *reason_of(enum sk_err err)
{
	switch ((int)err) {
	case SK_IAT_STALE:
		return "its exp is past";
	case SK_REPLAYED:
		return "its sequence is lower than that of the one in use";
	case SK_CERT_UNTRUSTED:
		return "its signer leads to no certificate of trust.administrator";
	case SK_CERT_SYNTAX:
		return "its signer's chain, or an authority in it, is no certificate";
	default:
		return sk_err_text(err);
	}
}

static void refuse(struct ca_feed *ca, const char *why)
{
	feed_refused(&ca->feed, ca->coming_stored, ca->coming_have, why);
	drop_coming(ca);
}

static bool same_anchors(const struct sk_calist *a, const struct sk_calist *b)
{
	return a && b && sk_span_eq(sk_calist_pem(a), sk_calist_pem(b));
}

/* Makes the coming list the feed's own, for good or until swap_back() */
static void exchange(struct ca_feed *ca)
{
	struct sk_calist *list = ca->list;
	struct blob *body = ca->feed.body;

	ca->list = ca->coming;
	ca->feed.body = ca->coming_body;
	ca->coming = list;
	ca->coming_body = body;
}

static bool swap_in(struct ca_feed *ca, char why[TRUST_FILES_WHY_SIZE])
{
	struct lists *lists = ca->feed.lists;
	struct lists_set *set = lists->set;
	struct sk_trust *trust = NULL;

	exchange(ca);
	/* the same authorities under a new sequence, a later exp: nothing to judge anew */
	if (same_anchors(set->built, ca->list)) {
		set->built = ca->list;
		return true;
	}
	if (lists_build(lists, set, &trust, why)) {
		lists_swap(lists, trust);
		return true;
	}
	exchange(ca);
	return false;
}

static void admit(struct ca_feed *ca, struct sk_span chain)
{
	struct feed *feed = &ca->feed;
	char why[TRUST_FILES_WHY_SIZE];

	if (!swap_in(ca, why)) {
		refuse(ca, why);
		return;
	}
	feed->have = ca->coming_have;
	feed->ends = sk_calist_exp(ca->list);
	memcpy(feed->etag, ca->coming_etag, sizeof(feed->etag));
	feed->lists->counters.fetched++;
	if (!ca->coming_stored)
		feed_keep(feed, sk_span_of(feed->url), blob_span(feed->body), feed->etag,
			  feed->have, feed->ends);
	if (chain.len > 0) {
		blob_unref(ca->chain);
		ca->chain = blob_new(chain);
	}
	if (feed->lists->parts.log)
		log_print(
			feed->lists->parts.log, LEVEL_INFO,
			"event=ca-list result=ok sequence=%lld authorities=%zu exp=%lld url=\"%s\"",
			(long long)sk_calist_sequence(ca->list), sk_calist_count(ca->list),
			(long long)sk_calist_exp(ca->list), feed->url);
	drop_coming(ca);
	feed_good(feed);
}

static enum sk_err check(struct ca_feed *ca, struct sk_span chain)
{
	const struct lists *lists = ca->feed.lists;

	return sk_calist_check(ca->coming, chain, trust_files_administrator(lists->set->files),
			       lists_now(lists), sequence_in_use(ca));
}

static void list_arrived(struct ca_feed *ca, const struct fetch_result *result)
{
	const struct sk_span signer = trust_files_list_signer(ca->feed.lists->set->files);
	enum sk_err err;

	ca->coming_have = feed_fetched_at(&ca->feed, result);
	ca->coming_stored = result->stored;
	memcpy(ca->coming_etag, result->headers.etag, sizeof(ca->coming_etag));
	err = sk_calist_parse(result->body, &ca->coming);
	ca->coming_body = blob_new(result->body);
	if (!err && !ca->coming_body)
		err = SK_ENOMEM;
	if (!err && signer.len == 0) {
		ask_chain(ca);
		return;
	}
	if (!err)
		err = check(ca, signer);
	if (err)
		refuse(ca, reason_of(err));
	else
		admit(ca, (struct sk_span){ 0 });
}

static void chain_arrived(struct ca_feed *ca, const struct fetch_result *result)
{
	enum sk_err err = check(ca, result->body);

	/* a stored chain may be last year's */
	if (err && err != SK_IAT_STALE && err != SK_REPLAYED && result->stored &&
	    result->fetched > ca->chain_have) {
		ca->chain_have = result->fetched;
		ask_chain(ca);
		return;
	}
	if (err) {
		refuse(ca, reason_of(err));
		return;
	}
	if (!result->stored)
		feed_keep(&ca->feed, sk_span_of(sk_calist_x5u(ca->coming)), result->body,
			  result->headers.etag, feed_fetched_at(&ca->feed, result),
			  sk_calist_exp(ca->coming));
	admit(ca, result->body);
}

void ca_arrived(struct ca_feed *ca, const struct fetch_result *result)
{
	struct feed *feed = &ca->feed;

	if (ca->step == CA_LOGIN) {
		login_arrived(ca, result);
		return;
	}
	ca_login_forget(ca);
	if (result->err) {
		drop_coming(ca);
		feed_failed(feed, feed_reason(result->err));
		return;
	}
	if (ca->step == CA_CHAIN) {
		chain_arrived(ca, result);
		return;
	}
	if (feed_is_echo(feed, result) || (result->not_modified && !feed->body)) {
		feed_failed(feed, "no answer but the copy we have");
		return;
	}
	if (result->not_modified) {
		feed->have = feed_fetched_at(feed, result);
		feed->lists->counters.fetched++;
		feed_good(feed);
		return;
	}
	list_arrived(ca, result);
}

void ca_adopt(struct ca_feed *ca, const struct ca_feed *old, const struct trust_files *files,
	      int64_t refresh)
{
	struct sk_span chain = trust_files_list_signer(files);
	SK_CLEANUP(sk_calist_free_p) struct sk_calist *list = NULL;
	enum sk_err err;

	if (!old->list)
		return;
	if (chain.len == 0)
		chain = blob_span(old->chain);
	err = sk_calist_parse(blob_span(old->feed.body), &list);
	/* at the time it came: what has expired since does not undo it (its exp does) */
	if (!err)
		err = sk_calist_check(list, chain, trust_files_administrator(files), old->feed.have,
				      -1);
	/* by the new files it is nobody's: fetch it anew */
	if (err)
		return;

	feed_adopt(&ca->feed, &old->feed, refresh);
	ca->list = sk_steal(list);
	ca->chain = blob_ref(old->chain);
}

void ca_free(struct ca_feed *ca)
{
	if (!ca)
		return;

	feed_deinit(&ca->feed);
	drop_coming(ca);
	ca_login_forget(ca);
	if (ca->login)
		explicit_bzero(ca->login, ca->login_len);
	free(ca->login);
	free(ca->login_url);
	sk_calist_free(ca->list);
	blob_unref(ca->chain);
	free(ca);
}
