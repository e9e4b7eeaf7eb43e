/*
 * A worker's life: start, signals, the end.  Its parts are made in worker_open.c and swapped
 * in worker_reload.c.
 */
#include "redirector/worker.h"

#include "redirector/worker_state.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum {
	DRAIN_STEP_MS = 50,
};

int worker_log_level(const char *text)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };

	for (size_t i = 0; i < SK_COUNT(names); i++)
		if (strcmp(text, names[i]) == 0)
			return (int)i;
	return -1;
}

/* Keys live in this process: no core dump, no debugger of another user. */
static void protect_secrets(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

static void on_drain_timer(void *arg)
{
	struct worker *w = arg;

	if (front_waiting(w->front) > 0 && w->clock.mono(&w->clock) < w->drain_until &&
	    timer_set(w->drain_timer, DRAIN_STEP_MS))
		return;
	front_give_up(w->front);
	loop_stop(w->loop);
}

static void drain(struct worker *w)
{
	if (w->drain_until > 0) { /* asked twice: go now */
		front_give_up(w->front);
		loop_stop(w->loop);
		return;
	}
	log_print(w->log, LEVEL_INFO, "event=drain waiting=%zu", front_waiting(w->front));
	front_drain(w->front);
	w->drain_until = w->clock.mono(&w->clock) + directory_conf(w->directory)->sip.drain;
	on_drain_timer(w);
}

static bool reopen_one(struct worker *w, struct log *log, const char *setting, const char *target)
{
	if (!log || log_reopen(log))
		return true;
	log_print(w->log, LEVEL_ERROR, "event=reopen result=failed msg=\"%s: %s: %s\"", setting,
		  target, strerror(errno));
	fprintf(stderr, "shaken-redirector: %s: %s: %s\n", setting, target, strerror(errno));
	return false;
}

static bool reopen_records(struct worker *w)
{
	return reopen_one(w, w->records, "log.records", w->start->log.records);
}

static void reopen(struct worker *w)
{
	bool ok = reopen_one(w, w->log, "log.target", w->start->log.target);

	if (reopen_records(w) && ok)
		log_print(w->log, LEVEL_INFO, "event=reopen result=ok");
}

/* SIGHUP is also what a rotation of the records sends. */
static void hang_up(struct worker *w)
{
	reopen_records(w);
	reload_start(w->reload, w->directory);
}

static void on_signal(void *arg, int signo)
{
	struct worker *w = arg;

	if (signo == SIGHUP)
		hang_up(w);
	else if (signo == SIGUSR1)
		worker_log_counters(w);
	else if (signo == SIGUSR2)
		reopen(w);
	else
		drain(w);
}

/* Threads that are made from here on inherit that signals are blocked. */
static bool open_loop(struct worker *w, char why[WHY_SIZE])
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2 };

	w->loop = loop_new();
	if (w->loop)
		w->drain_timer = timer_new(w->loop, on_drain_timer, w);
	if (w->drain_timer && loop_signals(w->loop, signals, SK_COUNT(signals), on_signal, w))
		return true;
	snprintf(why, WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
	return false;
}

static bool open_logs(struct worker *w, const char *log_level, char why[WHY_SIZE])
{
	const struct log_conf *set = &w->start->log;
	enum log_level level = (enum log_level)set->level;

	if (log_level)
		level = (enum log_level)worker_log_level(log_level);
	if (!log_open(set->target, level, &w->log, why))
		return false;
	log_set_json(w->log, set->format == FORMAT_JSON);
	return strcmp(set->records, "log") == 0 ||
	       log_open(set->records, LEVEL_INFO, &w->records, why);
}

int worker_run(struct conf *conf, const char *log_level)
{
	struct worker *w = calloc(1, sizeof(*w));
	char why[WHY_SIZE] = "";
	bool ok;

	protect_secrets();
	/* a look-up that curl gave up on holds a thread until the C library gives up, too */
	setenv("RES_OPTIONS", "timeout:1 attempts:2", 0);
	if (!w)
		return 1;
	w->start = conf_ref(conf);
	w->clock = CLOCK_REAL;
	w->level_forced = log_level != NULL;
	ok = open_logs(w, log_level, why) && open_loop(w, why) && worker_open(w, why);
	if (ok) {
		if (conf->certs.lab)
			log_print(w->log, LEVEL_WARNING,
				  "msg=\"certs.lab is on: certificates may be fetched from any "
				  "address and port; for a laboratory only\"");
		log_print(w->log, LEVEL_INFO, "event=ready");
		loop_run(w->loop);
		worker_log_counters(w);
		log_print(w->log, LEVEL_INFO, "event=stopped");
	} else {
		fprintf(stderr, "shaken-redirector: %s\n", why);
	}
	worker_deinit(w);
	free(w);
	return !ok;
}
