/*
 * All that one configuration asks for, made beside the set in use.  What surprises: a
 * new address is no reason to throw a good list away.  The administrator's list of
 * authorities goes on until the first one comes from there, and so do the revocation
 * lists; a list that nobody of the new files signed goes at once.
 */
#include "redirector/certs/address.h"
#include "redirector/certs/lists_state.h"
#include "shaken/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void set_free(struct lists_set *set)
{
	if (!set)
		return;

	ca_free(set->ca);
	for (size_t i = 0; i < set->count; i++)
		feed_deinit(&set->crls[i]);
	free(set->crls);
	for (size_t i = 0; i < set->kept_count; i++)
		blob_unref(set->kept[i].body);
	free(set->files_crl);
	trust_files_free(set->files);
	conf_unref(set->conf);
	free(set);
}

void set_note(const struct lists *lists, struct lists_set *set, const struct sk_trust *trust)
{
	set->built = lists_current(set, lists_now(lists));
	set->changes_at = sk_trust_changes_at(trust, lists_now(lists));
}

/* An address in digits that the network's rules refuse (address.h) */
static bool is_inside(struct sk_span host)
{
	const bool v6 = memchr(host.ptr, ':', host.len);
	char text[ADDR_TEXT_SIZE];
	struct addr addr;
	const int n = snprintf(text, sizeof(text), v6 ? "[%.*s]:443" : "%.*s:443", (int)host.len,
			       host.ptr);

	return n > 0 && n < ADDR_TEXT_SIZE && addr_parse(sk_span_of(text), &addr) &&
	       !address_may_ask(&addr);
}

static bool url_ok(const struct conf *conf, const char *setting, const char *url,
		   char why[TRUST_FILES_WHY_SIZE])
{
	struct sk_url parts;

	if (!sk_url_parse(sk_span_of(url), conf->certs.lab ? SK_URL_LAB : SK_URL_STRICT, &parts))
		snprintf(why, TRUST_FILES_WHY_SIZE, "%s: %.160s: not https://HOST[:443|:8443]/PATH",
			 setting, url);
	else if (!conf->certs.lab && is_inside(parts.host))
		snprintf(why, TRUST_FILES_WHY_SIZE,
			 "%s: %.140s: would never be asked: not an address of the public Internet",
			 setting, url);
	else
		return true;

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
	if (old)
		ca_adopt(set->ca, old, set->files, conf->refresh);
	/* at another address: the old list serves until the first one from there */
	if (old && strcmp(old->feed.url, conf->ca_list_url) != 0) {
		set->ca->feed.due = 0;
		set->ca->feed.failures = 0;
		set->ca->feed.etag[0] = '\0';
	}

	return ca_login_read(set->ca, conf, why);
}

bool set_needs_kept(const struct lists_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->crls[i].moved && !set->crls[i].body)
			return true;

	return false;
}

void set_drop_kept(struct lists_set *set)
{
	while (set->kept_count > 0)
		blob_unref(set->kept[--set->kept_count].body);
}

static void keep(struct lists_set *set, struct blob *body, int64_t ends)
{
	if (body && set->kept_count < LISTS_KEPT_MAX)
		set->kept[set->kept_count++] = (struct crl_kept){ blob_ref(body), ends };
}

static const struct feed *feed_at(const struct lists_set *set, const char *url)
{
	for (size_t i = 0; set && i < set->count; i++)
		if (strcmp(set->crls[i].url, url) == 0)
			return &set->crls[i];

	return NULL;
}

/* What the addresses gave that are gone now */
static void keep_former(struct lists_set *set, const struct lists_set *old)
{
	if (!old || !set_needs_kept(set))
		return;
	for (size_t i = 0; i < old->count; i++)
		if (!feed_at(set, old->crls[i].url))
			keep(set, old->crls[i].body, old->crls[i].ends);
	for (size_t i = 0; i < old->kept_count; i++)
		keep(set, old->kept[i].body, old->kept[i].ends);
}

static bool is_strangers(const struct sk_trust *trust, const struct blob *body, int64_t now)
{
	int64_t ends;

	return body && sk_trust_review_crls(trust, blob_span(body), (struct sk_span){ 0 }, now,
					    &ends) == SK_CERT_UNTRUSTED;
}

