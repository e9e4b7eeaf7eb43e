/*
 * A job is looked up, then fetched, and the copy that was no good as an answer is
 * kept beside it: its etag may save the body, and it serves when the network fails.
 * What surprises: an answer of the reader may come when the job is long fetched, or
 * gone; so the question, not the job, is what the thread has in its hand.
 */
#include "redirector/certs/stored.h"

#include "redirector/certs/cache.h"
#include "redirector/certs/store_threads.h"
#include "shaken/cert.h"

#include <stdlib.h>

enum {
	TELL = 60000, /* ms between two lines about losses */
	AHEAD = 300,  /* s; a copy from further in the future was kept under a wrong clock */
};

struct stored {
	struct fetcher base; /* the first member: a fetcher is one of these */
	struct loop *loop;
	const struct clock *clock;
	struct log *log; /* NULL: nothing is logged */
	struct fetcher *inner;
	struct store_threads *threads;
	struct stored_counters counters;
	uint64_t lost;   /* how many losses were told         */
	int64_t told_at; /* ms of the monotonic clock; 0: never */
	bool damage_told;
};

/* One job. */
struct look {
	struct stored *stored;
	struct fetch_job *job;
	struct fetch_job inner;
	bool fetching;         /* the inner fetcher has it          */
	bool lent;             /* its etag is the copy's            */
	struct store_ask *ask; /* NULL: the reader has nothing of it */
	struct timer *patience;
	struct store_copy copy; /* body NULL: none */
};

static void look_free(struct look *look)
{
	if (look->ask)
		look->ask->owner = NULL;
	timer_free(look->patience);
	store_copy_deinit(&look->copy);
	free(look);
}
SK_DEFINE_CLEANUP(struct look, look_free)

static int64_t now(const struct look *look)
{
	const struct clock *clock = look->stored->clock;

	return clock->wall(clock);
}

/* --- the end of a job --- */

/* The owner may start it again from its handler. */
static void finish(struct look *look, const struct fetch_result *result)
{
	struct fetch_job *job = look->job;

	job->slot = NULL;
	job->done(job, result);
	look_free(look);
}

static void finish_copy(struct look *look)
{
	struct fetch_result result = {
		.body = { look->copy.body, look->copy.len },
		.stored = true,
		.fetched = look->copy.fetched,
		.until = look->copy.until,
	};

	freshness_init(&result.headers);
	memcpy(result.headers.etag, look->copy.etag, sizeof(result.headers.etag));
	finish(look, &result);
}

/* A refusal is not the network's failure: what may not be asked is not served either. */
static bool serves_stale(const struct look *look, enum sk_err err)
{
	return sk_err_class(err) == SK_CLASS_FETCH && err != SK_FETCH_REFUSED &&
	       look->job->have == 0 && look->copy.body &&
	       now(look) - look->copy.until <= CACHE_STALE_MAX;
}

static void finish_err(struct look *look, enum sk_err err, bool unasked)
{
	if (serves_stale(look, err)) {
		look->stored->counters.stale++;
		finish_copy(look);
		return;
	}
	finish(look, &(struct fetch_result){ .err = err, .unasked = unasked });
}

/* "Not modified" to the copy's etag, of which the owner knows nothing: to them it is a body. */
static void finish_confirmed(struct look *look, const struct fetch_result *result)
{
	struct fetch_result whole = *result;

	whole.not_modified = false;
	whole.body = (struct sk_span){ look->copy.body, look->copy.len };
	if (whole.headers.etag[0] == '\0')
		memcpy(whole.headers.etag, look->copy.etag, sizeof(whole.headers.etag));
	finish(look, &whole);
}

static void on_inner(struct fetch_job *inner, const struct fetch_result *result)
{
	struct look *look = inner->arg;

	look->fetching = false;
	if (result->err != SK_OK)
		finish_err(look, result->err, false);
	else if (result->not_modified && look->lent)
		finish_confirmed(look, result);
	else
		finish(look, result);
}

/* --- on to the network --- */

static enum sk_err fetch(struct look *look)
{
	struct fetcher *inner = look->stored->inner;
	enum sk_err err;

	look->inner = *look->job;
	look->inner.done = on_inner;
	look->inner.arg = look;
	look->inner.slot = NULL;
	if (look->job->etag.len == 0 && look->job->post.len == 0 && look->copy.etag[0]) {
		look->inner.etag = sk_span_of(look->copy.etag);
		look->lent = true;
	}
	look->fetching = true;
	err = inner->start(inner, &look->inner);
	look->fetching = err == SK_OK;
	return err;
}

static void fetch_later(struct look *look)
{
	enum sk_err err = fetch(look);

	if (err != SK_OK)
		finish_err(look, err, true);
}

static void on_patience(void *arg)
{
	struct look *look = arg;

	look->stored->counters.late++;
	fetch_later(look);
}

/* --- the copy --- */

