/*
 * What surprises: at the end a thread may hang in the library for ever.  It is left behind
 * with all that it may touch, and the process then leaves without tearing anything down.
 */
#include "redirector/keys/token_state.h"

#include "redirector/keys/secret.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* No thread is there, or not any more. */
static void release(struct tokens *t)
{
	watch_free(t->watch);
	if (t->fd >= 0)
		close(t->fd);
	while (t->objects) {
		struct token_object *next = t->objects->next;

		free(t->objects);
		t->objects = next;
	}
	while (t->slots) {
		struct token_slot *next = t->slots->next;

		free(t->slots);
		t->slots = next;
	}
	pthread_cond_destroy(&t->work);
	pthread_cond_destroy(&t->moved);
	pthread_mutex_destroy(&t->lock);
	free(t->pin_file);
	free(t);
}

static void leave_at_once(int status, void *arg)
{
	(void)arg;
	fflush(stdout);
	fflush(stderr);
	_exit(status);
}

/* Those that are leaving are gone in a moment; whoever hangs in the library is not waited for. */
static void join(struct tokens *t)
{
	bool leaving[TOKEN_THREADS_MAX];

	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->thread_max; i++)
		leaving[i] = t->crew[i].leaving;
	pthread_mutex_unlock(&t->lock);
	for (size_t i = 0; i < t->thread_max; i++) {
		if (leaving[i])
			pthread_join(t->crew[i].id, NULL);
		else
			pthread_detach(t->crew[i].id);
	}
}

void tokens_free(struct tokens *t)
{
	int64_t until = clock_real_mono(NULL) + TOKEN_END_MS;
	struct token_job *job;
	bool ended;

	if (!t)
		return;
	watch_free(t->watch); /* the loop may end before a thread that hangs does */
	t->watch = NULL;
	pthread_mutex_lock(&t->lock);
	t->ending = true;
	pthread_cond_broadcast(&t->work);
	while (t->threads > 0 && tokens_wait(t, until))
		;
	ended = t->threads == 0;
	pthread_mutex_unlock(&t->lock);
	while ((job = tokens_pop_result(t))) /* checks of keys, which the loop did not come to */
		job->drop(job);
	join(t);
	if (ended)
		release(t);
	else
		on_exit(leave_at_once, NULL);
}

/* Signals are the loop's alone. */
static bool begin(struct tokens *t)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	pthread_mutex_lock(&t->lock);
	while (t->threads < t->thread_max && t->threads < TOKEN_THREADS_MAX &&
	       pthread_create(&t->crew[t->threads].id, NULL, tokens_work, t) == 0)
		t->threads++;
	t->thread_max = t->threads;
	pthread_mutex_unlock(&t->lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return t->threads > 0;
}

static bool check_pin_file(const char *path, char why[TOKEN_WHY_SIZE])
{
	char reason[FILE_WHY_SIZE];
	char *text = NULL;
	size_t len;

	if (path[0] == '\0')
		return true;
	if (!secret_read(path, TOKEN_PIN_MAX, &text, &len, reason)) {
		snprintf(why, TOKEN_WHY_SIZE, "hsm.pin-file: %.120s: %.100s", path, reason);
		return false;
	}
	file_free(text, len);
	return true;
}

static bool prepare(struct tokens *t, struct loop *loop, char why[TOKEN_WHY_SIZE])
{
	snprintf(why, TOKEN_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
	t->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!t->pin_file || t->fd < 0)
		return false;
	t->watch = loop ? watch_new(loop, t->fd, LOOP_IN, tokens_on_results, t) : NULL;
	return (!loop || t->watch) && begin(t);
}

bool tokens_new(struct loop *loop, const struct clock *clock, const struct hsm_conf *conf,
		struct tokens **out, char why[TOKEN_WHY_SIZE])
{
	struct pkcs11 *library = NULL;
	char reason[200];
	struct tokens *t;

	if (conf->module[0] == '\0') {
		*out = NULL;
		return true;
	}
	if (!check_pin_file(conf->pin_file, why))
		return false;
	if (!pkcs11_new(conf->module, &library, reason, sizeof(reason))) {
		snprintf(why, TOKEN_WHY_SIZE, "hsm.module: %s", reason);
		return false;
	}
	t = calloc(1, sizeof(*t));
	if (!t) {
		snprintf(why, TOKEN_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
		pkcs11_free(library);
		return false;
	}
	t->loop = loop;
	t->clock = clock;
	t->thread_max = (size_t)conf->threads;
	t->queue_max = (size_t)conf->queue;
	t->retry_ms = conf->retry;
	t->pin_file = strdup(conf->pin_file);
	t->library = library;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->work, NULL);
	pthread_cond_init(&t->moved, NULL);
	if (!prepare(t, loop, why)) {
		pkcs11_free(library);
		release(t);
		return false;
	}
	*out = t;
	return true;
}
