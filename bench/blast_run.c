/*
 * One thread that never sleeps: a generator that waits in poll() makes the
 * server pay for waking it.  Calls are numbered in the order of sending, so the
 * oldest one that is still open is all that has to be looked at for a loss.  The
 * surprise: at a given rate the response time counts from when the call was due,
 * not from when we got round to sending it; else a stall would hide itself.
 */
#include "bench/blast.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	COMPLAINTS_MAX = 5,              /* wrong answers that are shown */
	DEAF_AFTER = 3,                  /* times --patience without any answer: give up */
	OTHERS_REST = 100 * 1000 * 1000, /* ns: how long the others' last answers may take */
	TURN_LONGEST = 10 * 1000 * 1000, /* ns: in a longer one the core was somebody else's */
};

struct run {
	struct wish wish;
	struct scripts scripts;
	struct lanes *lanes;     /* owned */
	struct checker *checker; /* owned, NULL without --certificate */
	struct others *others;   /* owned, NULL without --others      */
	struct flight *flights;  /* owned, wish.calls                 */
	struct tally tally;
	size_t next;   /* number of the next call to send           */
	size_t oldest; /* all below are answered or lost            */
	size_t phase, phase_first;
	uint64_t start, phase_start;
	uint64_t silence; /* ns that we have listened since the last answer */
	bool is_full;     /* a lane took no more                            */
};

static size_t in_flight(const struct run *r)
{
	return r->tally.sent - r->tally.answered - r->tally.shed - r->tally.lost;
}

/* When the next call is due; the phases follow each other without a gap. */
static uint64_t next_due(struct run *r)
{
	const struct phase *p = &r->wish.phases[r->phase];

	while (r->phase + 1 < r->wish.phase_count &&
	       (double)(r->next - r->phase_first) >= p->rate * p->seconds) {
		r->phase_first = r->next;
		r->phase_start += (uint64_t)(p->seconds * 1e9);
		p = &r->wish.phases[++r->phase];
	}
	return r->phase_start + (uint64_t)((double)(r->next - r->phase_first) * 1e9 / p->rate);
}

static void send_call(struct run *r, uint64_t due)
{
	size_t lane = r->next % r->lanes->count;
	char *room = r->lanes->class->room(r->lanes, lane, false);
	const struct script *script = &r->scripts.items[r->next % r->scripts.count];

	if (!room) {
		r->is_full = true;
		return;
	}
	r->lanes->class->put(r->lanes, lane, message_fill(&script->request, r->next, room));
	r->flights[r->next++] = (struct flight){ .due = due, .state = CALL_SENT };
	r->tally.sent++;
}

static void send_calls(struct run *r, uint64_t now)
{
	r->is_full = false;
	for (size_t i = 0; i < BATCH && r->next < r->wish.calls && !r->is_full; i++) {
		uint64_t due = r->wish.phase_count > 0 ? next_due(r) : now;

		if (due > now || (r->wish.window > 0 && in_flight(r) >= r->wish.window))
			return;
		if (now - due > r->tally.behind)
			r->tally.behind = now - due;
		send_call(r, due);
	}
}

static void complain(struct run *r, const char *what, struct sk_span bytes)
{
	if (r->tally.wrong++ < COMPLAINTS_MAX)
		fprintf(stderr, "blast: %s:\n%.*s\n", what, (int)bytes.len, bytes.ptr);
}

static void judge(struct run *r, const struct answer_view *a, struct sk_span bytes)
{
	const char *what = answer_judge(a, r->wish.kind);

	if (!what && r->checker && r->wish.check > 0 && a->number % r->wish.check == 0) {
		what = checker_verify(r->checker, a->identity,
				      &r->scripts.items[a->number % r->scripts.count]);
		r->tally.verified++;
	}
	if (what)
		complain(r, what, bytes);
}

static void acknowledge(struct run *r, const struct answer_view *a, size_t lane)
{
	char *room = r->lanes->class->room(r->lanes, lane, true);
	size_t len = room ? ack_fill(&r->scripts.items[a->number % r->scripts.count], a->number,
				     a->to_tag, room)
			  : 0;

	if (len > 0)
		r->lanes->class->put(r->lanes, lane, len);
	else
		r->tally.unsaid++;
}

