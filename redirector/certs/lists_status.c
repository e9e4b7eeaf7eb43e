/*
 * What is shown of the lists.  Addresses are the configuration's; what stands behind a "?" may be
 * a secret, and stays here.
 */
#include "redirector/certs/lists_state.h"

#include <stdio.h>
#include <string.h>

/* A long one loses its middle: the host and the file's name say most. */
static void set_name(struct lists_status *status, const char *name)
{
	size_t len = strcspn(name, "?#"), half = (LISTS_NAME_SIZE - 4) / 2;

	if (len < LISTS_NAME_SIZE)
		snprintf(status->name, LISTS_NAME_SIZE, "%.*s", (int)len, name);
	else
		snprintf(status->name, LISTS_NAME_SIZE, "%.*s...%.*s", (int)half, name, (int)half,
			 name + len - half);
}

/* RFC 5280, 5.1.2.5: nextUpdate is a must, and with trust.crl-required one without it is never in
 * date */
static bool in_date(const struct lists *lists, int64_t ends)
{
	const struct trust_conf *conf = &lists->set->conf->trust;

	if (ends == INT64_MAX)
		return !conf->crl_required;
	return lists_now(lists) - conf->crl_grace <= ends;
}

static void set_feed(struct lists_status *status, const struct feed *feed)
{
	set_name(status, feed->url);
	status->kind = LISTS_CRL;
	status->state = feed->failures > 0 ? LISTS_FAILED : feed->body ? LISTS_GOOD : LISTS_AWAITED;
	status->failures = feed->failures;
	status->fetched = feed->body ? feed->have : 0;
	status->until = feed->body ? feed->ends : 0;
	status->counts = feed->body && in_date(feed->lists, feed->ends);
}

static void set_ca(struct lists_status *status, const struct ca_feed *ca)
{
	set_feed(status, &ca->feed);
	status->kind = LISTS_CA;
	status->until = ca->list ? sk_calist_exp(ca->list) : 0;
	status->counts = ca->list && lists_now(ca->feed.lists) < sk_calist_exp(ca->list);
}

static void set_file(const struct lists *lists, struct lists_status *status,
		     const struct crl_file *file)
{
	set_name(status, file->path);
	status->kind = LISTS_CRL_FILE;
	status->state = file->counts ? LISTS_GOOD : LISTS_FAILED;
	status->until = !file->counts ? 0 : file->endless ? INT64_MAX : file->ends;
	status->counts = file->counts && in_date(lists, file->endless ? INT64_MAX : file->ends);
}

size_t lists_status(const struct lists *lists, struct lists_status *out, size_t max)
{
	const struct lists_set *set = lists->set;
	size_t n = 0;

	memset(out, 0, max * sizeof(*out));
	if (set->ca && n < max)
		set_ca(&out[n++], set->ca);
	for (size_t i = 0; i < set->count && n < max; i++)
		set_feed(&out[n++], &set->crls[i]);
	for (size_t i = 0; i < set->file_count && n < max; i++)
		set_file(lists, &out[n++], &set->files_crl[i]);
	return n;
}

bool lists_crls_missing(const struct lists *lists)
{
	const struct lists_set *set = lists->set;

	if (!set->conf->trust.crl_required ||
	    lists_now(lists) < lists->started + set->conf->trust.crl_grace)
		return false;
	for (size_t i = 0; i < set->count; i++)
		if (set->crls[i].body && in_date(lists, set->crls[i].ends))
			return false;
	for (size_t i = 0; i < set->file_count; i++)
		if (set->files_crl[i].counts && !set->files_crl[i].endless &&
		    in_date(lists, set->files_crl[i].ends))
			return false;
	for (size_t i = 0; i < set->kept_count && set_needs_kept(set); i++)
		if (in_date(lists, set->kept[i].ends))
			return false;
	return true;
}
