/*
 * One timer looks after all lists, once a minute at least: a wall clock that is
 * corrected must not keep a list alive.  A trust is always built whole, of the
 * files as they were read and of what was fetched, and handed over; none is ever
 * changed.
 */
#include "redirector/certs/lists_state.h"
#include "shaken/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lists_next {
	struct lists_set *set;
};

int64_t lists_now(const struct lists *lists)
{
	return lists->parts.clock->wall(lists->parts.clock);
}

static void set_free(struct lists_set *set)
{
	if (!set)
		return;

	ca_free(set->ca);
	for (size_t i = 0; i < set->count; i++)
		feed_deinit(&set->crls[i]);
	free(set->crls);
	trust_files_free(set->files);
	conf_unref(set->conf);
	free(set);
}
SK_DEFINE_CLEANUP(struct lists_set, set_free)

const struct sk_calist *lists_current(const struct lists_set *set, int64_t now)
{
	const struct sk_calist *list = trust_files_list(set->files, NULL);
	const struct sk_calist *fetched = set->ca ? set->ca->list : NULL;

	if (fetched && (!list || sk_calist_sequence(fetched) >= sk_calist_sequence(list)))
		list = fetched;
	/* past its exp; one of a lower sequence is no way back */
	return list && now < sk_calist_exp(list) ? list : NULL;
}

static bool add_fetched(const struct lists_set *set, int64_t now, struct sk_trust *trust,
			char why[TRUST_FILES_WHY_SIZE])
{
	const struct sk_calist *list = lists_current(set, now);
	struct sk_span text = list ? sk_calist_pem(list) : (struct sk_span){ 0 };
	enum sk_err err = SK_OK;

	if (list)
		err = sk_trust_add_anchors(trust, text.ptr, text.len, NULL);
	for (size_t i = 0; !err && i < set->count; i++) {
		text = blob_span(set->crls[i].body);
		if (text.len > 0)
			err = sk_trust_add_crls(trust, text.ptr, text.len, NULL);
	}
	if (err)
		snprintf(why, TRUST_FILES_WHY_SIZE, "trust: %s", sk_err_text(err));
	return !err;
}

bool lists_build(const struct lists *lists, const struct lists_set *set, struct sk_trust **out,
		 char why[TRUST_FILES_WHY_SIZE])
{
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	const int64_t missing_until = lists->started + set->conf->trust.crl_grace;

	if (!trust_files_build(set->files, missing_until, &trust, why) ||
	    !add_fetched(set, lists_now(lists), trust, why))
		return false;

	*out = sk_steal(trust);
	return true;
}

/* Remembers what the trust was built of */
static void note(const struct lists *lists, struct lists_set *set, const struct sk_trust *trust)
{
	set->built = lists_current(set, lists_now(lists));
	set->changes_at = sk_trust_changes_at(trust, lists_now(lists));
}

void lists_swap(struct lists *lists, struct sk_trust *trust)
{
	note(lists, lists->set, trust);
	lists->counters.swapped++;
	/* an authority of the new list may be who signs a list that was a stranger's before */
	for (size_t i = 0; i < lists->set->count; i++) {
		struct feed *feed = &lists->set->crls[i];

		if (feed->failures > 0 && !feed->body && !feed->busy)
			feed->due = 0;
	}
	lists->handler(lists->arg, trust);
}

/* Which lists are missing now that they are needed */
static void report_missing(const struct lists *lists, int64_t now)
{
	const struct lists_set *set = lists->set;

	for (size_t i = 0; i < set->count; i++) {
		const struct feed *feed = &set->crls[i];

		if (!feed->body || now - set->conf->trust.crl_grace > feed->ends)
			log_print(lists->parts.log, LEVEL_ERROR,
				  "event=crl result=ended url=\"%s\" msg=\"%s, and "
				  "trust.crl-required "
				  "is set: chains fail\"",
				  feed->url, feed->body ? "past its end" : "none came");
	}
}

static void report_ended(const struct lists *lists, bool authorities, int64_t now)
{
	if (!lists->parts.log)
		return;
	if (authorities)
		log_print(lists->parts.log, LEVEL_ERROR,
			  "event=ca-list result=ended msg=\"past its exp: its authorities are not "
			  "trusted any more\"");
	else
		report_missing(lists, now);
}

