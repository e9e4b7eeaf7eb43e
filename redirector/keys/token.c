/*
 * Jobs wait in a queue per token, so that one token's calls do not stand in front of
 * another's, and threads take them in turn.
 *
 * What surprises: a thread may never come back.  It is detached, nothing waits for it but the
 * end for a moment, and its job belongs to it until then.
 */
#include "redirector/keys/token_state.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <unistd.h>

/* --- small things --- */

int64_t tokens_now(const struct tokens *t)
{
	return t->clock->mono(t->clock);
}

void tokens_wake(struct tokens *t)
{
	uint64_t one = 1;

	while (write(t->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

bool tokens_wait(struct tokens *t, int64_t until)
{
	const struct timespec limit = { .tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000 };

	return pthread_cond_clockwait(&t->moved, &t->lock, CLOCK_MONOTONIC, &limit) == 0;
}

static void jobs_add(struct token_jobs *list, struct token_job *job)
{
	job->next = NULL;
	job->prev = list->last;
	*(list->last ? &list->last->next : &list->first) = job;
	list->last = job;
}

static void jobs_remove(struct token_jobs *list, struct token_job *job)
{
	*(job->prev ? &job->prev->next : &list->first) = job->next;
	*(job->next ? &job->next->prev : &list->last) = job->prev;
	job->prev = job->next = NULL;
}

/* The first of them began first. */
bool slot_is_stuck(const struct tokens *t, const struct token_slot *slot)
{
	return slot->busy.first && tokens_now(t) - slot->busy.first->began > TOKEN_STUCK_MS;
}

/* --- threads --- */

static struct token_slot *slot_with_work(struct tokens *t)
{
	size_t most = t->thread_max > 1 ? t->thread_max / 2 : 1;
	struct token_slot *slot = t->turn;

	for (size_t i = 0; i < t->slot_count; i++) {
		slot = slot && slot->next ? slot->next : t->slots;
		if (slot->queued > 0 && slot->running < most)
			return slot;
	}
	return NULL;
}

/* @return NULL: the end has come */
static struct token_job *next_job(struct tokens *t)
{
	struct token_slot *slot;
	struct token_job *job;

	for (;;) {
		if (t->ending)
			return NULL;
		if (t->unused && !t->stopping) {
			tokens_reap(t);
			continue; /* without the lock for a while: the end may have come */
		}
		slot = slot_with_work(t);
		if (slot)
			break;
		pthread_cond_wait(&t->work, &t->lock);
	}
	t->turn = slot;
	job = slot->queue.first;
	jobs_remove(&slot->queue, job);
	slot->queued--;
	t->queued--;
	job->state = JOB_RUNNING;
	job->began = tokens_now(t);
	job->began_us = clock_us();
	jobs_add(&slot->busy, job);
	slot->running++;
	return job;
}

static void finish(struct tokens *t, struct token_job *job)
{
	struct token_slot *slot = job->key->object->slot;
	bool dropped = job->state == JOB_ABANDONED || !t->loop || t->ending;

	job->took_us = clock_us() - job->began_us;
	if (job->trial) /* it may have come to its end before it asked the token */
		job->key->object->trying = false;
	jobs_remove(&slot->busy, job);
	slot->running--;
	if (slot->queued > 0)
		pthread_cond_signal(&t->work);
	if (!dropped) {
		job->state = JOB_DONE;
		jobs_add(&t->results, job);
		tokens_wake(t);
		return;
	}
	pthread_mutex_unlock(&t->lock);
	job->drop(job);
	pthread_mutex_lock(&t->lock);
}

/* What OpenSSL keeps for this thread goes now: nobody joins it, and the process may be taken down
 * before the thread has ended. */
static void forget_thread(struct tokens *t)
{
	pthread_mutex_unlock(&t->lock);
	OPENSSL_thread_stop();
	pthread_mutex_lock(&t->lock);
}

/* The last that it does under the lock. */
static void leave(struct tokens *t)
{
	for (size_t i = 0; i < t->thread_max; i++)
		if (pthread_equal(t->crew[i].id, pthread_self()))
			t->crew[i].leaving = true;
	t->threads--;
	pthread_cond_broadcast(&t->moved);
}

void *tokens_work(void *arg)
{
	struct tokens *t = arg;
	struct token_job *job;

	pthread_mutex_lock(&t->lock);
	while ((job = next_job(t))) {
		pthread_mutex_unlock(&t->lock);
		job->run(job);
		pthread_mutex_lock(&t->lock);
		finish(t, job);
	}
	forget_thread(t);
	if (t->threads == 1) {
		/* the last one: the library may take its time here, and not in the loop */
		pthread_mutex_unlock(&t->lock);
		tokens_close(t);
		pthread_mutex_lock(&t->lock);
		forget_thread(t);
	}
	leave(t);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* --- the loop's side --- */

static bool pop_news(struct tokens *t, char uri[TOKEN_URI_MAX + 1], const char **why)
{
	struct token_object *o;

	pthread_mutex_lock(&t->lock);
	for (o = t->objects; o && !o->is_news; o = o->next)
		;
	if (o) {
		o->is_news = false;
		snprintf(uri, TOKEN_URI_MAX + 1, "%s", o->uri);
		*why = o->failed ? o->why : "";
	}
	pthread_mutex_unlock(&t->lock);
	return o != NULL;
}

static void tell_news(struct tokens *t)
{
	char uri[TOKEN_URI_MAX + 1];
	const char *why;

	while (pop_news(t, uri, &why))
		if (t->news)
			t->news(t->news_arg, uri, why);
}

struct token_job *tokens_pop_result(struct tokens *t)
{
	struct token_job *job;

	pthread_mutex_lock(&t->lock);
	job = t->results.first;
	if (job)
		jobs_remove(&t->results, job);
	pthread_mutex_unlock(&t->lock);
	return job;
}

/* One at a time: what one is done with may abandon another. */
void tokens_on_results(void *arg, int fd, int events)
{
	struct tokens *t = arg;
	struct token_job *job;
	uint64_t count;

	(void)events;
	if (read(fd, &count, sizeof(count)) < 0)
		return;
	tell_news(t);
	while ((job = tokens_pop_result(t))) {
		if (t->took)
			t->took(t->took_arg, job->took_us);
		job->done(job);
	}
}

static size_t slot_room(const struct tokens *t)
{
	return t->slot_count > 1 && t->queue_max > 1 ? t->queue_max / 2 : t->queue_max;
}

static enum sk_err may_queue(struct tokens *t, struct token_object *o)
{
	int64_t now = tokens_now(t);

	if (t->ending || now < t->dead_until || slot_is_stuck(t, o->slot) ||
	    (o->failed && (o->trying || now < o->away_until)))
		return SK_SIGNER_AWAY;
	return t->queued < t->queue_max && o->slot->queued < slot_room(t) ? SK_OK : SK_BUSY;
}

enum sk_err token_submit(struct tokens *t, struct token_job *job)
{
	struct token_object *o = job->key->object;
	enum sk_err err;

	pthread_mutex_lock(&t->lock);
	err = may_queue(t, o);
	if (!err) {
		job->state = JOB_QUEUED;
		job->trial = o->failed;
		o->trying |= job->trial;
		jobs_add(&o->slot->queue, job);
		o->slot->queued++;
		t->queued++;
		pthread_cond_signal(&t->work);
	}
	pthread_mutex_unlock(&t->lock);
	if (err == SK_BUSY)
		t->counters.refused_busy++;
	else if (err)
		t->counters.refused_away++;
	return err;
}

void token_abandon(struct tokens *t, struct token_job *job)
{
	struct token_object *o = job->key->object;
	bool running;

	pthread_mutex_lock(&t->lock);
	running = job->state == JOB_RUNNING;
	if (job->state == JOB_QUEUED) {
		jobs_remove(&o->slot->queue, job);
		o->slot->queued--;
		t->queued--;
		if (job->trial)
			o->trying = false;
	} else if (job->state == JOB_DONE) {
		jobs_remove(&t->results, job);
	} else {
		job->state = JOB_ABANDONED;
	}
	pthread_mutex_unlock(&t->lock);
	t->counters.abandoned++;
	if (!running)
		job->drop(job);
}

void tokens_name_only(struct tokens *t)
{
	t->name_only = true;
}

void tokens_set_retry(struct tokens *t, int64_t retry_ms)
{
	pthread_mutex_lock(&t->lock);
	t->retry_ms = retry_ms;
	pthread_mutex_unlock(&t->lock);
}

const struct token_counters *tokens_counters(const struct tokens *t)
{
	return &t->counters;
}

void tokens_watch(struct tokens *t, token_news_h *handler, void *arg)
{
	t->news = handler;
	t->news_arg = arg;
}

void tokens_time(struct tokens *t, token_took_h *handler, void *arg)
{
	t->took = handler;
	t->took_arg = arg;
}
