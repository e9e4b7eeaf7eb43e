/*
 * What surprises: a disk can hang in a call that nothing ends.  At the end we wait a
 * while and then leave a thread and all it may touch behind: the process ends anyway.
 */
#include "redirector/certs/store_threads.h"

#include "redirector/base/clock.h"
#include "redirector/certs/stored.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* One record that waits, with its bytes behind it. */
struct write {
	struct write *next;
	struct fetch_kept kept;
	size_t bytes;
	char text[];
};

struct store_threads {
	struct store *store;
	store_answer_h *handler;
	void *arg;
	int fd;
	struct watch *watch;
	pthread_t reader, writer;
	_Atomic uint64_t kept, lost;

	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t asked, written;
	struct store_ask *asks, **asks_end, *answers, **answers_end;
	size_t ask_count;
	struct write *writes, **writes_end;
	size_t write_count, write_bytes; /* those in the writer's hand included */
	int64_t until;                   /* monotonic ms; 0: go on, else end by then */
};

static void ask_free(struct store_ask *ask)
{
	store_copy_deinit(&ask->copy);
	free(ask);
}

static void asks_free(struct store_ask *ask)
{
	while (ask) {
		struct store_ask *next = ask->next;

		ask_free(ask);
		ask = next;
	}
}

/* --- the reader --- */

static struct store_ask *next_ask(struct store_threads *t)
{
	struct store_ask *ask = NULL;

	pthread_mutex_lock(&t->lock);
	while (!t->asks && t->until == 0)
		pthread_cond_wait(&t->asked, &t->lock);
	if (t->until == 0) {
		ask = t->asks;
		t->asks = ask->next;
		if (!t->asks)
			t->asks_end = &t->asks;
	}
	pthread_mutex_unlock(&t->lock);
	return ask;
}

static void hand_back(struct store_threads *t, struct store_ask *ask)
{
	uint64_t one = 1;

	ask->next = NULL;
	pthread_mutex_lock(&t->lock);
	*t->answers_end = ask;
	t->answers_end = &ask->next;
	pthread_mutex_unlock(&t->lock);
	while (write(t->fd, &one, sizeof(one)) < 0)
		; /* only ever interrupted: the loop empties it */
}

static void *read_all(void *arg)
{
	struct store_threads *t = arg;
	struct store_ask *ask;

	while ((ask = next_ask(t))) {
		struct sk_span url = { ask->url, ask->len };

		ask->found = store_get(t->store, url, &ask->copy);
		hand_back(t, ask);
	}
	return NULL;
}

