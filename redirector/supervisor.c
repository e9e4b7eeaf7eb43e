/*
 * Binds, gives up its privileges, makes the first worker; when that is ready all others, so
 * that a wrong configuration ends the start with one reason and not with one for each.
 */
#include "redirector/supervisor.h"

#include "redirector/base/notify.h"
#include "redirector/conf_text.h"
#include "redirector/monitor/clock_state.h"
#include "redirector/privileges.h"
#include "redirector/supervisor_state.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned workers_of(const struct conf *conf)
{
	cpu_set_t cores;
	int count = 1;

	if (conf->service.workers > 0)
		return (unsigned)conf->service.workers;
	/* those that we may run on: a container, taskset */
	if (sched_getaffinity(0, sizeof(cores), &cores) == 0)
		count = CPU_COUNT(&cores);
	return count > GROUP_MAX ? GROUP_MAX : (unsigned)count;
}

/* A web process that died meanwhile, and is to be made anew, keeps nobody waiting. */
static bool all_ready(struct supervisor *s)
{
	for (unsigned i = 0; i < s->common.places; i++) {
		const struct member *m = supervisor_member(s, i);

		if (supervisor_is_web(s, i) && s->posts[i].delay_ms > 0)
			continue;
		if (!m || m->phase != WORKER_READY)
			return false;
	}
	return true;
}

void supervisor_start_on(struct supervisor *s)
{
	if (s->ready)
		return;
	s->begun = true;
	atomic_store(&common_pages(&s->common)->begun, true);
	for (unsigned i = 1; i < s->common.places; i++)
		if (s->posts[i].delay_ms == 0 && !supervisor_member(s, i))
			supervisor_on_respawn(&s->posts[i]);
	if (!all_ready(s))
		return;
	s->ready = true;
	log_print(s->log, LEVEL_INFO, "event=ready");
	notify_ready();
	if (s->rounds[ROUND_RELOAD].again) /* it was asked for meanwhile */
		supervisor_reload(s);
}

static void on_signal(void *arg, int signo)
{
	struct supervisor *s = arg;

	if (signo == SIGCHLD)
		supervisor_reap(s);
	else if (signo == SIGTERM || signo == SIGINT)
		supervisor_terminate(s);
	else if (s->stopping)
		return;
	else if (signo == SIGHUP)
		supervisor_reload(s);
	else if (signo == SIGUSR1)
		supervisor_count(s);
	else if (signo == SIGUSR2)
		supervisor_reopen(s);
	else if (signo == SIGWINCH)
		supervisor_roll(s);
}

static bool open_loop(struct supervisor *s)
{
	static const int signals[] = {
		SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD, SIGWINCH
	};

	s->loop = loop_new();
	if (!s->loop)
		return false;
	s->look = timer_new(s->loop, supervisor_on_look, s);
	s->patience = timer_new(s->loop, supervisor_on_patience, s);
	for (unsigned i = 0; i < s->common.places; i++) {
		s->posts[i] = (struct post){ .of = s, .index = i };
		s->posts[i].respawn = timer_new(s->loop, supervisor_on_respawn, &s->posts[i]);
		if (!s->posts[i].respawn)
			return false;
	}
	return s->look && s->patience &&
	       loop_signals(s->loop, signals, SK_COUNT(signals), on_signal, s);
}

static bool open_log(struct supervisor *s, char why[COMMON_WHY_SIZE])
{
	enum log_level level = (enum log_level)s->start->log.level;

	if (s->log_level)
		level = (enum log_level)worker_log_level(s->log_level);
	if (!log_open(s->start->log.target, level, &s->log, why))
		return false;
	log_set_json(s->log, s->start->log.format == FORMAT_JSON);
	return true;
}

/* The text that all workers read is what we have read. */
static bool open_conf(struct supervisor *s, const char *path, char why[COMMON_WHY_SIZE])
{
	struct complaints complaints = { 0 };
	bool ok = conf_text_read(path, &s->start_text, &s->start, &complaints);

	if (!ok)
		snprintf(why, COMMON_WHY_SIZE, "%s",
			 complaints.count ? complaints.items[0] : sk_err_text(SK_ENOMEM));
	complaints_deinit(&complaints);
	if (!ok)
		return false;
	s->conf = conf_ref(s->start);
	s->text = s->start_text;
	return true;
}

/* The last seat is ours: we look at names that others may give away. */
static bool open_tally(struct supervisor *s)
{
	s->tally = tally_at(s->common.tally.at, (size_t)s->start->tenants.max, s->common.seats,
			    s->common.seats - 1);
	return s->tally != NULL;
}

static bool open_all(struct supervisor *s, const char *path, char why[COMMON_WHY_SIZE])
{
	unsigned workers, places;

	privileges_guard_secrets();
	if (!open_conf(s, path, why))
		return false;
	workers = workers_of(s->start);
	places = common_places(s->start, workers);
	if (!common_open(s->start, workers, 2 * places + 1, &s->common, why) ||
	    !privileges_drop(s->start->service.user, why) || !open_log(s, why))
		return false;
	if (open_tally(s) && open_loop(s))
		return true;
	snprintf(why, COMMON_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
	return false;
}

static void close_all(struct supervisor *s)
{
	for (unsigned i = 0; i < s->common.places; i++)
		timer_free(s->posts[i].respawn);
	timer_free(s->look);
	timer_free(s->patience);
	loop_free(s->loop);
	tally_free(s->tally);
	common_close(&s->common);
	if (s->text >= 0 && s->text != s->start_text)
		close(s->text);
	if (s->start_text >= 0)
		close(s->start_text);
	if (s->next_text >= 0)
		close(s->next_text);
	conf_unref(s->next);
	conf_unref(s->conf);
	conf_unref(s->start);
	log_close(s->log);
}

static void warn_of_start(struct supervisor *s)
{
	struct clock_state clock;
	char why[PRIVILEGES_WHY_SIZE];

	if (privileges_warning(s->start->service.user, why))
		log_print(s->log, LEVEL_WARNING, "msg=\"%s\"", why);
	if (privileges_few_files(s->start->streams.connections, why))
		log_print(s->log, LEVEL_WARNING, "msg=\"%s\"", why);
	if (s->common.http.left_out[0] != '\0')
		log_print(s->log, LEVEL_ERROR, "msg=\"%s\"", s->common.http.left_out);
	clock_state_read(&clock);
	clock_state_say(&clock, s->log);
}

static void serve(struct supervisor *s)
{
	atomic_store(&common_pages(&s->common)->service.started_s, s->clock.wall(&s->clock));
	warn_of_start(s);
	supervisor_on_look(s);
	if (!supervisor_spawn(s, 0)) {
		fprintf(stderr, "shaken-redirector: no worker can be started: %s\n",
			strerror(errno));
		s->status = EXIT_FAILURE;
		return;
	}
	loop_run(s->loop);
	if (s->status != 0)
		return;
	supervisor_report(s);
	log_print(s->log, LEVEL_INFO, "event=stopped");
}

int supervisor_run(struct conf *conf, const char *log_level)
{
	struct supervisor *s = calloc(1, sizeof(*s));
	char why[COMMON_WHY_SIZE] = "out of memory";
	int status = EXIT_FAILURE;

	if (s) {
		s->start_text = s->text = s->next_text = -1;
		s->rolling = NOBODY;
		s->log_level = log_level;
		s->clock = CLOCK_REAL;
	}
	if (s && open_all(s, conf->path, why)) {
		serve(s);
		status = s->status;
	} else {
		fprintf(stderr, "shaken-redirector: %s\n", why);
	}
	if (s)
		close_all(s);
	free(s);
	return status;
}
