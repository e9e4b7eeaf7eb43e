/*
 * Work that waited too long is dropped from the head of the queue, so whoever is served is served
 * in time: with more than we can do the age of what comes next stays at sip.overload-age, each
 * call that is served makes room for the next, and those in between are turned away.
 *
 * What that costs, in microseconds of one core: a call 30 (signed) to 80 (verified), an answer to
 * one that is turned away 6 and its ACK 1, a drop 1.2.  At three times what we can do, two are
 * turned away for each that is served.  Were both answered, 14 of 44 us would go: 68 % of the
 * calls are left.  With answers held to a twentieth of the time and the rest dropped unread it
 * is 30 / (30 + 2 * 1.2) * 0.95 = 88 % (verified: 92 %).
 *
 * What surprises: one old datagram is not too much.  After a stall (a machine that paused us)
 * the queue is old but short, and is best served; only when it has been old for another
 * sip.overload-age we cannot keep up.
 */
#include "redirector/sip/front_overload.h"

#include "redirector/base/bucket.h"
#include "redirector/call/limit.h"
#include "redirector/sip/front_state.h"

enum {
	QUIET_MS = 1000,      /* without anything old: it is over */
	FULL_MS = 2000,       /* no burst any more ... */
	FULL_SHARE = 50,      /* ... and so many per cent of the calls are turned away */
	OPTIONS_SECOND = 100, /* that are answered meanwhile */
	SOS_SECOND = 200,     /* emergency calls, of all clients together */
	SHARE = 5,            /* per cent of the time, for answers to those turned away */
	LEFT_MAX_US = 10000,  /* ... of which so much may be saved up, or be owed */
	SEND_US = 3,          /* what leaves with the batch, and the ACK, are not measured */
	SPENT_MAX_US = 200,   /* what took longer did not run all the time */
	LAG_MS = 20,
};

static const enum counter told[3] = { COUNT_OVERLOAD, COUNT_SHED, COUNT_STALE };

static int64_t now_ms(const struct front *f)
{
	return f->parts.clock->mono(f->parts.clock);
}

static bool starts(const struct packet *g, const char *text, size_t len)
{
	return g->bytes.len > len && memcmp(g->bytes.ptr, text, len) == 0;
}

static bool is_invite(const struct packet *g)
{
	return starts(g, "INVITE ", 7);
}

/* --- how it begins and ends --- */

static void watch_on(struct front *f)
{
	if (!timer_set(f->overload.timer, QUIET_MS))
		log_print(f->parts.log, LEVEL_ERROR, "event=overload msg=\"is not watched\"");
}

static void begin(struct front *f, int64_t now)
{
	struct overload *o = &f->overload;

	o->on = true;
	o->began_ms = now;
	o->left_us = LEFT_MAX_US;
	o->filled_ms = now;
	o->window = (struct load_window){ .began_ms = now };
	for (size_t i = 0; i < SK_COUNT(told); i++)
		o->began_with[i] = f->parts.counters->n[told[i]];
	log_print(f->parts.log, LEVEL_WARNING, "event=overload state=begin");
	watch_on(f);
}

static void end(struct front *f)
{
	struct overload *o = &f->overload;
	const uint64_t *n = f->parts.counters->n;

	o->on = false;
	log_print(f->parts.log, LEVEL_WARNING,
		  "event=overload state=end ms=%lld turned_away=%llu unanswered=%llu stale=%llu",
		  (long long)(o->old_last_ms - o->began_ms),
		  (unsigned long long)(n[COUNT_OVERLOAD] - o->began_with[0]),
		  (unsigned long long)(n[COUNT_SHED] - o->began_with[1]),
		  (unsigned long long)(n[COUNT_STALE] - o->began_with[2]));
}

/* Once a second, while something is to be watched. */
static void tick(struct front *f, int64_t now)
{
	struct overload *o = &f->overload;

	if (o->on && now - o->old_last_ms >= QUIET_MS)
		end(f);
	front_roll_window(o, now);
}

