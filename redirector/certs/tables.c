/*
 * No queue: while one table is being made, other keys are looked at again a few calls
 * later.  How much a key is used is a number that is halved every TABLES_PERIOD, when
 * somebody looks.
 *
 * What surprises: a chain may go while its table is being made.  The thread holds a
 * reference to the key alone, and whose table it is stands on the loop's side only.
 */
#include "redirector/certs/tables.h"

#include "redirector/base/rank.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct tables {
	struct loop *loop;
	const struct clock *clock;
	size_t limit;
	struct tables_counters counters;
	struct table_use ring; /* head; newest first */
	int64_t search_at;     /* not before, when all places are taken */

	int fd; /* the thread is done */
	struct watch *watch;
	bool joinable;
	struct table_use *target; /* whose table it is; NULL: the chain is gone */
	pthread_t thread;
	/* the thread's, while it runs */
	EVP_PKEY *key;
	struct sk_table *made;
};

static int64_t now_ms(const struct tables *t)
{
	return t->clock->mono(t->clock);
}

/* --- who has a table --- */

static void ring_remove(struct table_use *use)
{
	use->prev->next = use->next;
	use->next->prev = use->prev;
	use->prev = use->next = NULL;
}

static void ring_push(struct table_use *head, struct table_use *use)
{
	use->prev = head;
	use->next = head->next;
	head->next->prev = use;
	head->next = use;
}

static void drop(struct tables *t, struct table_use *use)
{
	sk_chain_set_table(use->chain, NULL);
	ring_remove(use);
	use->tables = NULL;
	t->counters.count--;
	t->counters.evicted++;
}

static uint64_t score_at(const struct table_use *use, int64_t period)
{
	const int64_t halvings = period - use->period;

	return halvings < 64 ? use->score >> halvings : 0;
}

static void settle(struct tables *t, const struct sk_chain *chain, struct table_use *use)
{
	const uint64_t verified = sk_chain_verified(chain), more = verified - use->seen;
	const int64_t period = now_ms(t) / TABLES_PERIOD;

	use->score = score_at(use, period) + more;
	use->period = period;
	use->seen = verified;
	if (sk_chain_has_table(chain))
		t->counters.verified += more;
}

static struct table_use *least_used(const struct tables *t)
{
	const int64_t period = now_ms(t) / TABLES_PERIOD;
	struct table_use *least = t->ring.prev;

	for (struct table_use *use = least; use != &t->ring; use = use->prev)
		if (score_at(use, period) < score_at(least, period))
			least = use;
	return least;
}

/* Is there room, or somebody to go?  With many places a search is long: not for each call */
static bool has_place(struct tables *t, const struct table_use *use)
{
	const int64_t now = now_ms(t);

	if (t->counters.count < t->limit)
		return true;
	if (t->limit == 0 || now < t->search_at)
		return false;
	t->search_at = now + TABLES_PAUSE;
	return use->score / 2 > score_at(least_used(t), now / TABLES_PERIOD);
}

static void attach(struct tables *t, struct table_use *use, struct sk_table *table)
{
	while (t->counters.count >= t->limit)
		drop(t, least_used(t));
	sk_chain_set_table(use->chain, table);
	ring_push(&t->ring, use);
	t->counters.count++;
	t->counters.built++;
}

/* --- the thread --- */

static void *build(void *arg)
{
	struct tables *t = arg;
	const uint64_t one = 1;

	rank_set(RANK_TABLES);
	if (sk_table_new(t->key, &t->made) != SK_OK)
		t->made = NULL;
	while (write(t->fd, &one, sizeof(one)) < 0)
		; /* only ever interrupted: the loop empties it */
	return NULL;
}

/* Late, so that the loop need not wait for the last breath of a thread that is done */
static void join(struct tables *t)
{
	if (t->joinable)
		pthread_join(t->thread, NULL);
	t->joinable = false;
}

/* Signals are the loop's alone. */
static bool begin_thread(struct tables *t)
{
	sigset_t all, old;
	bool ok;

	join(t);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	ok = pthread_create(&t->thread, NULL, build, t) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	t->joinable = ok;
	return ok;
}

/* @return What the thread has made, or NULL */
static struct sk_table *take_made(struct tables *t)
{
	EVP_PKEY_free(t->key);
	t->key = NULL;
	t->counters.building = false;
	return sk_steal(t->made);
}

static void on_built(void *arg, int fd, int events)
{
	struct tables *t = arg;
	struct table_use *use;
	struct sk_table *table;
	uint64_t count;

	(void)events;
	if (read(fd, &count, sizeof(count)) < 0)
		return;
	table = take_made(t);
	use = sk_steal(t->target);
	t->counters.failed += !table;
	if (use && table && t->limit > 0) {
		attach(t, use, table);
		return;
	}
	sk_table_free(table);
	if (use) {
		use->tables = NULL;
		use->due = sk_chain_verified(use->chain) + TABLES_HOT;
	}
}

static bool open_watch(struct tables *t)
{
	if (t->watch)
		return true;
	if (t->fd < 0)
		t->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (t->fd >= 0)
		t->watch = watch_new(t->loop, t->fd, LOOP_IN, on_built, t);
	return t->watch != NULL;
}

static bool start(struct tables *t, struct sk_chain *chain, struct table_use *use)
{
	EVP_PKEY *key = X509_get0_pubkey(sk_chain_at(chain, 0));

	if (!open_watch(t) || EVP_PKEY_up_ref(key) != 1)
		return false;
	t->key = key;
	if (!begin_thread(t)) {
		EVP_PKEY_free(sk_steal(t->key));
		return false;
	}
	t->counters.building = true;
	t->target = use;
	use->tables = t;
	use->chain = chain;
	return true;
}

/* --- the loop's side --- */

void tables_look(struct tables *t, struct sk_chain *chain, struct table_use *use)
{
	const uint64_t verified = sk_chain_verified(chain);

	if (verified < TABLES_HOT) {
		use->due = TABLES_HOT;
		return;
	}
	use->due = verified + TABLES_STEP;
	settle(t, chain, use);
	if (use->tables || t->counters.building || !t->loop || !has_place(t, use))
		return;
	if (!start(t, chain, use))
		use->due = verified + TABLES_HOT;
}

void tables_leave(struct table_use *use)
{
	struct tables *t = use->tables;

	if (!t)
		return;
	use->tables = NULL;
	if (t->target == use) {
		t->target = NULL;
		return;
	}
	ring_remove(use);
	t->counters.count--;
}

void tables_limit(struct tables *t, int64_t limit)
{
	t->limit = (size_t)limit;
	while (t->counters.count > t->limit)
		drop(t, t->ring.prev);
}

struct tables *tables_new(struct loop *loop, const struct clock *clock, int64_t limit)
{
	struct tables *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->loop = loop;
	t->clock = clock;
	t->limit = (size_t)limit;
	t->fd = -1;
	t->ring.prev = t->ring.next = &t->ring;
	return t;
}

void tables_free(struct tables *t)
{
	if (!t)
		return;
	join(t);
	sk_table_free(take_made(t));
	if (t->target)
		t->target->tables = NULL;
	while (t->ring.next != &t->ring) {
		t->ring.next->tables = NULL;
		ring_remove(t->ring.next);
	}
	watch_free(t->watch);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

const struct tables_counters *tables_counters(const struct tables *tables)
{
	return &tables->counters;
}
