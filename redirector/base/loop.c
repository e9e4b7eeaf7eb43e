/*
 * su_root waits on descriptors.  Its own timers follow the wall clock, so that
 * a clock set back by an hour would hold every deadline up for an hour: ours
 * hang on one timerfd on the monotonic clock.  Running timers stand in a list
 * sorted by time; new ones mostly belong at its end, where insertion starts.
 */
#include "redirector/base/loop.h"

#include "redirector/base/clock.h"

#include <signal.h>
#include <sofia-sip/su_wait.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct timer {
	struct loop *loop;
	timer_h *handler;
	void *arg;
	int64_t at; /* monotonic ms */
	bool running;
	struct timer *prev, *next;
};

struct watch {
	struct loop *loop;
	watch_h *handler;
	void *arg;
	int fd;
	int index;
};

struct loop {
	su_root_t *root;
	int timer_fd, signal_fd;
	struct watch *timer_watch, *signal_watch;
	struct timer *first, *last;
	signal_h *on_signal;
	void *signal_arg;
};

static int to_su(int events)
{
	return (events & LOOP_IN ? SU_WAIT_IN : 0) | (events & LOOP_OUT ? SU_WAIT_OUT : 0) |
	       (events & LOOP_ERR ? SU_WAIT_ERR : 0);
}

static int on_ready(su_root_magic_t *magic, su_wait_t *wait, su_wakeup_arg_t *arg)
{
	struct watch *w = (struct watch *)arg;
	int su = su_wait_events(wait, w->fd), events = 0;

	(void)magic;
	events |= su & (SU_WAIT_IN | SU_WAIT_HUP) ? LOOP_IN : 0;
	events |= su & SU_WAIT_OUT ? LOOP_OUT : 0;
	events |= su & (SU_WAIT_ERR | SU_WAIT_HUP) ? LOOP_ERR : 0;
	w->handler(w->arg, w->fd, events); /* may free w */
	return 0;
}

struct watch *watch_new(struct loop *loop, int fd, int events, watch_h *handler, void *arg)
{
	struct watch *w = calloc(1, sizeof(*w));
	su_wait_t wait[1] = { SU_WAIT_INIT };

	if (!w)
		return NULL;
	*w = (struct watch){ .loop = loop, .handler = handler, .arg = arg, .fd = fd };
	if (su_wait_create(wait, fd, to_su(events)) == 0)
		w->index = su_root_register(loop->root, wait, on_ready, (su_wakeup_arg_t *)w,
					    su_pri_normal);
	if (w->index <= 0) {
		free(w);
		return NULL;
	}
	return w;
}

bool watch_set(struct watch *w, int events)
{
	return su_root_eventmask(w->loop->root, w->index, w->fd, to_su(events)) >= 0;
}

void watch_free(struct watch *w)
{
	if (w)
		su_root_deregister(w->loop->root, w->index);
	free(w);
}

/* Arms the timerfd for the first timer in the list. */
static bool arm(struct loop *loop)
{
	struct itimerspec when = { .it_value = { 0 } };

	if (loop->first) {
		int64_t at = loop->first->at > 0 ? loop->first->at : 1;

		when.it_value.tv_sec = at / 1000;
		when.it_value.tv_nsec = at % 1000 * 1000000;
	}
	return timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) == 0;
}

static void unlink_timer(struct timer *t)
{
	struct loop *loop = t->loop;

	*(t->prev ? &t->prev->next : &loop->first) = t->next;
	*(t->next ? &t->next->prev : &loop->last) = t->prev;
	t->prev = t->next = NULL;
	t->running = false;
}

static void on_timer_fd(void *arg, int fd, int events)
{
	struct loop *loop = arg;
	int64_t now = clock_real_mono(NULL);
	uint64_t count;

	(void)events;
	if (read(fd, &count, sizeof(count)) < 0)
		return; /* disarmed in between */
	while (loop->first && loop->first->at <= now) {
		struct timer *t = loop->first;

		unlink_timer(t);
		t->handler(t->arg); /* may free t */
	}
	(void)arm(loop);
}

struct timer *timer_new(struct loop *loop, timer_h *handler, void *arg)
{
	struct timer *t = calloc(1, sizeof(*t));

	if (t)
		*t = (struct timer){ .loop = loop, .handler = handler, .arg = arg };
	return t;
}

bool timer_set(struct timer *t, int64_t ms)
{
	struct loop *loop = t->loop;
	struct timer *before = loop->last;

	if (t->running)
		unlink_timer(t);
	before = loop->last;
	t->at = clock_real_mono(NULL) + (ms > 0 ? ms : 0);
	while (before && before->at > t->at)
		before = before->prev;

	t->prev = before;
	t->next = before ? before->next : loop->first;
	*(t->prev ? &t->prev->next : &loop->first) = t;
	*(t->next ? &t->next->prev : &loop->last) = t;
	t->running = true;
	return loop->first != t || arm(loop);
}

void timer_stop(struct timer *t)
{
	/* the timerfd may still fire for it; then nothing is due and it is armed anew */
	if (t->running)
		unlink_timer(t);
}

void timer_free(struct timer *t)
{
	if (t)
		timer_stop(t);
	free(t);
}

static void on_signal_fd(void *arg, int fd, int events)
{
	struct loop *loop = arg;
	struct signalfd_siginfo info;

	(void)events;
	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		loop->on_signal(loop->signal_arg, (int)info.ssi_signo);
}

bool loop_signals(struct loop *loop, const int *signals, int count, signal_h *handler, void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	for (int i = 0; i < count; i++)
		sigaddset(&set, signals[i]);
	loop->on_signal = handler;
	loop->signal_arg = arg;
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return false;
	loop->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (loop->signal_fd < 0)
		return false;
	loop->signal_watch = watch_new(loop, loop->signal_fd, LOOP_IN, on_signal_fd, loop);
	return loop->signal_watch != NULL;
}

struct loop *loop_new(void)
{
	SK_CLEANUP(loop_free_p) struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->signal_fd = loop->timer_fd = -1;
	if (su_init() < 0)
		return NULL;
	loop->root = su_root_create(NULL);
	loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (!loop->root || loop->timer_fd < 0)
		return NULL;
	loop->timer_watch = watch_new(loop, loop->timer_fd, LOOP_IN, on_timer_fd, loop);
	return loop->timer_watch ? sk_steal(loop) : NULL;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	watch_free(loop->timer_watch);
	watch_free(loop->signal_watch);
	if (loop->timer_fd >= 0)
		close(loop->timer_fd);
	if (loop->signal_fd >= 0)
		close(loop->signal_fd);
	if (loop->root)
		su_root_destroy(loop->root);
	su_deinit();
	free(loop);
}

void loop_run(struct loop *loop)
{
	su_root_run(loop->root);
}

void loop_stop(struct loop *loop)
{
	su_root_break(loop->root);
}

void loop_step(struct loop *loop, int64_t max_ms)
{
	su_root_step(loop->root, max_ms);
}