/* Time went on: a list of authorities or of revocations has ended, or the tolerance has */
static void expire(struct lists *lists)
{
	const int64_t now = lists_now(lists);
	struct lists_set *set = lists->set;
	const bool ended = set->built && !lists_current(set, now);
	char why[TRUST_FILES_WHY_SIZE];
	struct sk_trust *trust = NULL;

	if (!ended && now <= set->changes_at)
		return;

	report_ended(lists, ended, now);
	if (lists_build(lists, set, &trust, why))
		lists_swap(lists, trust);
	else if (lists->parts.log)
		log_print(lists->parts.log, LEVEL_ERROR, "event=trust result=failed msg=\"%s\"",
			  why);
}

static void earlier(int64_t *wait, int64_t ms)
{
	if (ms < *wait)
		*wait = ms > 0 ? ms : 0;
}

/* Milliseconds until this moment of the wall clock; the difference may be as large as it likes */
static void earlier_wall(int64_t *wait, int64_t now, int64_t when)
{
	if (when - now < LISTS_TICK)
		earlier(wait, (when - now) * 1000);
}

void lists_schedule(struct lists *lists)
{
	const struct lists_set *set = lists->set;
	const int64_t mono = lists->parts.clock->mono(lists->parts.clock);
	const int64_t now = lists_now(lists);
	int64_t wait = LISTS_TICK * 1000;

	if (set->ca && !set->ca->feed.busy)
		earlier(&wait, set->ca->feed.due - mono);
	for (size_t i = 0; i < set->count; i++)
		if (!set->crls[i].busy)
			earlier(&wait, set->crls[i].due - mono);
	if (set->built)
		earlier_wall(&wait, now, sk_calist_exp(set->built));
	if (set->changes_at >= now && set->changes_at < INT64_MAX)
		earlier_wall(&wait, now, set->changes_at + 1);
	if (!timer_set(lists->timer, wait) && lists->parts.log)
		log_print(lists->parts.log, LEVEL_ERROR,
			  "event=lists msg=\"no timer: lists are not looked at any more\"");
}

static void on_timer(void *arg)
{
	struct lists *lists = arg;
	const int64_t mono = lists->parts.clock->mono(lists->parts.clock);
	struct lists_set *set = lists->set;

	expire(lists);
	if (set->ca && !set->ca->feed.busy && set->ca->feed.due <= mono)
		ca_begin(set->ca);
	for (size_t i = 0; i < set->count; i++)
		if (!set->crls[i].busy && set->crls[i].due <= mono)
			crl_begin(&set->crls[i]);
	lists_schedule(lists);
}

static bool url_ok(const struct conf *conf, const char *setting, const char *url,
		   char why[TRUST_FILES_WHY_SIZE])
{
	if (sk_url_parse(sk_span_of(url), conf->certs.lab ? SK_URL_LAB : SK_URL_STRICT, NULL))
		return true;

	snprintf(why, TRUST_FILES_WHY_SIZE, "%s: %.160s: not https://HOST[:443|:8443]/PATH",
		 setting, url);
	return false;
}

static bool feed_init(struct feed *feed, struct lists *lists, const char *url,
		      char why[TRUST_FILES_WHY_SIZE])
{
	feed->lists = lists;
	feed->ends = INT64_MAX;
	feed->url = strdup(url);
	if (!feed->url)
		snprintf(why, TRUST_FILES_WHY_SIZE, "out of memory");
	return feed->url != NULL;
}

static bool add_ca(struct lists *lists, struct lists_set *set, char why[TRUST_FILES_WHY_SIZE])
{
	const struct trust_conf *conf = &set->conf->trust;
	const struct ca_feed *old = lists->set ? lists->set->ca : NULL;

	if (!conf->ca_list_url || conf->ca_list_url[0] == '\0')
		return true;
	if (!url_ok(set->conf, "trust.ca-list-url", conf->ca_list_url, why))
		return false;
	if (conf->ca_list_login_url && conf->ca_list_login_url[0] != '\0' &&
	    !url_ok(set->conf, "trust.ca-list-login-url", conf->ca_list_login_url, why))
		return false;

	snprintf(why, TRUST_FILES_WHY_SIZE, "out of memory");
	set->ca = calloc(1, sizeof(*set->ca));
	if (!set->ca || !feed_init(&set->ca->feed, lists, conf->ca_list_url, why))
		return false;
	set->ca->feed.ca = set->ca;
	if (old && strcmp(old->feed.url, conf->ca_list_url) == 0)
		ca_adopt(set->ca, old, set->files, conf->refresh);

	return ca_login_read(set->ca, conf, why);
}

