/*
 * All are asked, and when the last one has answered, or died, one line says what came of it.
 * One round of a kind at a time; a reload that is asked for meanwhile follows.
 *
 * What surprises: the text of a configuration becomes the one in use when all took it.  Whoever
 * was not asked, because it was just starting, gets it later (supervisor_catch_up()).
 */
#include "redirector/supervisor_state.h"

#include "redirector/base/notify.h"
#include "redirector/conf_text.h"
#include "redirector/http/http.h"
#include "redirector/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void log_all(struct supervisor *s, enum log_level level, const struct complaints *list)
{
	for (size_t i = 0; i < list->count; i++)
		log_print(s->log, level, "msg=\"%s\"", list->items[i]);
	if (list->lost > 0)
		log_print(s->log, level, "msg=\"and %zu more\"", list->lost);
}

static void use_next(struct supervisor *s)
{
	if (s->text != s->start_text)
		close(s->text);
	s->text = s->next_text;
	s->next_text = -1;
	conf_unref(s->conf);
	s->conf = sk_steal(s->next);
	s->version++;
	for (unsigned i = 0; i < 2 * s->common.places; i++)
		if (s->members[i].took_next)
			s->members[i].version = s->version;
	if (!s->log_level)
		log_set_level(s->log, (enum log_level)s->conf->log.level);
	log_set_json(s->log, s->conf->log.format == FORMAT_JSON);
}

static void forget_next(struct supervisor *s)
{
	if (s->next_text >= 0)
		close(s->next_text);
	s->next_text = -1;
	conf_unref(s->next);
	s->next = NULL;
}

/* For whoever shows it. */
static void show_reload(struct supervisor *s, bool ok, const char *findings)
{
	struct shown_service *shown = &common_pages(&s->common)->service;

	atomic_fetch_add(ok ? &shown->reloads_ok : &shown->reloads_failed, 1);
	snprintf(shown->findings, sizeof(shown->findings), "%s", findings);
	atomic_store(&shown->reload_ok, ok);
	atomic_store(&shown->reloaded_s, s->clock.wall(&s->clock));
}

static void reload_done(struct supervisor *s)
{
	const struct round *r = &s->rounds[ROUND_RELOAD];

	show_reload(s, r->failed == 0, r->failed == 0 ? r->answer : r->why);
	if (r->failed == 0) {
		use_next(s);
		log_print(s->log, LEVEL_INFO, "event=reload result=ok %s", r->answer);
	} else if (r->failed == r->asked) {
		log_print(s->log, LEVEL_ERROR,
			  "event=reload result=failed msg=\"%s; the running configuration stays\"",
			  r->why);
	} else {
		log_print(s->log, LEVEL_ERROR,
			  "event=reload result=failed workers=%u failed=%u msg=\"%s; in these the "
			  "running configuration stays: reload again\"",
			  r->asked, r->failed, r->why);
	}
	forget_next(s);
	notify_status(r->failed == 0 ? "serves, reloaded" : "serves; the last reload failed");
	notify_ready();
	supervisor_catch_up(s);
}

static void reopen_done(struct supervisor *s)
{
	if (s->rounds[ROUND_REOPEN].failed == 0)
		log_print(s->log, LEVEL_INFO, "event=reopen result=ok");
}

static bool is_owed(const struct supervisor *s, enum round_kind kind)
{
	for (unsigned i = 0; i < 2 * s->common.places; i++)
		if (s->members[i].pid != 0 && s->members[i].owes[kind])
			return true;
	return false;
}

static void finish(struct supervisor *s, enum round_kind kind)
{
	static void (*const done[])(struct supervisor * s) = {
		[ROUND_RELOAD] = reload_done,
		[ROUND_COUNTERS] = supervisor_report,
		[ROUND_REOPEN] = reopen_done,
	};
	struct round *r = &s->rounds[kind];

	if (!r->under_way || is_owed(s, kind))
		return;
	r->under_way = false;
	done[kind](s);
	if (kind == ROUND_RELOAD && r->again && !s->stopping)
		supervisor_reload(s);
}

void supervisor_answered(struct member *m, enum round_kind kind, const char *answer,
			 const char *why)
{
	struct supervisor *s = m->of;
	struct round *r = &s->rounds[kind];

	if (!m->owes[kind]) { /* it caught up */
		if (kind == ROUND_RELOAD && why && m->pid != 0)
			log_print(s->log, LEVEL_ERROR,
				  "event=reload result=failed index=%u msg=\"%s\"", m->index, why);
		return;
	}
	m->owes[kind] = false;
	m->took_next = kind == ROUND_RELOAD ? !why : m->took_next;
	/* a worker that died has refused nothing: the next one will say */
	if (why && m->pid != 0 && r->failed++ == 0)
		snprintf(r->why, sizeof(r->why), "%s", why);
	else if (!why && r->answer[0] == '\0')
		snprintf(r->answer, sizeof(r->answer), "%s", answer);
	finish(s, kind);
}