/* Long enough for the owner, newer than what the owner has, and not from the future. */
static bool usable(const struct look *look, const struct store_copy *copy)
{
	size_t max = look->job->max ? look->job->max : SK_CERT_FILE_MAX;

	return copy->len <= max && copy->fetched > look->job->have &&
	       copy->fetched <= now(look) + AHEAD;
}

static void on_answer(void *arg, struct store_ask *ask)
{
	struct stored *s = arg;
	struct look *look = ask->owner;

	look->ask = NULL;
	timer_stop(look->patience);
	if (ask->found && usable(look, &ask->copy)) {
		look->copy = ask->copy;
		ask->copy = (struct store_copy){ .body = NULL };
	}
	if (look->fetching)
		return; /* late, but good enough should the network fail */
	if (look->copy.body && now(look) < look->copy.until) {
		s->counters.hits++;
		finish_copy(look);
		return;
	}
	s->counters.misses++;
	fetch_later(look);
}

/* --- the interface --- */

/* The writer counts in its own thread; whoever comes by next tells what it has lost. */
static void tell_losses(struct stored *s)
{
	uint64_t kept, lost;
	int64_t mono;

	store_threads_count(s->threads, &kept, &lost);
	if (!s->log || lost == s->lost)
		return;
	mono = s->clock->mono(s->clock);
	if (s->told_at != 0 && mono - s->told_at < TELL)
		return;
	log_print(
		s->log, LEVEL_WARNING,
		"event=store result=lost lost=%llu msg=\"certs.store: could not be written (a full "
		"or broken disk, too small or too slow a store): not kept over a restart\"",
		(unsigned long long)(lost - s->lost));
	s->lost = lost;
	s->told_at = mono;
}

/* Until the next start there is a store that nothing is added to. */
static void tell_damage(struct stored *s)
{
	if (!s->log || s->damage_told || !store_threads_damaged(s->threads))
		return;
	log_print(
		s->log, LEVEL_ERROR,
		"event=store state=damaged msg=\"certs.store: its data is damaged: nothing more is "
		"written there; the next start moves it aside and makes it anew\"");
	s->damage_told = true;
}

static enum sk_err stored_start(struct fetcher *self, struct fetch_job *job)
{
	struct stored *s = (struct stored *)self;
	SK_CLEANUP(look_free_p) struct look *look = calloc(1, sizeof(*look));
	enum sk_err err = SK_OK;

	tell_damage(s);
	tell_losses(s);
	if (!look)
		return SK_ENOMEM;
	look->stored = s;
	look->job = job;
	look->patience = timer_new(s->loop, on_patience, look);
	if (!look->patience)
		return SK_ENOMEM;
	if (job->post.len == 0) { /* what is posted is a question of its own each time */
		look->ask = store_threads_ask(s->threads, job->url, look);
		s->counters.late += !look->ask;
	}
	if (!look->ask)
		err = fetch(look);
	else if (!timer_set(look->patience, STORED_PATIENCE))
		err = SK_ENOMEM;
	if (err == SK_OK)
		job->slot = sk_steal(look);
	return err;
}

static void stored_stop(struct fetcher *self, struct fetch_job *job)
{
	struct stored *s = (struct stored *)self;
	struct look *look = job->slot;

	if (!look)
		return;
	job->slot = NULL;
	if (look->fetching)
		s->inner->stop(s->inner, &look->inner);
	look_free(look);
}

static bool stored_reload(struct fetcher *self, const struct certs_conf *conf, char why[256])
{
	struct fetcher *inner = ((struct stored *)self)->inner;

	return !inner->reload || inner->reload(inner, conf, why);
}

static void stored_keep(struct fetcher *self, const struct fetch_kept *kept)
{
	struct stored *s = (struct stored *)self;

	store_threads_keep(s->threads, kept);
	tell_damage(s);
	tell_losses(s);
}

bool stored_new(struct loop *loop, const struct clock *clock, struct log *log, struct store *store,
		struct fetcher *inner, struct fetcher **out)
{
	struct stored *s = calloc(1, sizeof(*s));

	if (!s)
		return false;
	*s = (struct stored){
		.base = { stored_start, stored_stop, stored_reload, stored_keep },
		.loop = loop,
		.clock = clock,
		.log = log,
		.inner = inner,
	};
	if (!store_threads_new(loop, store, on_answer, s, &s->threads)) {
		free(s);
		return false;
	}
	*out = &s->base;
	return true;
}

void stored_free(struct fetcher *fetcher)
{
	struct stored *s = (struct stored *)fetcher;

	if (!s)
		return;
	store_threads_free(s->threads);
	free(s);
}

void stored_counters(const struct fetcher *fetcher, struct stored_counters *out)
{
	const struct stored *s = (const struct stored *)fetcher;

	*out = s->counters;
	store_threads_count(s->threads, &out->kept, &out->lost);
}