/* Lists that nobody of the new files signed.  @return Was there one? */
static bool sift(struct lists_set *set, const struct sk_trust *trust, int64_t now)
{
	bool any = false;

	for (size_t i = 0; i < set->count; i++) {
		struct feed *feed = &set->crls[i];

		if (!is_strangers(trust, feed->body, now))
			continue;
		feed_forget(feed);
		any = true;
	}
	for (size_t i = set->kept_count; i-- > 0;) {
		if (!is_strangers(trust, set->kept[i].body, now))
			continue;
		blob_unref(set->kept[i].body);
		set->kept[i] = set->kept[--set->kept_count];
		any = true;
	}
	return any;
}

static bool add_crls(struct lists *lists, struct lists_set *set, char why[TRUST_FILES_WHY_SIZE])
{
	const struct trust_conf *conf = &set->conf->trust;
	const struct text_list *urls = &conf->crl_urls;

	set->crls = calloc(urls->count + 1, sizeof(*set->crls));
	if (!set->crls) {
		snprintf(why, TRUST_FILES_WHY_SIZE, "out of memory");
		return false;
	}
	for (size_t i = 0; i < urls->count; i++) {
		struct feed *feed = &set->crls[set->count];
		const struct feed *before;

		if (!url_ok(set->conf, "trust.crl-urls", urls->items[i], why) ||
		    !feed_init(feed, lists, urls->items[i], why))
			return false;
		set->count++;
		before = feed_at(lists->set, feed->url);
		if (before)
			feed_adopt(feed, before, conf->refresh);
		feed->moved = before ? before->moved : lists->set != NULL;
	}
	keep_former(set, lists->set);
	return true;
}

/* A list of authorities by file whose time is over: no mistake at start, but one in a check */
static bool check_over(const struct lists *lists, const struct lists_set *set,
		       char why[TRUST_FILES_WHY_SIZE])
{
	const char *path = set->conf->trust.ca_list;
	bool over = false;

	(void)trust_files_list(set->files, &over);
	if (over && !lists->parts.fetcher) {
		snprintf(why, TRUST_FILES_WHY_SIZE, "trust.ca-list: %.160s: its time is over",
			 path);
		return false;
	}
	if (over && lists->parts.log)
		log_print(lists->parts.log, LEVEL_ERROR,
			  "event=ca-list result=ended file=\"%s\" msg=\"its time is over: its "
			  "authorities are not trusted\"",
			  path);
	return true;
}

/* The same for revocation lists */
static bool check_missing(const struct lists *lists, const struct lists_set *set,
			  char why[TRUST_FILES_WHY_SIZE])
{
	if (lists->parts.fetcher || !set->conf->trust.crl_required ||
	    !list_missing_all(set, lists_now(lists)))
		return true;

	snprintf(why, TRUST_FILES_WHY_SIZE,
		 "trust.crl-required: no list of trust.crls counts (in date, and signed by whom "
		 "we know): every PASSporT will fail");
	return false;
}

static bool build(struct lists *lists, struct lists_set *set, struct sk_trust **out,
		  char why[TRUST_FILES_WHY_SIZE])
{
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;

	if (!lists_build(lists, set, &trust, why))
		return false;
	if (lists->set && sift(set, trust, lists_now(lists))) {
		sk_trust_free(trust);
		trust = NULL;
		if (!lists_build(lists, set, &trust, why))
			return false;
	}
	if (!list_files_review(lists, set, trust, why) || !check_missing(lists, set, why))
		return false;

	*out = sk_steal(trust);
	return true;
}

bool set_new(struct lists *lists, struct conf *conf, struct lists_set **out,
	     struct sk_trust **trust, char why[TRUST_FILES_WHY_SIZE])
{
	SK_CLEANUP(set_free_p) struct lists_set *set = calloc(1, sizeof(*set));

	if (!set) {
		snprintf(why, TRUST_FILES_WHY_SIZE, "out of memory");
		return false;
	}
	set->conf = conf_ref(conf);
	if (!trust_files_read(&conf->trust, lists_now(lists), &set->files, why) ||
	    !add_ca(lists, set, why) || !add_crls(lists, set, why) || !check_over(lists, set, why))
		return false;
	if (lists->set && ca_steps_back(lists->set, set)) {
		snprintf(why, TRUST_FILES_WHY_SIZE,
			 "trust.ca-list: its sequence is lower than that of the one in use");
		return false;
	}
	if (!build(lists, set, trust, why))
		return false;

	set_note(lists, set, *trust);
	*out = sk_steal(set);
	return true;
}
