/*
 * One name, one slot, whoever asks: threads, processes, a table that is full.
 */
#include "redirector/call/tally.h"
#include "tests/check.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	NAMES = 200,
	ROUNDS = 50,
};

static struct tally_slot *slot_of(struct tally *t, int n)
{
	char name[32];

	snprintf(name, sizeof(name), "tenant-%d", n);
	return tally_slot(t, sk_span_of(name));
}

static void *count_all(void *arg)
{
	for (int r = 0; r < ROUNDS; r++)
		for (int i = 0; i < NAMES; i++)
			tally_add(slot_of(arg, i), TALLY_CALLS);
	return NULL;
}

static void one_slot(void *arg, const struct tally_slot *slot)
{
	int *seen = arg;

	if (slot->name[0])
		(*seen)++;
}

static void together(void)
{
	struct tally *t = tally_new(NAMES + 10);
	pthread_t threads[2];
	pid_t child;
	int status = 1, seen = 0;

	if (!t)
		exit(1);
	child = fork();
	if (child == 0) {
		count_all(t);
		_exit(0);
	}
	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, count_all, t) != 0)
			exit(1);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0, "child");
	tally_each(t, one_slot, &seen);
	CHECK(seen == NAMES, "%d names", seen);
	for (int i = 0; i < NAMES; i++)
		CHECK(atomic_load(&slot_of(t, i)->n[TALLY_CALLS]) == 3 * ROUNDS, "tenant %d", i);
	tally_free(t);
}

static void full(void)
{
	struct tally *t = tally_new(3);
	char name[TALLY_NAME_SIZE + 1];

	if (!t)
		exit(1);
	for (int i = 0; i < 3; i++)
		CHECK(slot_of(t, i), "room for %d", i);
	CHECK(!slot_of(t, 3), "none for a fourth");
	CHECK(slot_of(t, 1) == slot_of(t, 1) && slot_of(t, 1) != slot_of(t, 2), "each its own");
	memset(name, 'n', sizeof(name));
	CHECK(!tally_slot(t, (struct sk_span){ name, TALLY_NAME_SIZE }), "too long");
	CHECK(!tally_slot(t, SK_SPAN("")), "no name");
	tally_add(NULL, TALLY_CALLS); /* nobody's */
	tally_free(t);
	tally_free(NULL);
}

/* A worker that died while it took a slot: others pass by it. */
static void died(void)
{
	struct tally *t = tally_new(8);
	struct tally_slot *taken;

	if (!t)
		exit(1);
	taken = slot_of(t, 0);
	atomic_store(&taken->state, 1);
	CHECK(slot_of(t, 0) && slot_of(t, 0) != taken, "another slot");
	CHECK(slot_of(t, 0) == slot_of(t, 0), "the same one from then on");
	tally_free(t);
}

static void names(void)
{
	for (int i = 0; i < TALLY_LAST; i++)
		for (int k = 0; k < i; k++)
			CHECK(strcmp(tally_count_name((enum tally_count)i),
				     tally_count_name((enum tally_count)k)) != 0,
			      "%d and %d", i, k);
}

int main(void)
{
	together();
	full();
	died();
	names();
	return check_result();
}
