/*
 * Timers, watches and signals, and what may be freed from where.
 */
#include "redirector/base/clock.h"
#include "redirector/base/loop.h"
#include "tests/check.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	FINISH = 5000, /* ms after which a test has failed */
};

struct seen {
	char text[64];
	size_t len;
};

struct item {
	struct seen *seen;
	char name;
	struct timer *timer, *other;
	struct watch *watch;
	struct loop *loop;
};

static void note(struct item *item)
{
	if (item->seen->len + 1 < sizeof(item->seen->text))
		item->seen->text[item->seen->len++] = item->name;
}

static void on_note(void *arg)
{
	note(arg);
}

static void on_free_both(void *arg)
{
	struct item *item = arg;

	note(item);
	timer_free(item->other);
	timer_free(item->timer);
	item->timer = item->other = NULL;
}

static void on_again(void *arg)
{
	struct item *item = arg;

	note(item);
	if (item->seen->len < 3)
		CHECK(timer_set(item->timer, 0), "set from its own handler");
}

static void step_until(struct loop *loop, const struct seen *seen, size_t len)
{
	int64_t end = clock_real_mono(NULL) + FINISH;

	while (seen->len < len && clock_real_mono(NULL) < end)
		loop_step(loop, 20);
}

static void timers(struct loop *loop)
{
	struct seen seen = { .len = 0 };
	struct item a = { &seen, 'a', NULL, NULL, NULL, loop }, b = a, c = a, d = a;
	struct timer *stopped = timer_new(loop, on_note, &a);
	int64_t began;

	b.name = 'b', c.name = 'c', d.name = 'd';
	a.timer = timer_new(loop, on_note, &a);
	b.timer = timer_new(loop, on_note, &b);
	c.timer = timer_new(loop, on_note, &c);
	do { /* anew when the machine stood still meanwhile: each counts from its own now */
		began = clock_real_mono(NULL);
		CHECK(timer_set(stopped, 1) && timer_set(c.timer, 30) && timer_set(a.timer, 200) &&
			      timer_set(b.timer, 20),
		      "set");
		CHECK(timer_set(a.timer, 10), "set anew");
	} while (clock_real_mono(NULL) - began > 5);
	timer_stop(stopped);
	timer_stop(stopped);
	step_until(loop, &seen, 3);
	CHECK_STR(seen.text, "abc", "in the order of time, the stopped one never");

	seen = (struct seen){ .len = 0 };
	d.timer = timer_new(loop, on_free_both, &d);
	d.other = timer_new(loop, on_note, &a);
	CHECK(timer_set(d.timer, 1) && timer_set(d.other, 1), "two at the same time");
	step_until(loop, &seen, 1);
	loop_step(loop, 20);
	CHECK_STR(seen.text, "d", "a handler frees itself and the next");

	seen = (struct seen){ .len = 0 };
	timer_free(a.timer);
	a.timer = timer_new(loop, on_again, &a);
	CHECK(timer_set(a.timer, -5), "in the past");
	step_until(loop, &seen, 3);
	CHECK_STR(seen.text, "aaa", "again and again");
	timer_free(a.timer);
	timer_free(b.timer);
	timer_free(c.timer);
	timer_free(stopped);
	timer_free(NULL);
}

static void on_pipe(void *arg, int fd, int events)
{
	struct item *item = arg;
	char byte;

	CHECK(events & LOOP_IN, "events %d", events);
	if (read(fd, &byte, 1) == 1)
		note(item);
	else
		item->seen->len = sizeof(item->seen->text); /* the end */
}

static void on_pipe_free(void *arg, int fd, int events)
{
	struct item *item = arg;

	(void)fd, (void)events;
	note(item);
	watch_free(item->watch);
	item->watch = NULL;
}

static void watches(struct loop *loop)
{
	struct seen seen = { .len = 0 };
	struct item a = { &seen, 'a', NULL, NULL, NULL, loop };
	int fds[2];

	if (pipe(fds) < 0)
		abort();
	a.watch = watch_new(loop, fds[0], LOOP_IN, on_pipe, &a);
	CHECK(a.watch, "watch");
	loop_step(loop, 1);
	CHECK(seen.len == 0, "nothing to read");
	CHECK(write(fds[1], "xy", 2) == 2, "write");
	step_until(loop, &seen, 2);
	CHECK_STR(seen.text, "aa", "two bytes");
	CHECK(watch_set(a.watch, 0) && write(fds[1], "z", 1) == 1, "nothing is waited for");
	loop_step(loop, 20);
	CHECK_STR(seen.text, "aa", "not called");
	CHECK(watch_set(a.watch, LOOP_IN), "again");
	step_until(loop, &seen, 3);
	CHECK_STR(seen.text, "aaa", "called");
	watch_free(a.watch);
	a.watch = watch_new(loop, fds[0], LOOP_IN, on_pipe_free, &a);
	CHECK(a.watch && write(fds[1], "zz", 2) == 2, "a new watch of the same descriptor");
	step_until(loop, &seen, 4);
	loop_step(loop, 20);
	CHECK_STR(seen.text, "aaaa", "freed in its own handler");
	close(fds[0]);
	close(fds[1]);
	watch_free(NULL);
	CHECK(!watch_new(loop, -1, LOOP_IN, on_pipe, &a), "no descriptor");
}

static void on_signal(void *arg, int signo)
{
	struct item *item = arg;

	item->name = signo == SIGUSR1 ? '1' : '2';
	note(item);
	if (signo == SIGUSR2)
		loop_stop(item->loop);
}

static void signals(struct loop *loop)
{
	static const int wanted[] = { SIGUSR1, SIGUSR2 };
	struct seen seen = { .len = 0 };
	struct item a = { &seen, 'a', NULL, NULL, NULL, loop };

	CHECK(loop_signals(loop, wanted, 2, on_signal, &a), "signals");
	kill(getpid(), SIGUSR1);
	step_until(loop, &seen, 1);
	CHECK_STR(seen.text, "1", "from the loop");
	kill(getpid(), SIGUSR2);
	loop_run(loop); /* the handler ends it */
	CHECK_STR(seen.text, "12", "run and stop");
}

int main(void)
{
	struct loop *loop = loop_new();

	CHECK(loop, "loop");
	if (!loop)
		return check_result();
	timers(loop);
	watches(loop);
	signals(loop);
	loop_free(loop);
	loop_free(NULL);
	return check_result();
}
