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
	FEW = 3,
};

static struct tally_slot *slot_of(struct tally *t, int n)
{
	char name[32];

	snprintf(name, sizeof(name), "tenant-%d", n);
	return tally_slot(t, sk_span_of(name));
}

static struct tally_slot *trunk_of(struct tally *t, const char *tenant, int n)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/trunk-%d", tenant, n);
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
	struct tally *t = tally_new(FEW); /* and as many that are gone */
	char name[TALLY_NAME_SIZE + 1];

	if (!t)
		exit(1);
	for (int i = 0; i < 2 * FEW; i++)
		CHECK(slot_of(t, i), "room for %d", i);
	CHECK(!slot_of(t, 2 * FEW), "none for one more");
	CHECK(trunk_of(t, "tenant-0", 0), "but for its trunks");
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

/* One that names its trunks anew each time gets no more than its share, and takes nobody's. */
static void greedy(void)
{
	struct tally *t = tally_new(FEW);
	struct tally_slot *other, *kept, *gone;
	int seen = 0;

	if (!t)
		exit(1);
	other = trunk_of(t, "b", 0);
	tally_add(other, TALLY_CALLS);
	tally_drop(t, other);
	kept = trunk_of(t, "a", 0);
	tally_add(kept, TALLY_CALLS);
	for (int i = 1; i < 20 * TALLY_TRUNKS_MAX; i++) {
		struct tally_slot *slot = trunk_of(t, "a", i);

		CHECK(slot && slot != kept && slot != other, "name %d", i);
		if (!slot)
			break;
		CHECK(atomic_load(&slot->n[TALLY_CALLS]) == 0, "name %d begins from 0", i);
		tally_add(slot, TALLY_CALLS);
		atomic_store(&slot->calls_at, 7);
		tally_drop(t, slot);
	}
	CHECK(trunk_of(t, "a", 0) == kept && atomic_load(&kept->n[TALLY_CALLS]) == 1,
	      "what is held stays");
	CHECK(trunk_of(t, "b", 0) == other && atomic_load(&other->n[TALLY_CALLS]) == 1,
	      "another's stays, held or not");
	tally_each(t, one_slot, &seen);
	CHECK(seen == 2 * TALLY_TRUNKS_MAX + 1, "%d names", seen);
	CHECK(slot_of(t, 0) && slot_of(t, 2 * FEW - 1), "tenants have room");
	gone = trunk_of(t, "a", 20 * TALLY_TRUNKS_MAX - 1);
	CHECK(gone && atomic_load(&gone->n[TALLY_CALLS]) == 1, "the last one counts on");
	tally_free(t);
}

/* As many as two versions of a tenant may have; a longer name that begins alike is another. */
static void held(void)
{
	struct tally *t = tally_new(FEW);
	struct tally_slot *one = NULL, *again;

	if (!t)
		exit(1);
	for (int i = 0; i < 2 * TALLY_TRUNKS_MAX; i++) {
		one = trunk_of(t, "a", i);
		CHECK(one, "trunk %d", i);
	}
	CHECK(!trunk_of(t, "a", -1), "all are held");
	CHECK(trunk_of(t, "ab", 0), "another's");
	tally_drop(t, one);
	again = trunk_of(t, "a", -1);
	CHECK(again && again == one && strcmp(again->name, "a/trunk--1") == 0, "the one let go");
	CHECK(!trunk_of(t, "a", -2), "held again");
	tally_drop(t, NULL);
	tally_free(t);
}

static void *rename_all(void *arg)
{
	for (int i = 0; i < ROUNDS * NAMES; i++)
		tally_drop(arg, trunk_of(arg, "a", i));
	return NULL;
}

static void whole_name(void *arg, const struct tally_slot *slot)
{
	int *torn = arg;

	if (strncmp(slot->name, "a/trunk-", 8) != 0 || strlen(slot->name) < 9)
		(*torn)++;
}

/* A reload renames while the loop prints. */
static void printed(void)
{
	struct tally *t = tally_new(FEW);
	pthread_t thread;
	int torn = 0;

	if (!t || pthread_create(&thread, NULL, rename_all, t) != 0)
		exit(1);
	for (int i = 0; i < ROUNDS; i++)
		tally_each(t, whole_name, &torn);
	pthread_join(thread, NULL);
	CHECK(torn == 0, "%d names in the making", torn);
	tally_free(t);
}

/* What a dead process held is taken back; what others hold stays, and so do the counts. */
static void forgotten(void)
{
	enum {
		MAX = 4,
		SEATS = 4
	};
	size_t bytes = tally_bytes(MAX, SEATS);
	char *memory = calloc(1, bytes);
	struct tally *one = memory ? tally_at(memory, MAX, SEATS, 1) : NULL;
	struct tally *two = memory ? tally_at(memory, MAX, SEATS, 2) : NULL;
	struct tally_slot *slot, *torn;

	if (!one || !two)
		exit(1);
	slot = tally_slot(one, SK_SPAN("t"));
	CHECK(slot && slot == tally_slot(two, SK_SPAN("t")), "one slot for both");
	for (int i = 0; i < 3; i++)
		tally_wait(one, slot, true);
	tally_wait(two, slot, true);
	tally_add(slot, TALLY_CALLS);
	CHECK(tally_waiting(two, slot) == 4, "all are counted");
	torn = trunk_of(one, "t", 1);
	atomic_store(&torn->state, 1 | 1 << 8); /* it dies while it writes a name */
	tally_forget(two, 1);
	CHECK(tally_waiting(two, slot) == 1 && tally_waiting(one, slot) == 1, "the other's stay");
	CHECK(atomic_load(&slot->n[TALLY_CALLS]) == 1, "what was counted stays");
	tally_wait(two, slot, false);
	CHECK(tally_waiting(one, slot) == 0, "none waits");
	CHECK(trunk_of(two, "t", 1) && trunk_of(two, "t", 1) != torn, "a name half written");
	for (int i = 2; i <= 2 * TALLY_TRUNKS_MAX; i++)
		CHECK(trunk_of(one, "t", i), "held %d", i);
	CHECK(!trunk_of(two, "t", -1), "all are held");
	tally_forget(two, 1);
	CHECK(trunk_of(two, "t", -1), "until who held them is dead");
	tally_free(one);
	tally_free(two);
	free(memory);
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
	greedy();
	held();
	printed();
	forgotten();
	names();
	return check_result();
}