static bool add_crls(struct lists *lists, struct lists_set *set, char why[TRUST_FILES_WHY_SIZE])
{
	const struct trust_conf *conf = &set->conf->trust;
	const struct text_list *urls = &conf->crl_urls;
	const struct lists_set *old = lists->set;

	set->crls = calloc(urls->count + 1, sizeof(*set->crls));
	if (!set->crls) {
		snprintf(why, TRUST_FILES_WHY_SIZE, "out of memory");
		return false;
	}
	for (size_t i = 0; i < urls->count; i++) {
		struct feed *feed = &set->crls[set->count];

		if (!url_ok(set->conf, "trust.crl-urls", urls->items[i], why) ||
		    !feed_init(feed, lists, urls->items[i], why))
			return false;
		set->count++;
		for (size_t k = 0; old && k < old->count; k++)
			if (strcmp(old->crls[k].url, feed->url) == 0 && !feed->body)
				feed_adopt(feed, &old->crls[k], conf->refresh);
	}
	return true;
}

/* Everything for one configuration, with what the set in use has fetched */
static bool set_new(struct lists *lists, struct conf *conf, struct lists_set **out,
		    struct sk_trust **trust, char why[TRUST_FILES_WHY_SIZE])
{
	SK_CLEANUP(set_free_p) struct lists_set *set = calloc(1, sizeof(*set));
	bool over = false;

	if (!set) {
		snprintf(why, TRUST_FILES_WHY_SIZE, "out of memory");
		return false;
	}
	set->conf = conf_ref(conf);
	if (!trust_files_read(&conf->trust, lists_now(lists), &set->files, why) ||
	    !add_ca(lists, set, why) || !add_crls(lists, set, why))
		return false;

	(void)trust_files_list(set->files, &over);
	if (over && !lists->parts.fetcher) {
		snprintf(why, TRUST_FILES_WHY_SIZE, "trust.ca-list: %.160s: its time is over",
			 conf->trust.ca_list);
		return false;
	}
	if (over && lists->parts.log)
		log_print(lists->parts.log, LEVEL_ERROR,
			  "event=ca-list result=ended file=\"%s\" msg=\"its time is over: its "
			  "authorities are not trusted\"",
			  conf->trust.ca_list);
	if (!lists_build(lists, set, trust, why))
		return false;

	note(lists, set, *trust);
	*out = sk_steal(set);
	return true;
}

bool lists_new(const struct lists_parts *parts, struct conf *conf, lists_h *handler, void *arg,
	       struct lists **out, struct sk_trust **trust, char why[TRUST_FILES_WHY_SIZE])
{
	SK_CLEANUP(lists_free_p) struct lists *lists = calloc(1, sizeof(*lists));
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *first = NULL;

	snprintf(why, TRUST_FILES_WHY_SIZE, "out of memory");
	if (!lists)
		return false;
	lists->parts = *parts;
	lists->handler = handler;
	lists->arg = arg;
	lists->started = lists_now(lists);
	if (!set_new(lists, conf, &lists->set, &first, why))
		return false;
	if (parts->fetcher) {
		lists->timer = timer_new(parts->loop, on_timer, lists);
		if (!lists->timer || !timer_set(lists->timer, 0)) {
			snprintf(why, TRUST_FILES_WHY_SIZE, "no timer");
			return false;
		}
	}
	*trust = sk_steal(first);
	*out = sk_steal(lists);
	return true;
}

void lists_free(struct lists *lists)
{
	if (!lists)
		return;

	timer_free(lists->timer);
	set_free(lists->set);
	free(lists);
}

bool lists_prepare(struct lists *lists, struct conf *conf, struct lists_next **next,
		   struct sk_trust **trust, char why[TRUST_FILES_WHY_SIZE])
{
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *built = NULL;
	struct lists_next *made = calloc(1, sizeof(*made));

	if (!made) {
		snprintf(why, TRUST_FILES_WHY_SIZE, "out of memory");
		return false;
	}
	if (!set_new(lists, conf, &made->set, &built, why)) {
		free(made);
		return false;
	}
	*trust = sk_steal(built);
	*next = made;
	return true;
}

void lists_commit(struct lists *lists, struct lists_next *next)
{
	set_free(lists->set); /* stops what is under way: it begins anew */
	lists->set = next->set;
	free(next);
	if (lists->timer)
		lists_schedule(lists);
}

void lists_drop(struct lists_next *next)
{
	if (!next)
		return;

	set_free(next->set);
	free(next);
}

const struct lists_counters *lists_counters(const struct lists *lists)
{
	return &lists->counters;
}
