/*
 * Parts are made from the bottom up: log, loop, certificates, front, sockets.
 * What a reload may change (tenant, trust, certificates) is built whole beside
 * the running one and swapped in at the end.
 */
#include "redirector/worker.h"

#include "config/load.h"
#include "redirector/base/clock.h"
#include "redirector/base/loop.h"
#include "redirector/call/counters.h"
#include "redirector/call/tenant.h"
#include "redirector/net/udp.h"
#include "redirector/sip/front.h"
#include "redirector/supply.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum {
	LISTEN_MAX = 16, /* addresses one worker listens on */
	WHY_SIZE = 512,
	DRAIN_STEP_MS = 50,
};

struct worker {
	struct conf *conf, *started; /* in use; what the process began with */
	struct log *log;
	struct clock clock;
	struct counters counters;
	struct loop *loop;
	struct supply *supply;
	struct front *front;
	struct udp *sockets[LISTEN_MAX];
	size_t socket_count;
	struct timer *drain_timer;
	int64_t drain_until;
	bool level_forced; /* --log-level beats the configuration */
};

int worker_log_level(const char *text)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };

	for (size_t i = 0; i < SK_COUNT(names); i++)
		if (strcmp(text, names[i]) == 0)
			return (int)i;
	return -1;
}

static void worker_deinit(struct worker *w)
{
	timer_free(w->drain_timer);
	front_free(w->front); /* answers what still waits, through the sockets */
	for (size_t i = 0; i < w->socket_count; i++)
		udp_free(w->sockets[i]);
	supply_free(w->supply);
	loop_free(w->loop);
	log_close(w->log);
	conf_unref(w->started);
	conf_unref(w->conf);
}

