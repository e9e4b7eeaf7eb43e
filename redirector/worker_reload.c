/*
 * A reload comes from the thread whole: here it is swapped in, between two datagrams.  A call
 * in hand keeps the tenant and the settings it began with.
 */
#include "redirector/worker_state.h"

#include "redirector/expiry.h"
#include "redirector/tls_conf.h"
#include "redirector/worker_http.h"

#include <stdio.h>

static void log_all(struct worker *w, enum log_level level, const struct complaints *list)
{
	for (size_t i = 0; i < list->count; i++)
		log_print(w->log, level, "msg=\"%s\"", list->items[i]);
	if (list->lost > 0)
		log_print(w->log, level, "msg=\"and %zu more\"", list->lost);
}

void worker_log_report(struct worker *w, const struct roster_report *report)
{
	if (!worker_tells(w))
		return;
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

	if (worker_tells(w))
		report_restart(w, conf);
	w->directory = directory_ref(result->directory);
	if (w->front)
		front_set_directory(w->front, w->directory);
	worker_http_swap(w->http, w->directory, result->authorization);
	trace_swap(w->trace);
	if (w->tokens)
		tokens_set_retry(w->tokens, conf->hsm.retry);
	if (!w->level_forced)
		log_set_level(w->log, (enum log_level)conf->log.level);
	log_set_json(w->log, conf->log.format == FORMAT_JSON);
	authority_reload(w->authority, &conf->authority);
	worker_reload_streams(w, conf);
	if (worker_tells(w)) {
		expiry_report(w->directory, w->clock.wall(&w->clock), w->log);
		tls_conf_expiry(conf, w->tls, w->clock.wall(&w->clock), w->log);
		reload_write(w->reload, w->directory);
	}
	worker_http_tell_expiry(w->http);
	x5u_check_start(w->x5u_check, w->directory, before);
	reload_drop(w->reload, before);
}

/* Alone we say what came of it; else the supervisor does, when all have. */
static void tell_done(struct worker *w, const struct reloaded *result)
{
	const struct roster_report *report = &result->report;
	char counts[256];

	snprintf(counts, sizeof(counts),
		 "added=%zu changed=%zu removed=%zu unchanged=%zu broken=%zu ms=%lld",
		 report->added, report->changed, report->removed, report->unchanged, report->broken,
		 (long long)result->ms);
	if (w->given.control < 0)
		log_print(w->log, LEVEL_INFO, "event=reload result=ok %s", counts);
	worker_say(w, "reload ok %s", counts);
}

static void tell_failed(struct worker *w, const char *why)
{
	if (w->given.control < 0)
		log_print(w->log, LEVEL_ERROR,
			  "event=reload result=failed msg=\"%s; the running configuration stays\"",
			  why);
	worker_say(w, "reload failed %s", why);
}

/* All that may refuse, before anything is in use: only memory can still be missing afterwards. */
static bool take(struct worker *w, struct reloaded *result)
{
	return result->ok && trace_prepare(w->trace, &result->conf->hep, result->why) &&
	       worker_http_prepare(w->http, result->directory, result->why) &&
	       supply_reload(w->supply, result->conf, result->why);
}

struct directory *worker_on_reload(void *arg, struct reloaded *result)
{
	struct worker *w = arg;

	if (w->given.control < 0) /* else they were told already */
		log_all(w, result->ok ? LEVEL_WARNING : LEVEL_ERROR, &result->complaints);
	worker_log_report(w, &result->report);
	if (take(w, result)) {
		swap(w, result);
		tell_done(w, result);
	} else {
		worker_http_drop(w->http);
		tell_failed(w, result->why);
	}
	authorization_unref(sk_steal(result->authorization)); /* has a reference, too */
	reload_drop(w->reload, result->directory);
	conf_unref(result->conf);
	return w->directory;
}