static void on_timer(void *arg)
{
	struct front *f = arg;

	tick(f, now_ms(f));
	if (f->overload.on || f->overload.loss > 0)
		watch_on(f);
}

/* --- how old something is --- */

/* How late a timer comes is how long one round through all streams takes. */
static void on_lag(void *arg)
{
	struct front *f = arg;
	struct overload *o = &f->overload;
	int64_t now = now_ms(f);

	o->lag_ms = now > o->lag_due_ms ? now - o->lag_due_ms : 0;
	o->lag_due_ms = 0;
}

/* For how long a stream's bytes have waited nobody says; at least as long as a round of the loop
 * takes, and as what lies in the sockets beside. */
static int64_t stream_age_us(struct front *f)
{
	struct overload *o = &f->overload;
	int64_t now = now_ms(f), age = o->lag_ms;

	if (now - o->stream_ms > QUIET_MS)
		age = o->lag_ms = 0;
	o->stream_ms = now;
	if (o->lag_due_ms == 0 && timer_set(o->lag_timer, LAG_MS))
		o->lag_due_ms = now + LAG_MS;
	else if (o->lag_due_ms > 0 && now - o->lag_due_ms > age)
		age = now - o->lag_due_ms;
	if (o->on && now - o->datagram_ms < LAG_MS && age <= f->conf->sip.overload_age)
		age = f->conf->sip.overload_age + 1;
	return age * 1000;
}

/* Notes that something was too old.  @return there is too much */
static bool note_old(struct front *f, const struct packet *g)
{
	struct overload *o = &f->overload;
	int64_t now = now_ms(f), grace = f->conf->sip.overload_age;

	if (o->old_since_ms == 0 || now - o->old_last_ms > grace)
		o->old_since_ms = now;
	o->old_last_ms = now;
	if (!g->stream) /* a stream's age is taken from these, and must not go on by itself */
		o->datagram_ms = now;
	if (!o->on && now - o->old_since_ms >= grace)
		begin(f, now);
	return o->on;
}

bool front_is_stale(struct front *f, const struct packet *g)
{
	if (g->waited_us <= f->conf->sip.queue_age * 1000 || starts(g, "ACK ", 4) ||
	    starts(g, "CANCEL ", 7))
		return false; /* those two are dropped at any age, and counted as what they are */
	note_old(f, g);
	front_count(f, COUNT_STALE);
	return true;
}

/* --- what is to be done --- */

/* RFC 5031, 4.2: urn:service:sos and what is below it, in any case.  Nobody who asks for help is
 * turned away; but the word costs nothing, so who says it thousands of times a second waits with
 * the others. */
static bool is_emergency(struct overload *o, const struct packet *g, int64_t now)
{
	static const char sos[] = "urn:service:sos";
	const size_t len = sizeof(sos) - 1;
	const char *at = g->bytes.ptr + 7;

	return is_invite(g) && g->bytes.len > 7 + len && strncasecmp(at, sos, len) == 0 &&
	       (at[len] == ' ' || at[len] == '.') &&
	       bucket_take(&o->sos_at, 1000, SOS_SECOND, SOS_SECOND, now * 1000);
}

/* A guess by the To line alone, so that nobody inside a dialog is dropped unread; what it comes to
 * is seen when it is read. */
static bool may_be_in_dialog(const struct packet *g)
{
	struct sk_span rest = g->bytes;

	while (rest.len > 3) {
		const char *lf = memchr(rest.ptr, '\n', rest.len);
		size_t len = lf ? (size_t)(lf - rest.ptr) + 1 : rest.len;

		if (strncasecmp(rest.ptr, "to:", 3) == 0 || strncasecmp(rest.ptr, "t:", 2) == 0)
			return memmem(rest.ptr, len, ";tag=", 5) != NULL;
		rest = (struct sk_span){ rest.ptr + len, rest.len - len };
	}
	return false;
}