/* Keys live in this process: no core dump, no debugger of another user. */
static void protect_secrets(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

/* What the kernel refused is counted by each socket. */
static uint64_t send_failures(const struct worker *w)
{
	uint64_t failed = 0;

	for (size_t i = 0; i < w->socket_count; i++)
		failed += udp_counters(w->sockets[i])->failed;
	return failed;
}

static void log_counters(struct worker *w)
{
	char text[LOG_LINE_MAX];
	size_t len = 0;

	w->counters.n[COUNT_SEND_FAILED] = send_failures(w);
	for (int i = 0; i < COUNT_LAST && len < sizeof(text) - 64; i++)
		if (w->counters.n[i] > 0 || i == COUNT_ELSEWHERE)
			len += (size_t)snprintf(text + len, sizeof(text) - len, " %s=%llu",
						counter_name((enum counter)i),
						(unsigned long long)w->counters.n[i]);
	log_print(w->log, LEVEL_ASKED, "event=counters%s log_lost=%llu", text,
		  (unsigned long long)log_lost(w->log));

	len = 0;
	text[0] = '\0';
	for (int i = 0; i < SK_ERR_COUNT && len < sizeof(text) - 64; i++)
		if (w->counters.outcomes[i] > 0)
			len += (size_t)snprintf(text + len, sizeof(text) - len, " %s=%llu",
						sk_err_name((enum sk_err)i),
						(unsigned long long)w->counters.outcomes[i]);
	log_print(w->log, LEVEL_ASKED, "event=outcomes%s", text);
	supply_log_counters(w->supply);
}

static void log_complaints(struct worker *w, enum log_level level, const struct complaints *list)
{
	for (size_t i = 0; i < list->count; i++)
		log_print(w->log, level, "msg=\"%s\"", list->items[i]);
}

/* What a reload may change and the worker itself holds, built before anything is swapped. */
struct fresh {
	struct conf *conf;
	struct tenant *tenant;
};

static void fresh_deinit(struct fresh *f)
{
	tenant_unref(f->tenant);
	conf_unref(f->conf);
}

static bool fresh_build(struct fresh *f, const struct clock *clock, char why[WHY_SIZE])
{
	f->tenant = tenant_new(f->conf, clock->wall(clock), why);
	return f->tenant != NULL;
}

/* Each time, until the restart: what a reload could not do has not happened by the next one */
static void report_restart(struct worker *w, const struct conf *wanted)
{
	struct complaints names = { 0 };

	if (conf_restart_needed(w->started, wanted, &names) > 0)
		for (size_t i = 0; i < names.count; i++)
			log_print(w->log, LEVEL_WARNING,
				  "event=reload msg=\"%s changed: takes effect after a restart\"",
				  names.items[i]);
	complaints_deinit(&names);
}

static bool reload_build(struct worker *w, struct fresh *f, char why[WHY_SIZE])
{
	struct complaints complaints = { 0 };
	bool ok = conf_load(w->conf->path, &f->conf, &complaints);

	log_complaints(w, ok ? LEVEL_WARNING : LEVEL_ERROR, &complaints);
	complaints_deinit(&complaints);
	snprintf(why, WHY_SIZE, "the configuration has errors");
	return ok && fresh_build(f, &w->clock, why);
}

static void reload(struct worker *w)
{
	struct fresh f = { 0 };
	char why[WHY_SIZE];

	if (!reload_build(w, &f, why) || !supply_reload(w->supply, f.conf, why)) {
		log_print(w->log, LEVEL_ERROR,
			  "event=reload result=failed msg=\"%s; the running configuration stays\"",
			  why);
		fresh_deinit(&f);
		return;
	}
	report_restart(w, f.conf);
	front_set_tenant(w->front, f.tenant);
	if (!w->level_forced)
		log_set_level(w->log, (enum log_level)f.conf->log.level);
	conf_unref(w->conf);
	w->conf = conf_ref(f.conf);
	log_print(w->log, LEVEL_INFO, "event=reload result=ok");
	fresh_deinit(&f);
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
	w->drain_until = w->clock.mono(&w->clock) + w->conf->sip.drain;
	on_drain_timer(w);
}

static void reopen(struct worker *w)
{
	if (log_reopen(w->log)) {
		log_print(w->log, LEVEL_INFO, "event=reopen result=ok");
		return;
	}
	log_print(w->log, LEVEL_ERROR, "event=reopen result=failed msg=\"%s: %s\"",
		  w->conf->log.target, strerror(errno));
	fprintf(stderr, "shaken-redirector: log.target: %s: %s\n", w->conf->log.target,
		strerror(errno));
}

static void on_signal(void *arg, int signo)
{
	struct worker *w = arg;

	if (signo == SIGHUP)
		reload(w);
	else if (signo == SIGUSR1)
		log_counters(w);
	else if (signo == SIGUSR2)
		reopen(w);
	else
		drain(w);
}

static bool open_sockets(struct worker *w, char why[WHY_SIZE])
{
	const struct text_list *listen = &w->conf->sip.listen;
	char text[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < listen->count && i < LISTEN_MAX; i++) {
		struct sk_span s = sk_span_of(listen->items[i]);
		struct addr at;

		/* "udp:" was checked with the configuration */
		if (!addr_parse((struct sk_span){ s.ptr + 4, s.len - 4 }, &at)) {
			snprintf(why, WHY_SIZE, "sip.listen: %.100s", s.ptr);
			return false;
		}
		if (!udp_new(w->loop, &at, w->conf->sip.receive_buffer, front_on_datagram, w->front,
			     &w->sockets[w->socket_count], why))
			return false;
		addr_print(udp_local(w->sockets[w->socket_count]), text);
		log_print(w->log, LEVEL_INFO, "event=listen address=udp:%s receive_buffer=%d", text,
			  udp_receive_buffer(w->sockets[w->socket_count]));
		w->socket_count++;
	}
	return true;
}

static bool open_front(struct worker *w, struct tenant *tenant, char why[WHY_SIZE])
{
	struct front_parts parts = { w->loop, w->log, &w->clock, supply_certs(w->supply),
				     &w->counters };

	return front_new(&parts, tenant, &w->front, why) && open_sockets(w, why);
}

static bool worker_init(struct worker *w, char why[WHY_SIZE])
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2 };
	struct fresh f = { .conf = conf_ref(w->conf) };
	struct supply_parts parts;
	bool ok;

	snprintf(why, WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
	w->loop = loop_new();
	ok = w->loop && loop_signals(w->loop, signals, SK_COUNT(signals), on_signal, w);
	if (ok)
		w->drain_timer = timer_new(w->loop, on_drain_timer, w);
	parts = (struct supply_parts){ w->loop, &w->clock, w->log };
	ok = ok && w->drain_timer && fresh_build(&f, &w->clock, why) &&
	     supply_new(&parts, w->conf, &w->supply, why) && open_front(w, f.tenant, why);
	fresh_deinit(&f);
	return ok;
}

int worker_run(struct conf *conf, const char *log_level)
{
	struct worker *w = calloc(1, sizeof(*w));
	enum log_level level = (enum log_level)conf->log.level;
	char why[WHY_SIZE];
	bool ok;

	protect_secrets();
	/* a look-up that curl gave up on holds a thread until the C library gives up, too */
	setenv("RES_OPTIONS", "timeout:1 attempts:2", 0);
	if (!w)
		return 1;
	w->conf = conf_ref(conf);
	w->started = conf_ref(conf);
	w->clock = CLOCK_REAL;
	w->level_forced = log_level != NULL;
	if (log_level)
		level = (enum log_level)worker_log_level(log_level);
	ok = log_open(conf->log.target, level, &w->log, why) && worker_init(w, why);
	if (ok) {
		if (conf->certs.lab)
			log_print(w->log, LEVEL_WARNING,
				  "msg=\"certs.lab is on: certificates may be fetched from any "
				  "address and port; for a laboratory only\"");
		log_print(w->log, LEVEL_INFO, "event=ready");
		loop_run(w->loop);
		log_counters(w);
		log_print(w->log, LEVEL_INFO, "event=stopped");
	} else {
		fprintf(stderr, "shaken-redirector: %s\n", why);
	}
	worker_deinit(w);
	free(w);
	return !ok;
}
