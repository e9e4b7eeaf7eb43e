/*
 * A reload comes from the thread whole: here it is swapped in, between two datagrams.  A call
 * in hand keeps the tenant and the settings it began with.
 */
#include "redirector/worker_state.h"

#include "redirector/expiry.h"

static void log_all(struct worker *w, enum log_level level, const struct complaints *list)
{
	for (size_t i = 0; i < list->count; i++)
		log_print(w->log, level, "msg=\"%s\"", list->items[i]);
	if (list->lost > 0)
		log_print(w->log, level, "msg=\"and %zu more\"", list->lost);
}

void worker_log_report(struct worker *w, const struct roster_report *report)
{
	log_all(w, LEVEL_ERROR, &report->findings);
	log_all(w, LEVEL_WARNING, &report->warnings);
}

static void report_restart(struct worker *w, const struct conf *wanted)
{
	struct complaints names = { 0 };

	if (conf_restart_needed(w->start, wanted, &names) > 0)
		for (size_t i = 0; i < names.count; i++)
			log_print(w->log, LEVEL_WARNING,
				  "event=reload msg=\"%s changed: takes effect after a restart\"",
				  names.items[i]);
	complaints_deinit(&names);
}

static void swap(struct worker *w, struct reloaded *result)
{
	struct directory *before = w->directory;
	struct conf *conf = directory_conf(result->directory);

	report_restart(w, conf);
	w->directory = directory_ref(result->directory);
	front_set_directory(w->front, w->directory);
	if (w->tokens)
		tokens_set_retry(w->tokens, conf->hsm.retry);
	if (!w->level_forced)
		log_set_level(w->log, (enum log_level)conf->log.level);
	log_set_json(w->log, conf->log.format == FORMAT_JSON);
	authority_reload(w->authority, &conf->authority);
	expiry_report(w->directory, w->clock.wall(&w->clock), w->log);
	x5u_check_start(w->x5u_check, w->directory, before);
	reload_write(w->reload, w->directory);
	reload_drop(w->reload, before);
}

struct directory *worker_on_reload(void *arg, struct reloaded *result)
{
	const struct roster_report *report = &result->report;
	struct worker *w = arg;

	log_all(w, result->ok ? LEVEL_WARNING : LEVEL_ERROR, &result->complaints);
	worker_log_report(w, report);
	if (result->ok && supply_reload(w->supply, result->conf, result->why)) {
		swap(w, result);
		log_print(w->log, LEVEL_INFO,
			  "event=reload result=ok added=%zu changed=%zu removed=%zu unchanged=%zu "
			  "broken=%zu ms=%lld",
			  report->added, report->changed, report->removed, report->unchanged,
			  report->broken, (long long)result->ms);
	} else {
		log_print(w->log, LEVEL_ERROR,
			  "event=reload result=failed msg=\"%s; the running configuration stays\"",
			  result->why);
	}
	reload_drop(w->reload, result->directory);
	conf_unref(result->conf);
	return w->directory;
}