/* A share of the time; fills up as time goes by. */
static bool is_something_left(struct overload *o, int64_t now)
{
	int64_t passed = now - o->filled_ms;

	if (passed > 0)
		o->left_us += passed * 1000 * SHARE / 100;
	if (o->left_us > LEFT_MAX_US)
		o->left_us = LEFT_MAX_US;
	o->filled_ms = now;
	return o->left_us > 0;
}

static bool is_read(struct front *f, const struct packet *g)
{
	struct overload *o = &f->overload;
	int64_t now = now_ms(f);
	bool left = is_something_left(o, now);

	if (!is_invite(g)) {
		if (starts(g, "OPTIONS ", 8))
			return bucket_take(&o->options_at, 1000, OPTIONS_SECOND, OPTIONS_SECOND,
					   now * 1000);
		return g->stream != NULL;
	}
	if (may_be_in_dialog(g))
		return true;
	if (f->conf->sip.overload == OVER_LIMIT_SILENCE)
		return false;
	/* who sent it by a stream does not send it again (RFC 3261, 17.1.1.2), and would wait for
	 * half a minute; the stream itself holds it back */
	return left || g->stream;
}

enum load front_load(struct front *f, const struct packet *g)
{
	struct overload *o = &f->overload;
	int64_t age_us = g->stream ? stream_age_us(f) : g->waited_us;
	bool old = age_us > f->conf->sip.overload_age * 1000, much;

	if (!old && !o->on && o->loss == 0)
		return LOAD_FINE;
	if (o->on || o->loss > 0)
		tick(f, now_ms(f));
	much = old && note_old(f, g);
	o->window.calls += is_invite(g);
	if (!much || is_emergency(o, g, now_ms(f)))
		return LOAD_FINE;
	if (is_read(f, g))
		return LOAD_TURN;
	o->window.turned += is_invite(g);
	front_count(f, COUNT_OVERLOAD);
	front_count(f, COUNT_SHED);
	return LOAD_DROP;
}

void front_load_spent(struct front *f, int64_t began_us)
{
	struct overload *o = &f->overload;
	int64_t us = clock_us() - began_us;

	o->left_us -= (us < SPENT_MAX_US ? us : SPENT_MAX_US) + SEND_US;
	if (o->left_us < -LEFT_MAX_US)
		o->left_us = -LEFT_MAX_US;
}

bool front_is_full(const struct front *f)
{
	const struct overload *o = &f->overload;

	return o->on && o->old_last_ms - o->began_ms >= FULL_MS && o->share >= FULL_SHARE;
}

/* Not all at one time: by the call, so that a repeat would be told the same. */
static unsigned retry_after(const struct facts *facts)
{
	return 1 + facts->id[0] % 5;
}

bool front_turn_away(struct dip *d, struct answer *out)
{
	struct front *f = d->front;
	struct call *c = &d->call;

	/* whether we live is answered like OPTIONS */
	if (limit_is_heartbeat(c) && !front_is_full(f))
		return false;
	c->err = SK_OVERLOAD;
	f->overload.window.turned++;
	front_count(f, COUNT_OVERLOAD);
	*out = (struct answer){ .status = 0, .phrase = "", .verstat = "" };
	/* whoever has been answered once is not answered again at the cost of a new call */
	if (c->facts.repeat || f->conf->sip.overload == OVER_LIMIT_SILENCE) {
		front_count(f, COUNT_SHED);
		return true;
	}
	answer_overload(c, f->conf->sip.overload == OVER_LIMIT_302, retry_after(&c->facts),
			f->answer, out);
	return true;
}

bool front_overload_init(struct front *f)
{
	struct overload *o = &f->overload;
	const struct clock *clock = f->parts.clock;

	o->base_ms = clock->wall(clock) * 1000 - clock->mono(clock);
	o->timer = timer_new(f->parts.loop, on_timer, f);
	o->lag_timer = timer_new(f->parts.loop, on_lag, f);
	return o->timer && o->lag_timer;
}

void front_overload_deinit(struct front *f)
{
	timer_free(f->overload.timer);
	timer_free(f->overload.lag_timer);
}
