/*
 * One thread that sleeps between reloads.  What it is asked for stands under a lock; what it
 * made comes back by a descriptor that the loop watches, one result at a time.
 */
#include "redirector/reload.h"

#include "redirector/base/clock.h"
#include "redirector/base/rank.h"
#include "redirector/conf_text.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	DROPS_MAX = 16, /* directories that wait to be freed; one more is freed by the loop */
};

struct reload {
	struct reload_parts parts;
	reload_h *done;
	void *arg;
	pthread_t thread;
	bool started; /* the thread */
	int event;
	struct watch *watch;
	bool busy, again; /* of the loop alone: one is under way; another is to follow */

	pthread_mutex_t lock;
	pthread_cond_t wake;
	atomic_bool stop;           /* also read without the lock, by a reload under way */
	struct directory *old;      /* of the one that is wanted; NULL: none is */
	struct directory *to_write; /* NULL: nothing */
	int text;                   /* -1: the file */
	struct directory *drops[DROPS_MAX];
	size_t drop_count;
	struct reloaded *result; /* NULL: none */
};

static void result_free(struct reloaded *result)
{
	if (!result)
		return;
	complaints_deinit(&result->complaints);
	roster_report_deinit(&result->report);
	authorization_unref(result->authorization);
	directory_unref(result->directory);
	conf_unref(result->conf);
	free(result);
}

static bool load(const struct reload *r, int text, struct reloaded *result)
{
	if (text >= 0)
		return conf_text_load(text, r->parts.path, &result->conf, &result->complaints);
	return conf_load(r->parts.path, &result->conf, &result->complaints);
}

/* Who asks by HTTP.  Whoever does not serve it judges them, too. */
static bool read_clients(const struct reload *r, struct reloaded *result)
{
	struct authorization *made = authorization_new(result->directory, result->why);

	if (!made)
		directory_unref(sk_steal(result->directory));
	else if (r->parts.web)
		result->authorization = made;
	else
		authorization_unref(made);
	return made != NULL;
}

static void read_all(const struct reload *r, struct directory *old, int text,
		     struct reloaded *result)
{
	int64_t began = clock_us();
	struct tenant_parts tenants = *r->parts.tenants;

	tenants.stop = &r->stop;
	snprintf(result->why, sizeof(result->why), "the configuration has errors");
	result->ok = load(r, text, result) &&
		     roster_read(result->conf, &tenants, old, &result->directory, &result->report,
				 result->why) &&
		     read_clients(r, result);
	result->ms = (clock_us() - began) / 1000;
}

/* What the thread has taken to do. */
struct task {
	struct directory *old, *to_write;
	int text; /* with `old`; -1: the file */
	struct directory *drops[DROPS_MAX];
	size_t drop_count;
};

static bool take(struct reload *r, struct task *task)
{
	bool stop;

	pthread_mutex_lock(&r->lock);
	while (!r->stop && !r->old && !r->to_write && r->drop_count == 0)
		pthread_cond_wait(&r->wake, &r->lock);
	stop = r->stop;
	*task = (struct task){ .to_write = sk_steal(r->to_write), .text = -1 };
	if (!stop)
		task->old = sk_steal(r->old);
	if (task->old && r->text >= 0) /* another may take its place while this one is read */
		task->text = fcntl(r->text, F_DUPFD_CLOEXEC, 0);
	for (; task->drop_count < r->drop_count; task->drop_count++)
		task->drops[task->drop_count] = r->drops[task->drop_count];
	r->drop_count = 0;
	pthread_mutex_unlock(&r->lock);
	return !stop;
}

static void hand_back(struct reload *r, struct reloaded *result)
{
	uint64_t one = 1;

	pthread_mutex_lock(&r->lock);
	r->result = result;
	pthread_mutex_unlock(&r->lock);
	if (write(r->event, &one, sizeof(one)) != (ssize_t)sizeof(one))
		log_print(r->parts.log, LEVEL_ERROR, "event=reload msg=\"cannot wake the loop\"");
}