/* Asks all that are ready. */
static void ask(struct supervisor *s, enum round_kind kind, const char *word, int fd)
{
	struct round *r = &s->rounds[kind];

	*r = (struct round){ .under_way = true };
	for (unsigned i = 0; i < 2 * s->common.places; i++) {
		struct member *m = &s->members[i];

		if (m->pid == 0 || m->phase == WORKER_STARTING || m->killed ||
		    (kind == ROUND_RELOAD && m->phase != WORKER_READY))
			continue;
		m->took_next = false;
		m->owes[kind] = supervisor_tell(m, word, fd);
		r->asked += m->owes[kind];
	}
	finish(s, kind);
}

/* No worker hears of it. */
static void refuse_reload(struct supervisor *s, const char *finding, const char *why)
{
	forget_next(s);
	show_reload(s, false, finding);
	supervisor_tell_all(s, "records"); /* a rotation of them asks in the same way */
	log_print(s->log, LEVEL_ERROR,
		  "event=reload result=failed msg=\"%s; the running configuration stays\"", why);
	notify_status("serves; the last reload failed");
	notify_ready();
}

void supervisor_reload(struct supervisor *s)
{
	struct complaints complaints = { 0 };
	char why[256];
	bool ok;

	s->rounds[ROUND_RELOAD].again = s->rounds[ROUND_RELOAD].under_way || !s->ready;
	if (s->rounds[ROUND_RELOAD].again)
		return;
	notify_reloading();
	ok = conf_text_read(s->start->path, &s->next_text, &s->next, &complaints);
	log_all(s, ok ? LEVEL_WARNING : LEVEL_ERROR, &complaints);
	if (!ok)
		refuse_reload(s, complaints.count ? complaints.items[0] : sk_err_text(SK_ENOMEM),
			      "the configuration has errors");
	else if (!http_check(s->next, NULL, why)) /* the web process alone would refuse it */
		refuse_reload(s, why, why);
	else
		ask(s, ROUND_RELOAD, "reload", s->next_text);
	complaints_deinit(&complaints);
}

void supervisor_catch_up(struct supervisor *s)
{
	if (s->rounds[ROUND_RELOAD].under_way)
		return; /* its end comes here again */
	for (unsigned i = 0; i < 2 * s->common.places; i++) {
		struct member *m = &s->members[i];

		if (m->pid != 0 && m->phase == WORKER_READY && m->version != s->version &&
		    supervisor_tell(m, "reload", s->text))
			m->version = s->version;
	}
}

void supervisor_count(struct supervisor *s)
{
	if (!s->rounds[ROUND_COUNTERS].under_way)
		ask(s, ROUND_COUNTERS, "counters", -1);
}

void supervisor_reopen(struct supervisor *s)
{
	const char *target = s->start->log.target;

	if (s->rounds[ROUND_REOPEN].under_way)
		return;
	if (!log_reopen(s->log)) {
		log_print(s->log, LEVEL_ERROR,
			  "event=reopen result=failed msg=\"log.target: %s: %s\"", target,
			  strerror(errno));
		fprintf(stderr, "shaken-redirector: log.target: %s: %s\n", target, strerror(errno));
	}
	ask(s, ROUND_REOPEN, "reopen", -1);
}

static const char *kind_of(const struct supervisor *s, unsigned index)
{
	return supervisor_is_web(s, index) ? " kind=web" : "";
}

/* What one place has done, in both of its seats. */
static void report_worker(struct supervisor *s, unsigned index)
{
	static const char *const phases[] = {
		[WORKER_NONE] = "away",   [WORKER_STARTING] = "starting",
		[WORKER_READY] = "ready", [WORKER_DRAINING] = "draining",
		[WORKER_DEAD] = "away",
	};
	const struct worker_page *one = supervisor_page(s, index);
	const struct worker_page *two = supervisor_page(s, index + s->common.places);
	const struct member *m = supervisor_member(s, index);
	const uint64_t *a = one->counters.n, *b = two->counters.n;

	log_print(s->log, LEVEL_ASKED,
		  "event=worker result=%s index=%u%s pid=%d made=%u datagrams=%llu invites=%llu "
		  "answers=%llu",
		  phases[m ? m->phase : WORKER_NONE], index, kind_of(s, index), m ? (int)m->pid : 0,
		  atomic_load(&one->spawned) + atomic_load(&two->spawned),
		  (unsigned long long)(a[COUNT_DATAGRAMS] + b[COUNT_DATAGRAMS]),
		  (unsigned long long)(a[COUNT_INVITES] + b[COUNT_INVITES]),
		  (unsigned long long)(a[COUNT_ANSWERS] + b[COUNT_ANSWERS]));
}

void supervisor_report(struct supervisor *s)
{
	struct counters sum = { .n = { 0 } };
	uint64_t lost = log_lost(s->log);

	for (unsigned i = 0; i < s->common.places && s->common.places > 1; i++)
		report_worker(s, i);
	for (unsigned seat = 0; seat < s->common.seats; seat++) {
		const struct worker_page *page = supervisor_page(s, seat);

		for (int i = 0; i < COUNT_LAST; i++)
			sum.n[i] += page->counters.n[i];
		for (int i = 0; i < SK_ERR_COUNT; i++)
			sum.outcomes[i] += page->counters.outcomes[i];
		lost += atomic_load(&page->log_lost);
	}
	report_calls(s->log, &sum, lost);
	report_tenants(s->log, s->tally);
}
