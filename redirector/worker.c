/*
 * A worker's life: start, signals, the end.  Its parts are made in worker_open.c and swapped
 * in worker_reload.c.
 */
#include "redirector/worker.h"

#include "redirector/monitor/clock_state.h"
#include "redirector/privileges.h"
#include "redirector/worker_http.h"
#include "redirector/worker_state.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DRAIN_STEP_MS = 50,
	ASKING_MS = 1000, /* for a supervisor to hear of the same signal */
	ANSWER_MS = 1000, /* behind http.deadline the server answers by itself */
};

int worker_log_level(const char *text)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };

	for (size_t i = 0; i < SK_COUNT(names); i++)
		if (strcmp(text, names[i]) == 0)
			return (int)i;
	return -1;
}

int64_t worker_web_drain_ms(const struct conf *conf)
{
	int64_t answered = conf->http.deadline + ANSWER_MS;

	return answered < conf->sip.drain ? answered : conf->sip.drain;
}

/* Calls and questions that wait. */
static size_t waiting(const struct worker *w)
{
	return (w->front ? front_waiting(w->front) : 0) + worker_http_waiting(w->http);
}

static bool is_busy(const struct worker *w)
{
	return waiting(w) > 0 || (w->streams && streams_count(w->streams) > 0) ||
	       worker_http_busy(w->http) > 0;
}

static void give_up(struct worker *w)
{
	if (w->front)
		front_give_up(w->front);
	worker_http_give_up(w->http);
	loop_stop(w->loop);
}

static void on_drain_timer(void *arg)
{
	struct worker *w = arg;

	if (is_busy(w) && w->clock.mono(&w->clock) < w->drain_until &&
	    timer_set(w->drain_timer, DRAIN_STEP_MS))
		return;
	give_up(w);
}

static void wait_for_calls(struct worker *w)
{
	const struct conf *conf = directory_conf(w->directory);

	atomic_store(&w->page->phase, WORKER_DRAINING);
	worker_leave(w);
	worker_http_drain(w->http);
	log_print(w->log, LEVEL_INFO, "event=drain waiting=%zu", waiting(w));
	w->drain_until = w->clock.mono(&w->clock) +
			 (w->given.web ? worker_web_drain_ms(conf) : conf->sip.drain);
	on_drain_timer(w);
}

void worker_leave(struct worker *w)
{
	worker_http_leave(w->http);
}

void worker_end(struct worker *w)
{
	give_up(w);
}

void worker_drain(struct worker *w)
{
	if (w->drain_until > 0)
		return;
	worker_say(w, "draining");
	if (!w->control) /* nobody is made after us who would accept */
		http_sockets_refuse(&w->given.http);
	if (w->front)
		front_drain(w->front);
	if (w->streams)
		streams_drain(w->streams);
	worker_http_refuse(w->http);
	wait_for_calls(w);
}