static void take_answer(void *arg, size_t lane, struct sk_span bytes, uint64_t now)
{
	struct run *r = arg;
	struct answer_view a;
	struct flight *f;

	if (!answer_read(bytes, r->scripts.run, &a) || a.number >= r->next ||
	    r->flights[a.number].state != CALL_SENT) { /* twice, or after it was given up */
		r->tally.stray++;
		return;
	}
	if (a.number % r->lanes->count != lane)
		complain(r, "it came by another socket or connection", bytes);
	f = &r->flights[a.number];
	r->silence = 0;
	f->response =
		(uint32_t)((now - f->due) / 16 < UINT32_MAX ? (now - f->due) / 16 : UINT32_MAX);
	if (r->wish.shed && answer_sheds(&a, r->wish.kind)) {
		f->state = CALL_SHED;
		r->tally.shed++;
	} else {
		f->state = CALL_ANSWERED;
		r->tally.answered++;
		judge(r, &a, bytes);
	}
	if (r->wish.ack && a.status >= 300)
		acknowledge(r, &a, lane);
}

static void give_up_late(struct run *r)
{
	uint64_t patience = (uint64_t)(r->wish.patience * 1e9);
	uint64_t now = now_ns();

	for (; r->oldest < r->next; r->oldest++) {
		struct flight *f = &r->flights[r->oldest];

		if (f->state == CALL_SENT && (now < f->due || now - f->due < patience))
			return;
		if (f->state == CALL_SENT) {
			f->state = CALL_LOST;
			r->tally.lost++;
		}
	}
}

/* Nobody is there any more: no use to try all the calls that are left.  Phases have an end anyway,
 * and what is lost in them is what was asked for. */
static bool is_deaf(const struct run *r)
{
	double seconds = (double)r->silence / 1e9;

	if (r->wish.phase_count > 0 || r->tally.lost == 0 ||
	    seconds <= DEAF_AFTER * r->wish.patience)
		return false;
	fprintf(stderr, "blast: nobody has answered for %.1f s\n", seconds);
	return true;
}

/* The others' last answers. */
static bool others_end(struct run *r)
{
	for (uint64_t end = now_ns() + OTHERS_REST; r->others && now_ns() < end;)
		if (!others_step(r->others, 0))
			return false;
	return true;
}

/* One look at everything.  Time in which nothing was to do is the server's: a generator that
 * has none is what was measured.  On a busy machine a turn can take a second, in which nobody
 * listened: that is no silence of the server's. */
static bool turn(struct run *r)
{
	size_t done = r->tally.sent + r->tally.answered + r->tally.shed;
	uint64_t begin = now_ns(), took;

	send_calls(r, begin);
	if (!r->lanes->class->work(r->lanes, take_answer, r) ||
	    (r->others && !others_step(r->others, begin)))
		return false;
	if (r->tally.sent + r->tally.answered + r->tally.shed != done)
		return true;
	took = now_ns() - begin;
	r->tally.idle += took;
	r->silence += took < TURN_LONGEST ? took : TURN_LONGEST;
	return true;
}

bool run_all(struct run *r)
{
	r->start = r->phase_start = now_ns();
	while (r->oldest < r->wish.calls) {
		if (!turn(r))
			return false;
		give_up_late(r);
		if (is_deaf(r)) {
			errno = ETIMEDOUT;
			return false;
		}
	}
	r->tally.seconds = (double)(now_ns() - r->start) / 1e9;
	/* the ACK of the last answers */
	return r->lanes->class->work(r->lanes, take_answer, r) && others_end(r);
}

/* The port that the kernel chose goes into the messages. */
static bool run_prepare(struct run *r)
{
	if (!lanes_open(&r->wish, &r->lanes))
		return false;
	r->wish.from = r->lanes->local;
	r->flights = calloc(r->wish.calls, sizeof(*r->flights));
	if (!r->flights) {
		fputs("blast: out of memory\n", stderr);
		return false;
	}
	if (r->wish.others_rate > 0 && !others_new(&r->wish, &r->others)) {
		fprintf(stderr, "blast: the others: %s\n", strerror(errno));
		return false;
	}
	return (!r->wish.certificate || checker_new(r->wish.certificate, &r->checker)) &&
	       scripts_init(&r->scripts, &r->wish);
}

bool run_new(const struct wish *wish, struct run **out)
{
	SK_CLEANUP(run_free_p) struct run *r = calloc(1, sizeof(*r));

	if (!r) {
		fputs("blast: out of memory\n", stderr);
		return false;
	}
	r->wish = *wish;
	if (!run_prepare(r))
		return false;
	*out = sk_steal(r);
	return true;
}

void run_free(struct run *r)
{
	if (!r)
		return;
	lanes_free(r->lanes);
	checker_free(r->checker);
	others_free(r->others);
	scripts_deinit(&r->scripts);
	free(r->flights);
	free(r);
}

const struct tally *run_tally(const struct run *r)
{
	return &r->tally;
}

const struct flight *run_flights(const struct run *r, size_t *count)
{
	*count = r->next;
	return r->flights;
}

const struct others_tally *run_others(const struct run *r)
{
	return r->others ? others_tally(r->others) : NULL;
}
