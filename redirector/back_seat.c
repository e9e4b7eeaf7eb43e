#include "redirector/back_seat.h"

#include "redirector/base/clock.h"
#include "redirector/base/rank.h"

#include <stdlib.h>
#include <time.h>

enum {
	LOOK_MS = 250,
	FORWARD_MS = 10000,
	FORWARD_MAX_MS = 320000, /* starved again as soon as it went back: twice as long */
	LATE_US = 100000,
	TELL_US = 600000000, /* between two words of it: ten minutes */
};

struct back_seat {
	struct timer *timer;
	struct log *log;
	bool forward;
	int64_t forward_ms;     /* for so long the next time */
	int64_t due_us, ran_us; /* of the timer; what had run when it was set */
	int64_t told_us;        /* 0: never */
};

static int64_t ran(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void look_again(struct back_seat *s, int64_t ms)
{
	s->due_us = clock_us() + ms * 1000;
	s->ran_us = ran();
	if (timer_set(s->timer, ms))
		return;
	/* nobody would look after it */
	rank_forward();
	log_print(s->log, LEVEL_ERROR, "msg=\"http: no timer; it runs beside SIP, at nice +10\"");
}

bool back_seat_starved(int64_t late_us, int64_t ran_us)
{
	/* a long turn of the loop makes it late, too, but then it ran */
	return late_us >= LATE_US && ran_us < late_us / 4;
}

static void sit_forward(struct back_seat *s, int64_t late_us)
{
	int64_t now = clock_us();

	rank_forward();
	s->forward = true;
	look_again(s, s->forward_ms);
	s->forward_ms = s->forward_ms < FORWARD_MAX_MS / 2 ? 2 * s->forward_ms : FORWARD_MAX_MS;
	if (s->told_us != 0 && now - s->told_us < TELL_US)
		return;
	s->told_us = now;
	log_print(s->log, LEVEL_WARNING,
		  "event=seat late_ms=%lld msg=\"others keep the processors busy; HTTP goes on "
		  "at nice +10 while that lasts\"",
		  (long long)(late_us / 1000));
}

static void on_look(void *arg)
{
	struct back_seat *s = arg;
	int64_t late_us = clock_us() - s->due_us;

	if (!s->forward && back_seat_starved(late_us, ran() - s->ran_us)) {
		sit_forward(s, late_us);
		return;
	}
	if (s->forward)
		s->forward = !rank_again();
	else
		s->forward_ms = FORWARD_MS;
	look_again(s, LOOK_MS);
}

struct back_seat *back_seat_new(struct loop *loop, struct log *log)
{
	struct back_seat *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->log = log;
	s->forward_ms = FORWARD_MS;
	s->timer = timer_new(loop, on_look, s);
	if (!s->timer) {
		free(s);
		return NULL;
	}
	if (rank_back())
		look_again(s, LOOK_MS);
	else
		log_print(log, LEVEL_INFO,
			  "event=seat msg=\"HTTP runs beside SIP at nice +10: a limit of niceness "
			  "(LimitNICE=, ulimit -e) of 10 would let it go behind\"");
	return s;
}

void back_seat_free(struct back_seat *s)
{
	if (!s)
		return;
	timer_free(s->timer);
	rank_forward(); /* nobody looks after the rest of its work */
	free(s);
}