void worker_retire(struct worker *w)
{
	if (w->drain_until > 0)
		return;
	for (size_t i = 0; i < w->socket_count; i++)
		udp_rest(w->sockets[i]);
	if (w->streams)
		streams_drain(w->streams);
	wait_for_calls(w);
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

bool worker_reopen_records(struct worker *w)
{
	return reopen_one(w, w->records, "log.records", w->start->log.records);
}

bool worker_reopen(struct worker *w)
{
	bool ok = reopen_one(w, w->log, "log.target", w->start->log.target);

	ok = worker_reopen_records(w) && ok;
	if (ok && w->given.control < 0)
		log_print(w->log, LEVEL_INFO, "event=reopen result=ok");
	return ok;
}

/* A reload is also what a rotation of the records asks for. */
void worker_reload(struct worker *w, int text)
{
	worker_reopen_records(w);
	if (text >= 0)
		reload_set_text(w->reload, text);
	reload_start(w->reload, w->directory);
}

/* The supervisor has not told us to end: did it get a signal as well, it is about to. */
static void on_asking(void *arg)
{
	const struct worker *w = arg;

	worker_say(w, "asked");
}

/* A service manager that ends us signals each process, and the supervisor says it too: only
 * alone a second one means more than the first. */
static void on_end_signal(struct worker *w)
{
	if (w->given.web && w->control && timer_set(w->asking, ASKING_MS))
		return;
	if (w->drain_until > 0 && w->given.control < 0)
		worker_end(w);
	else
		worker_drain(w);
}

static void on_signal(void *arg, int signo)
{
	struct worker *w = arg;

	if (signo == SIGHUP)
		worker_reload(w, -1);
	else if (signo == SIGUSR1)
		worker_log_counters(w);
	else if (signo == SIGUSR2)
		worker_reopen(w);
	else if (signo != SIGWINCH)
		on_end_signal(w);
}

/* Threads that are made from here on inherit that signals are blocked. */
static bool open_loop(struct worker *w, char why[WHY_SIZE])
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH };

	w->loop = loop_new();
	if (w->loop)
		w->drain_timer = timer_new(w->loop, on_drain_timer, w);
	if (w->drain_timer)
		w->asking = timer_new(w->loop, on_asking, w);
	if (w->asking && loop_signals(w->loop, signals, SK_COUNT(signals), on_signal, w))
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
	log_set_origin(w->log, w->origin);
	return strcmp(set->records, "log") == 0 ||
	       log_open(set->records, LEVEL_INFO, &w->records, why);
}

static void warn_of_start(struct worker *w)
{
	bool alone = w->given.control < 0; /* else the supervisor says it */
	char why[PRIVILEGES_WHY_SIZE];
	struct clock_state clock;

	if (w->start->certs.lab && worker_tells(w))
		log_print(w->log, LEVEL_WARNING,
			  "msg=\"certs.lab is on: certificates may be fetched from any "
			  "address and port; for a laboratory only\"");
	if (alone && privileges_warning(w->start->service.user, why))
		log_print(w->log, LEVEL_WARNING, "msg=\"%s\"", why);
	if (alone && privileges_few_files(w->start->streams.connections +
						  (w->http ? w->start->http.connections : 0),
					  why))
		log_print(w->log, LEVEL_WARNING, "msg=\"%s\"", why);
	if (!alone)
		return;
	if (w->given.http.left_out[0] != '\0')
		log_print(w->log, LEVEL_ERROR, "msg=\"%s\"", w->given.http.left_out);
	clock_state_read(&clock);
	clock_state_say(&clock, w->log);
}

static void serve(struct worker *w)
{
	bool alone = w->given.control < 0;

	warn_of_start(w);
	atomic_store(&w->page->phase, WORKER_READY);
	worker_say(w, "ready");
	if (alone)
		log_print(w->log, LEVEL_INFO, "event=ready");
	loop_run(w->loop);
	worker_show(w);
	worker_log_counters(w);
	if (alone)
		log_print(w->log, LEVEL_INFO, "event=stopped");
}

int worker_run(struct conf *conf, const char *log_level, const struct worker_given *given)
{
	struct worker *w = calloc(1, sizeof(*w));
	char why[WHY_SIZE] = "";
	bool ok;

	privileges_guard_secrets();
	/* a look-up that curl gave up on holds a thread until the C library gives up, too */
	setenv("RES_OPTIONS", "timeout:1 attempts:2", 0);
	if (!w)
		return 1;
	w->start = conf_ref(conf);
	w->clock = CLOCK_REAL;
	w->given.control = -1;
	w->level_forced = log_level != NULL;
	ok = worker_open_given(w, given, why) && open_logs(w, log_level, why) &&
	     open_loop(w, why) && worker_open(w, why);
	if (ok) {
		serve(w);
	} else {
		fprintf(stderr, "shaken-redirector: %s\n", why);
		worker_say(w, "failed %s", why);
	}
	worker_deinit(w);
	free(w);
	return !ok;
}
