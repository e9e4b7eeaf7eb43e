/*
 * Each rule looks at the picture and says at most one line or two.  What strangers can bring about
 * (a repository of theirs that does not answer) is worth a note and no more.
 */
#include "redirector/http/live_view.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SILENT_MS = 10000,
	NEW_S = 600, /* a process made anew within ten minutes is worth a note */
	DAY = 86400,
	SOON_DAYS = 3,
	LATER_DAYS = 14,
	ERROR_MAX_US = 500000, /* a clock that may be so wrong makes iat doubtful */
};

struct finding {
	const struct live_view *view;
	const struct snapshot *seen;
	struct history_sums lately;
	struct live_problem *out;
	size_t count;
};

static void SK_PRINTF(4, 5)
	say(struct finding *f, enum live_level level, const char *see, const char *fmt, ...)
{
	struct live_problem *p = &f->out[f->count];
	va_list args;

	if (f->count == LIVE_PROBLEMS_MAX)
		return;
	f->count++;
	p->level = level;
	p->see = see;
	va_start(args, fmt);
	vsnprintf(p->text, sizeof(p->text), fmt, args);
	va_end(args);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void workers(struct finding *f)
{
	const struct snapshot *s = f->seen;

	if (s->ready == 0)
		say(f, LIVE_BAD, "workers", "No worker is ready: SIP is not answered.");
	else if (s->ready < s->workers && s->draining == 0)
		say(f, LIVE_WARN, "workers", "%zu of %zu workers are ready.", s->ready, s->workers);
	if (s->draining > 0)
		say(f, LIVE_NOTE, "workers", "%zu worker%s on the way out.", s->draining,
		    s->draining == 1 ? " is" : "s are");
	if (s->supervisor_silent_ms > SILENT_MS)
		say(f, LIVE_WARN, "workers", "The supervisor shows no sign of life.");
}

static void processes(struct finding *f)
{
	for (size_t i = 0; i < f->seen->process_count; i++) {
		const struct seen_process *p = &f->seen->processes[i];
		const char *what = p->web ? "The web process" : "A worker";

		if (p->pid == 0)
			continue;
		if (p->phase == WORKER_READY && p->silent_ms > SILENT_MS)
			say(f, LIVE_WARN, "workers", "%s (process %d) shows no sign of life.", what,
			    (int)p->pid);
		else if (p->spawned > 1 && f->seen->at_s - p->started_s < NEW_S)
			say(f, LIVE_NOTE, "workers", "%s was made anew %lld min ago.", what,
			    (long long)(f->seen->at_s - p->started_s) / 60);
	}
}

static void reloads(struct finding *f)
{
	if (f->seen->reloaded_s > 0 && !f->seen->reload_ok)
		say(f, LIVE_WARN, "reload",
		    "The last reload was refused: the configuration before it is in use.");
}

/* One with a successor on file is no news until that ends, too: as in the log and the alerts. */
static bool has_longer(const struct seen_certs *certs, const struct seen_cert *cert)
{
	for (size_t i = 0; i < certs->count; i++) {
		const struct seen_cert *other = &certs->items[i];

		if (other->not_after > cert->not_after &&
		    strcmp(other->tenant, cert->tenant) == 0 &&
		    strcmp(other->credential, cert->credential) == 0)
			return true;
	}
	return false;
}

/* Those that end within so many days and not before `from`. */
static size_t ending(const struct seen_certs *certs, int64_t now, int64_t from, int64_t days)
{
	size_t count = 0;

	for (size_t i = 0; i < certs->count; i++) {
		int64_t left = certs->items[i].not_after - now;

		if (!certs->items[i].next && left > from * DAY && left <= days * DAY &&
		    !has_longer(certs, &certs->items[i]))
			count++;
	}
	return count;
}

static void certificates(struct finding *f)
{
	const struct seen_certs *c = &f->seen->certs;
	size_t ended = ending(c, f->seen->at_s, INT32_MIN, 0);
	size_t soon = ending(c, f->seen->at_s, 0, SOON_DAYS);
	size_t later = ending(c, f->seen->at_s, SOON_DAYS, LATER_DAYS);

	if (c->signers_able < c->signers)
		say(f, LIVE_BAD, "certificates",
		    "%zu of %zu tenants that sign have no certificate for it now.",
		    c->signers - c->signers_able, c->signers);
	if (ended > 0)
		say(f, LIVE_BAD, "certificates", "%zu certificate%s ended.", ended,
		    ended == 1 ? " has" : "s have");
	if (soon > 0)
		say(f, LIVE_BAD, "certificates", "%zu certificate%s within %d days.", soon,
		    soon == 1 ? " ends" : "s end", SOON_DAYS);
	if (later > 0)
		say(f, LIVE_WARN, "certificates", "%zu certificate%s within %d days.", later,
		    later == 1 ? " ends" : "s end", LATER_DAYS);
}

/* What clients are shown. */
static void listeners(struct finding *f)
{
	static const char *const words[SHOWN_LISTENERS] = {
		[SHOWN_TLS] = "SIP over TLS", [SHOWN_HTTPS] = "HTTPS"
	};

	for (int i = 0; i < SHOWN_LISTENERS; i++) {
		int64_t ends = f->seen->listener_ends[i], left = ends - f->seen->at_s;

		if (ends > 0 && left <= 0)
			say(f, LIVE_BAD, "certificates",
			    "The certificate of %s has ended: clients refuse us.", words[i]);
		else if (ends > 0 && left <= LATER_DAYS * (int64_t)DAY)
			say(f, left <= SOON_DAYS * (int64_t)DAY ? LIVE_BAD : LIVE_WARN,
			    "certificates", "The certificate of %s ends within %d days.", words[i],
			    left <= SOON_DAYS * (int64_t)DAY ? SOON_DAYS : LATER_DAYS);
	}
}

static void trust(struct finding *f)
{
	const struct snapshot *s = f->seen;

	if (s->anchors_known && s->anchors == 0 && s->certs.verifiers > 0)
		say(f, LIVE_BAD, "trust", "No authority is trusted: no call passes.");
	if (s->crls_missing)
		say(f, LIVE_BAD, "trust",
		    "No revocation list counts, and one is required: no call passes.");
	for (size_t i = 0; i < s->list_count; i++) {
		const struct lists_status *l = &s->lists[i];

		if (!l->counts && l->state != LISTS_AWAITED)
			say(f, LIVE_BAD, "trust", "Out of date or missing: %.120s", l->name);
		else if (l->state == LISTS_FAILED)
			say(f, LIVE_WARN, "trust",
			    "Not fetched, the last good one is in use: %.120s", l->name);
	}
}

static void repositories(struct finding *f)
{
	size_t open = 0;

	for (size_t i = 0; i < f->seen->host_count; i++)
		open += f->seen->hosts[i].host.open;
	if (open > 0)
		say(f, LIVE_NOTE, "repositories",
		    "%zu repositor%s of certificates %s not answer and %s left alone.", open,
		    open == 1 ? "y" : "ies", open == 1 ? "does" : "do", open == 1 ? "is" : "are");
}

static void load(struct finding *f)
{
	const struct live_look *now = live_look_back(f->view->recent, 0);
	const struct live_look *then = live_look_back(f->view->recent, LIVE_RECENT);
	uint64_t overload = f->lately.n[HISTORY_OVERLOAD], faults = f->lately.n[HISTORY_FAULTS];

	if (overload > 0)
		say(f, LIVE_BAD, "overload", "Too many calls: %llu turned away within a minute.",
		    (unsigned long long)overload);
	if (now->shed > then->shed)
		say(f, LIVE_BAD, "overload", "%llu of them were not even answered.",
		    (unsigned long long)(now->shed - then->shed));
	if (faults > 0)
		say(f, LIVE_WARN, "faults", "%llu fault%s of our own within a minute.",
		    (unsigned long long)faults, plural(faults));
	if (now->tokens_failed > then->tokens_failed)
		say(f, LIVE_WARN, "tokens",
		    "A token gave no signature, %llu time%s within a minute.",
		    (unsigned long long)(now->tokens_failed - then->tokens_failed),
		    plural(now->tokens_failed - then->tokens_failed));
	if (now->log_lost > then->log_lost)
		say(f, LIVE_WARN, "log", "%llu line%s of the log lost within a minute.",
		    (unsigned long long)(now->log_lost - then->log_lost),
		    plural(now->log_lost - then->log_lost));
}

static void clocks(struct finding *f)
{
	const struct clock_state *c = &f->seen->clock;

	if (c->known && !c->synchronised)
		say(f, LIVE_WARN, "clock",
		    "Nobody keeps this machine's clock: iat and ages may be "
		    "wrong.");
	else if (c->known && c->error_us > ERROR_MAX_US)
		say(f, LIVE_WARN, "clock", "This machine's clock may be wrong by %lld ms.",
		    (long long)c->error_us / 1000);
}

static int worst_first(const void *a, const void *b)
{
	const struct live_problem *one = a, *other = b;

	return (int)other->level - (int)one->level;
}

size_t live_problems(const struct live_view *view, struct live_problem out[LIVE_PROBLEMS_MAX])
{
	static void (*const rules[])(struct finding * f) = {
		workers, load,   certificates, listeners, trust,
		reloads, clocks, repositories, processes,
	};
	struct finding f = { .view = view, .seen = view->seen, .out = out };

	history_sum(view->history, view->seen->at_ms, LIVE_LATELY_MS, &f.lately);
	for (size_t i = 0; i < SK_COUNT(rules); i++)
		rules[i](&f);
	/* stable where it matters: few, and each rule is in order of weight */
	qsort(out, f.count, sizeof(*out), worst_first);
	return f.count;
}
