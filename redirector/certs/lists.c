/*
 * One timer looks after all lists, once a minute at least: a wall clock that is
 * corrected must not keep a list alive.  A trust is always built whole, of the
 * files as they were read and of what was fetched, and handed over; none is ever
 * changed.
 */
#include "redirector/certs/lists_state.h"

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
	for (size_t i = 0; !err && set_needs_kept(set) && i < set->kept_count; i++) {
		text = blob_span(set->kept[i].body);
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

void lists_swap(struct lists *lists, struct sk_trust *trust)
{
	set_note(lists, lists->set, trust);
	lists->counters.swapped++;
	/* an authority of the new list may be who signs a list that was a stranger's before */
	for (size_t i = 0; i < lists->set->count; i++) {
		struct feed *feed = &lists->set->crls[i];

		if (feed->failures > 0 && !feed->body && !feed->busy)
			feed->due = 0;
	}
	lists->handler(lists->arg, trust);
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

	if (ended && lists->parts.log)
		log_print(lists->parts.log, LEVEL_ERROR,
			  "event=ca-list result=ended msg=\"past its exp: its authorities are not "
			  "trusted any more\"");
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
	list_missing_report(lists);
	lists_schedule(lists);
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
	list_missing_report(lists);
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
	list_missing_report(lists);
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