static void tell_loop(struct reload *r, struct directory *old, int text)
{
	struct reloaded *result = calloc(1, sizeof(*result));

	if (result)
		read_all(r, old, text, result);
	hand_back(r, result); /* NULL: there was no memory */
}

static void write_running(struct reload *r, struct directory *directory)
{
	char why[DIRECTORY_WHY_SIZE];

	if (!roster_write_running(directory, r->parts.running, why))
		log_print(r->parts.log, LEVEL_ERROR, "event=running result=failed msg=\"%s\"", why);
}

/* Two generations were there at once: what the old one took goes back to the system. */
static void drop_all(struct task *task)
{
	for (size_t i = 0; i < task->drop_count; i++)
		directory_unref(task->drops[i]);
	if (task->drop_count > 0)
		malloc_trim(0);
}

static void *run(void *arg)
{
	struct reload *r = arg;
	struct task task;
	bool more;

	/* of this thread alone: a call that comes in goes before a file that is read */
	rank_set(RANK_RELOAD);
	do {
		more = take(r, &task);
		drop_all(&task);
		if (task.to_write)
			write_running(r, task.to_write);
		directory_unref(task.to_write);
		if (task.old)
			tell_loop(r, task.old, task.text);
		directory_unref(task.old);
		if (task.text >= 0)
			close(task.text);
	} while (more);
	return NULL;
}

static void wake(struct reload *r)
{
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
}

static void on_event(void *arg, int fd, int events)
{
	struct reload *r = arg;
	struct reloaded nothing = { .ok = false, .why = "out of memory" };
	struct directory *in_use;
	struct reloaded *result;
	uint64_t count;

	(void)events;
	if (read(fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
		return;
	pthread_mutex_lock(&r->lock);
	result = sk_steal(r->result);
	pthread_mutex_unlock(&r->lock);
	r->busy = false;
	in_use = r->done(r->arg, result ? result : &nothing);
	if (r->again)
		reload_start(r, in_use);
	if (result) {
		result->conf = NULL; /* taken over */
		result->directory = NULL;
	}
	result_free(result);
}

struct reload *reload_new(const struct reload_parts *parts, reload_h *done, void *arg)
{
	SK_CLEANUP(reload_free_p) struct reload *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	*r = (struct reload){ .parts = *parts, .done = done, .arg = arg, .event = -1, .text = -1 };
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->wake, NULL);
	r->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->event < 0)
		return NULL;
	r->watch = watch_new(parts->loop, r->event, LOOP_IN, on_event, r);
	r->started = r->watch && pthread_create(&r->thread, NULL, run, r) == 0;
	return r->started ? sk_steal(r) : NULL;
}

void reload_free(struct reload *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	wake(r);
	if (r->started)
		pthread_join(r->thread, NULL);
	result_free(r->result);
	directory_unref(r->old);
	directory_unref(r->to_write);
	watch_free(r->watch);
	if (r->event >= 0)
		close(r->event);
	if (r->text >= 0)
		close(r->text);
	pthread_cond_destroy(&r->wake);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void reload_set_text(struct reload *r, int text)
{
	int before;

	pthread_mutex_lock(&r->lock);
	before = r->text;
	r->text = text;
	pthread_mutex_unlock(&r->lock);
	if (before >= 0)
		close(before);
}

void reload_start(struct reload *r, struct directory *old)
{
	r->again = r->busy;
	if (r->busy)
		return;
	r->busy = true;
	pthread_mutex_lock(&r->lock);
	r->old = directory_ref(old);
	wake(r);
}

void reload_write(struct reload *r, struct directory *directory)
{
	struct directory *before;

	if (r->parts.running[0] == '\0')
		return;
	pthread_mutex_lock(&r->lock);
	before = r->to_write;
	r->to_write = directory_ref(directory);
	wake(r);
	directory_unref(before);
}

void reload_drop(struct reload *r, struct directory *directory)
{
	pthread_mutex_lock(&r->lock);
	if (directory && r->drop_count < DROPS_MAX)
		r->drops[r->drop_count++] = sk_steal(directory);
	wake(r);
	directory_unref(directory);
}
