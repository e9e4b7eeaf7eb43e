/*
 * One URL, looked at again and again.  What surprises: a store in front of the
 * network may answer with a copy.  One that is newer than ours is as good as the
 * network's; ours itself, handed back, means that the network failed; and one that
 * proves to be no good must not stand in the network's way.
 */
#include "redirector/certs/lists_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct blob *blob_new(struct sk_span text)
{
	struct blob *blob = malloc(sizeof(*blob) + text.len + 1);

	if (!blob)
		return NULL;

	blob->refs = 1;
	blob->len = text.len;
	if (text.len > 0)
		memcpy(blob->text, text.ptr, text.len);
	blob->text[text.len] = '\0';
	return blob;
}

struct blob *blob_ref(struct blob *blob)
{
	if (blob)
		blob->refs++;
	return blob;
}

void blob_unref(struct blob *blob)
{
	if (blob && --blob->refs == 0)
		free(blob);
}

struct sk_span blob_span(const struct blob *blob)
{
	return blob ? (struct sk_span){ blob->text, blob->len } : (struct sk_span){ 0 };
}

static int64_t mono(const struct feed *feed)
{
	const struct clock *clock = feed->lists->parts.clock;

	return clock->mono(clock);
}

static void on_done(struct fetch_job *job, const struct fetch_result *result)
{
	struct feed *feed = job->arg;

	feed->busy = false;
	if (feed->ca)
		ca_arrived(feed->ca, result);
	else
		crl_arrived(feed, result);
	list_missing_report(feed->lists);
	lists_schedule(feed->lists);
}

/* The texts of the outcomes speak of a call's certificate */
const char *feed_reason(enum sk_err err)
{
	switch ((int)err) {
	case SK_FETCH_REFUSED:
		return "its host's address may not be asked: not of the public Internet";
	case SK_FETCH_DNS:
		return "its host has no address";
	case SK_FETCH_CONNECT:
		return "no connection to its host";
	case SK_FETCH_TLS:
		return "its host failed the TLS check (certs.tls-ca)";
	case SK_FETCH_TIMEOUT:
		return "no answer in time";
	case SK_FETCH_STATUS:
		return "its host did not answer 200";
	case SK_FETCH_SIZE:
		return "the answer is too large";
	case SK_FETCH_SYNTAX:
		return "no answer of HTTP";
	default:
		return sk_err_text(err);
	}
}

void feed_send(struct feed *feed)
{
	struct fetcher *fetcher = feed->lists->parts.fetcher;
	enum sk_err err;

	feed->job.done = on_done;
	feed->job.arg = feed;
	feed->job.ours = true;
	feed->busy = true;
	err = fetcher->start(fetcher, &feed->job);
	if (err == SK_OK)
		return;

	feed->busy = false;
	feed_failed(feed, feed_reason(err));
}

void feed_stop(struct feed *feed)
{
	struct fetcher *fetcher = feed->lists->parts.fetcher;

	if (feed->busy)
		fetcher->stop(fetcher, &feed->job);
	feed->busy = false;
}

int64_t feed_fetched_at(const struct feed *feed, const struct fetch_result *result)
{
	return result->stored ? result->fetched : lists_now(feed->lists);
}

bool feed_is_echo(const struct feed *feed, const struct fetch_result *result)
{
	return result->stored && feed->have > 0 && result->fetched <= feed->have;
}

static void wait_longer(struct feed *feed)
{
	int64_t wait = LISTS_RETRY;

	for (unsigned i = 0; i < feed->failures && wait < LISTS_RETRY_MAX; i++)
		wait *= 2;
	feed->failures++;
	feed->due = mono(feed) + 1000 * (wait < LISTS_RETRY_MAX ? wait : LISTS_RETRY_MAX);
}

void feed_good(struct feed *feed)
{
	const int64_t now = lists_now(feed->lists);
	const int64_t refresh = feed->lists->set->conf->trust.refresh;
	/* a copy of the store has a part of its time behind it */
	int64_t wait = feed->have < now ? refresh - (now - feed->have) : refresh;
	int64_t ahead = refresh;

	/* it is over already: whoever makes it is late */
	if (feed->ends <= now) {
		wait_longer(feed);
		return;
	}
	/* A tenth ahead of its end: while the next one is on its way the old one counts.  Up to
	 * another tenth sooner, so that not everybody comes at the same moment. */
	if (feed->ends - now < 2 * refresh)
		ahead = (feed->ends - now) * (900 - mono(feed) % 100) / 1000;
	if (ahead < wait)
		wait = ahead;
	feed->failures = 0;
	feed->due = mono(feed) + 1000 * (wait > LISTS_LOOK_MIN ? wait : LISTS_LOOK_MIN);
}

static void report(const struct feed *feed, const char *result, const char *why)
{
	if (feed->lists->parts.log)
		log_print(feed->lists->parts.log, LEVEL_WARNING,
			  "event=%s result=%s url=\"%s\" msg=\"%s%s\"",
			  feed->ca ? "ca-list" : "crl", result, feed->url, why,
			  feed->body ? "; the one in use stays" : "; there is none");
}

void feed_failed(struct feed *feed, const char *why)
{
	feed->lists->counters.failed++;
	wait_longer(feed);
	report(feed, "failed", why);
}

void feed_refused(struct feed *feed, bool stored, int64_t fetched, const char *why)
{
	feed->lists->counters.refused++;
	report(feed, "refused", why);
	if (stored && fetched > feed->have) {
		/* from now on only a newer one: the network's, at once */
		feed->have = fetched;
		feed->due = mono(feed);
		return;
	}
	wait_longer(feed);
}

void feed_keep(const struct feed *feed, struct sk_span url, struct sk_span body, const char *etag,
	       int64_t fetched, int64_t until)
{
	struct fetcher *fetcher = feed->lists->parts.fetcher;
	const struct fetch_kept kept = { .url = url,
					 .body = body,
					 .etag = sk_span_of(etag),
					 .fetched = fetched,
					 .until = until };

	if (fetcher->keep)
		fetcher->keep(fetcher, &kept);
}

void feed_adopt(struct feed *feed, const struct feed *old, int64_t refresh)
{
	const int64_t latest = mono(old) + 1000 * refresh;

	feed->due = old->due < latest ? old->due : latest;
	feed->failures = old->failures;
	feed->have = old->have;
	feed->body = blob_ref(old->body);
	feed->ends = old->ends;
	memcpy(feed->etag, old->etag, sizeof(feed->etag));
}

void feed_forget(struct feed *feed)
{
	blob_unref(feed->body);
	feed->body = NULL;
	feed->due = 0;
	feed->failures = 0;
	feed->have = 0;
	feed->ends = INT64_MAX;
	feed->etag[0] = '\0';
}

void feed_deinit(struct feed *feed)
{
	feed_stop(feed);
	blob_unref(feed->body);
	free(feed->url);
}
