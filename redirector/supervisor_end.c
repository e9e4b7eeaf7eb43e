/*
 * The end: SIP's workers answer what they have and go; the web process, which tells others that we
 * are leaving, goes when no SIP is served any more.
 *
 * What surprises: until then its word is "leaving" and not "drain", and its sockets stay as they
 * are, since it answers who asks how we are.  It is told once more with every death: one that was
 * just being made has not heard the first.
 */
#include "redirector/supervisor_state.h"

#include "redirector/base/notify.h"

#include <stdlib.h>

enum {
	SPARE_MS = 1000, /* for a process to end, behind its time for what it has in hand */
};

static bool is_there(const struct member *m, bool web)
{
	return m->pid != 0 && supervisor_is_web(m->of, m->index) == web;
}

static unsigned count(const struct supervisor *s, bool web)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 2 * s->common.places; i++)
		n += is_there(&s->members[i], web);
	return n;
}

static void tell(struct supervisor *s, const char *word, bool web)
{
	for (unsigned i = 0; i < 2 * s->common.places; i++)
		if (is_there(&s->members[i], web) && !supervisor_tell(&s->members[i], word, -1))
			log_print(s->log, LEVEL_DEBUG, "event=worker index=%u msg=\"not told: %s\"",
				  s->members[i].index, word);
}

void supervisor_on_patience(void *arg)
{
	struct supervisor *s = arg;

	for (unsigned i = 0; i < 2 * s->common.places; i++)
		if (s->members[i].pid != 0)
			supervisor_kill(&s->members[i], "it does not end");
}

static void be_patient(struct supervisor *s, int64_t ms)
{
	if (!timer_set(s->patience, ms))
		supervisor_on_patience(s);
}

/* Its time begins when SIP's is over. */
static void tell_last(struct supervisor *s)
{
	if (s->last_told)
		return;
	s->last_told = true;
	be_patient(s, worker_web_drain_ms(s->conf) + SPARE_MS);
}

void supervisor_end_on(struct supervisor *s)
{
	bool sip = count(s, false) > 0, web = count(s, true) > 0;

	/* nobody accepts any more, or is to: whoever comes would wait in a queue for our end */
	if (!sip || !web)
		http_sockets_refuse(&s->common.http);
	if (sip) {
		tell(s, "leaving", true);
	} else if (web) {
		tell_last(s);
		tell(s, s->at_once ? "end" : "drain", true);
	} else {
		loop_stop(s->loop);
	}
}

static void stop(struct supervisor *s, const char *word, int64_t patience_ms)
{
	s->stopping = true;
	for (unsigned i = 0; i < s->common.places; i++)
		timer_stop(s->posts[i].respawn);
	be_patient(s, patience_ms);
	tell(s, word, false);
	if (s->at_once)
		tell(s, word, true);
	supervisor_end_on(s);
}

void supervisor_fail(struct supervisor *s)
{
	s->status = EXIT_FAILURE;
	s->at_once = true;
	stop(s, "end", SPARE_MS);
}

void supervisor_terminate(struct supervisor *s)
{
	if (s->stopping) {
		s->at_once = true;
		stop(s, "end", SPARE_MS);
		return;
	}
	notify_stopping();
	notify_status("drains");
	stop(s, "drain", s->conf->sip.drain + SPARE_MS);
}
