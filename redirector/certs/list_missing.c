/*
 * trust.crl-required turns a list that is missing into calls that fail, and that must
 * not be a riddle: each list that has become too late, or never came, is one line, and
 * one more when the set has none that counts.  Said once, until it is good again.
 */
#include "redirector/certs/lists_state.h"

static const char *fault_of_end(const struct lists_set *set, int64_t ends, int64_t now)
{
	/* RFC 5280, 5.1.2.5: nextUpdate is a must; a list without one is never in date */
	if (ends == INT64_MAX)
		return "says no end (nextUpdate)";
	return now - set->conf->trust.crl_grace > ends ? "past its end" : NULL;
}

static const char *fault_of_file(const struct lists_set *set, const struct crl_file *file,
				 int64_t now)
{
	return fault_of_end(set, file->endless ? INT64_MAX : file->ends, now);
}

static bool kept_serves(const struct lists_set *set, int64_t now)
{
	for (size_t i = 0; i < set->kept_count; i++)
		if (!fault_of_end(set, set->kept[i].ends, now))
			return true;

	return false;
}

static const char *fault_of_feed(const struct lists_set *set, const struct feed *feed, int64_t now)
{
	if (feed->body)
		return fault_of_end(set, feed->ends, now);
	/* it was not asked yet, or the list of its old address serves */
	if (feed->failures == 0 || (feed->moved && kept_serves(set, now)))
		return NULL;
	return "none came";
}

static void tell(const struct lists *lists, const char *kind, const char *name, const char *fault)
{
	log_print(lists->parts.log, LEVEL_ERROR,
		  "event=crl result=ended %s=\"%s\" msg=\"%s, and trust.crl-required is set: "
		  "chains fail\"",
		  kind, name, fault);
}

static void tell_none(const struct lists *lists)
{
	log_print(lists->parts.log, LEVEL_ERROR,
		  "event=crl result=ended msg=\"no list of trust.crls counts, and "
		  "trust.crl-required is set: all chains fail\"");
}

bool list_missing_all(const struct lists_set *set, int64_t now)
{
	for (size_t i = 0; i < set->file_count; i++)
		if (set->files_crl[i].counts && !fault_of_file(set, &set->files_crl[i], now))
			return false;

	return set->count == 0;
}

void list_missing_report(const struct lists *lists)
{
	struct lists_set *set = lists->set;
	const int64_t now = lists_now(lists);
	bool told = false;

	if (!lists->parts.log || !set->conf->trust.crl_required ||
	    now < lists->started + set->conf->trust.crl_grace)
		return;

	for (size_t i = 0; i < set->file_count; i++) {
		struct crl_file *file = &set->files_crl[i];
		const char *fault = file->counts ? fault_of_file(set, file, now) : NULL;

		if (fault && !file->told)
			tell(lists, "file", file->path, fault);
		file->told = fault != NULL;
		told |= file->told;
	}
	for (size_t i = 0; i < set->count; i++) {
		struct feed *feed = &set->crls[i];
		const char *fault = fault_of_feed(set, feed, now);

		if (fault && !feed->told)
			tell(lists, "url", feed->url, fault);
		feed->told = fault != NULL;
		told |= feed->told;
	}
	if (!told && !set->told && list_missing_all(set, now))
		tell_none(lists);
	set->told = set->told || (!told && list_missing_all(set, now));
}