static void on_answers(void *arg, int fd, int events)
{
	struct store_threads *t = arg;
	struct store_ask *ask;
	uint64_t count;

	(void)events;
	if (read(fd, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&t->lock);
	ask = t->answers;
	t->answers = NULL;
	t->answers_end = &t->answers;
	for (struct store_ask *each = ask; each; each = each->next)
		t->ask_count--;
	pthread_mutex_unlock(&t->lock);
	while (ask) {
		struct store_ask *next = ask->next;

		if (ask->owner) /* asked now: an earlier handler may have stopped it */
			t->handler(t->arg, ask);
		ask_free(ask);
		ask = next;
	}
}

struct store_ask *store_threads_ask(struct store_threads *t, struct sk_span url, void *owner)
{
	struct store_ask *ask = NULL;

	pthread_mutex_lock(&t->lock);
	if (t->ask_count < STORED_QUEUE && (ask = calloc(1, sizeof(*ask) + url.len))) {
		ask->owner = owner;
		ask->len = url.len;
		memcpy(ask->url, url.ptr, url.len);
		*t->asks_end = ask;
		t->asks_end = &ask->next;
		t->ask_count++;
		pthread_cond_signal(&t->asked);
	}
	pthread_mutex_unlock(&t->lock);
	return ask;
}

/* --- the writer --- */

static size_t take_writes(struct store_threads *t, struct write *taken[STORE_BATCH])
{
	size_t n = 0;

	pthread_mutex_lock(&t->lock);
	while (!t->writes && t->until == 0)
		pthread_cond_wait(&t->written, &t->lock);
	if (t->until == 0 || clock_real_mono(NULL) < t->until) {
		while (n < STORE_BATCH && t->writes) {
			taken[n] = t->writes;
			t->writes = taken[n++]->next;
		}
	}
	if (!t->writes)
		t->writes_end = &t->writes;
	pthread_mutex_unlock(&t->lock);
	return n;
}

static void *write_all(void *arg)
{
	struct store_threads *t = arg;
	struct write *taken[STORE_BATCH];
	const struct fetch_kept *kept[STORE_BATCH];
	size_t n;

	while ((n = take_writes(t, taken)) > 0) {
		size_t done, bytes = 0;

		for (size_t i = 0; i < n; i++)
			kept[i] = &taken[i]->kept;
		done = store_put_many(t->store, kept, n);
		t->kept += done;
		t->lost += n - done;
		for (size_t i = 0; i < n; i++) {
			bytes += taken[i]->bytes;
			free(taken[i]);
		}
		pthread_mutex_lock(&t->lock);
		t->write_count -= n;
		t->write_bytes -= bytes;
		pthread_mutex_unlock(&t->lock);
	}
	return NULL;
}

static struct sk_span copy_to(char **out, struct sk_span s)
{
	struct sk_span copy = { *out, s.len };

	if (s.len > 0)
		memcpy(*out, s.ptr, s.len);
	*out += s.len;
	return copy;
}

static struct write *write_new(const struct fetch_kept *kept)
{
	size_t bytes = kept->url.len + kept->body.len + kept->etag.len;
	struct write *w = malloc(sizeof(*w) + bytes);
	char *end;

	if (!w)
		return NULL;
	end = w->text;
	w->next = NULL;
	w->bytes = bytes;
	w->kept = *kept;
	w->kept.url = copy_to(&end, kept->url);
	w->kept.body = copy_to(&end, kept->body);
	w->kept.etag = copy_to(&end, kept->etag);
	return w;
}

void store_threads_keep(struct store_threads *t, const struct fetch_kept *kept)
{
	struct write *w = kept->body.len <= STORE_BODY_MAX ? write_new(kept) : NULL;

	if (!w) {
		t->lost++;
		return;
	}
	pthread_mutex_lock(&t->lock);
	if (t->write_count < STORED_QUEUE && t->write_bytes + w->bytes <= THREADS_QUEUE_BYTES) {
		t->write_count++;
		t->write_bytes += w->bytes;
		*t->writes_end = w;
		t->writes_end = &w->next;
		w = NULL;
		pthread_cond_signal(&t->written);
	}
	pthread_mutex_unlock(&t->lock);
	t->lost += w != NULL;
	free(w);
}

void store_threads_count(const struct store_threads *t, uint64_t *kept, uint64_t *lost)
{
	*kept = t->kept;
	*lost = t->lost;
}

bool store_threads_damaged(const struct store_threads *t)
{
	return store_condemned(t->store);
}

/* --- life --- */

/* The threads are not there, or not any more. */
static void release(struct store_threads *t)
{
	watch_free(t->watch);
	if (t->fd >= 0)
		close(t->fd);
	asks_free(t->asks);
	asks_free(t->answers);
	while (t->writes) {
		struct write *next = t->writes->next;

		free(t->writes);
		t->writes = next;
	}
	pthread_cond_destroy(&t->asked);
	pthread_cond_destroy(&t->written);
	pthread_mutex_destroy(&t->lock);
	free(t);
}
SK_DEFINE_CLEANUP(struct store_threads, release)

static void end(struct store_threads *t)
{
	pthread_mutex_lock(&t->lock);
	t->until = clock_real_mono(NULL) + THREADS_PATIENCE;
	pthread_cond_signal(&t->asked);
	pthread_cond_signal(&t->written);
	pthread_mutex_unlock(&t->lock);
}

/* Signals are the loop's alone. */
static bool begin(struct store_threads *t)
{
	sigset_t all, old;
	bool ok;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	ok = pthread_create(&t->reader, NULL, read_all, t) == 0;
	if (ok && pthread_create(&t->writer, NULL, write_all, t) != 0) {
		end(t);
		pthread_join(t->reader, NULL);
		ok = false;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ok;
}

bool store_threads_new(struct loop *loop, struct store *store, store_answer_h *handler, void *arg,
		       struct store_threads **out)
{
	SK_CLEANUP(release_p) struct store_threads *t = calloc(1, sizeof(*t));

	if (!t)
		return false;
	t->store = store;
	t->handler = handler;
	t->arg = arg;
	t->asks_end = &t->asks;
	t->answers_end = &t->answers;
	t->writes_end = &t->writes;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->asked, NULL);
	pthread_cond_init(&t->written, NULL);
	t->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (t->fd < 0)
		return false;
	t->watch = watch_new(loop, t->fd, LOOP_IN, on_answers, t);
	if (!t->watch || !begin(t))
		return false;
	*out = sk_steal(t);
	return true;
}

void store_threads_free(struct store_threads *t)
{
	int64_t by;
	struct timespec limit;

	end(t);
	watch_free(t->watch); /* the loop may end before a thread that hangs does */
	t->watch = NULL;
	by = t->until + 500; /* a commit in hand comes to its end, if the disk is alive */
	limit = (struct timespec){ .tv_sec = by / 1000, .tv_nsec = by % 1000 * 1000000 };
	if (pthread_clockjoin_np(t->reader, NULL, CLOCK_MONOTONIC, &limit) != 0 ||
	    pthread_clockjoin_np(t->writer, NULL, CLOCK_MONOTONIC, &limit) != 0)
		return;
	store_close(t->store);
	release(t);
}
