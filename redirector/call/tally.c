/*
 * A fixed table in shared memory, open addressing by a hash of the name.  A slot goes from
 * free to taken once and never back, so that readers need no lock.
 */
#include "redirector/call/tally.h"

#include <string.h>
#include <sys/mman.h>

enum {
	SLOT_FREE,
	SLOT_CLAIMED, /* somebody writes its name */
	SLOT_TAKEN,
	PATIENCE = 100000, /* looks at a claimed slot: whoever claimed it may have died */
};

struct tally {
	size_t bytes, max;
	struct tally_slot slots[];
};

struct tally *tally_new(size_t max)
{
	size_t bytes = sizeof(struct tally) + max * sizeof(struct tally_slot);
	struct tally *t =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (t == MAP_FAILED)
		return NULL;
	t->bytes = bytes;
	t->max = max;
	return t;
}

void tally_free(struct tally *t)
{
	if (t)
		munmap(t, t->bytes);
}

static uint64_t hash_of(struct sk_span name)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (unsigned char)name.ptr[i]) * 1099511628211u;
	return hash;
}

static bool is_named(const struct tally_slot *slot, struct sk_span name)
{
	return strlen(slot->name) == name.len && memcmp(slot->name, name.ptr, name.len) == 0;
}

/* @return the state, once nobody writes the name any more */
static uint32_t settled(struct tally_slot *slot)
{
	uint32_t state = SLOT_CLAIMED;

	for (int i = 0; i < PATIENCE && state == SLOT_CLAIMED; i++)
		state = atomic_load(&slot->state);
	return state;
}

struct tally_slot *tally_slot(struct tally *t, struct sk_span name)
{
	uint64_t hash = hash_of(name);

	if (name.len == 0 || name.len >= TALLY_NAME_SIZE)
		return NULL;
	for (size_t i = 0; i < t->max; i++) {
		struct tally_slot *slot = &t->slots[(hash + i) % t->max];
		uint32_t state = SLOT_FREE;

		if (atomic_compare_exchange_strong(&slot->state, &state, SLOT_CLAIMED)) {
			memcpy(slot->name, name.ptr, name.len);
			atomic_store(&slot->state, SLOT_TAKEN);
			return slot;
		}
		if (settled(slot) == SLOT_TAKEN && is_named(slot, name))
			return slot;
	}
	return NULL;
}

const char *tally_count_name(enum tally_count what)
{
	static const char *const names[] = {
		[TALLY_CALLS] = "calls",         [TALLY_REPEATS] = "repeats",
		[TALLY_SIGNED] = "signed",       [TALLY_PASSED] = "passed",
		[TALLY_FAILED] = "failed",       [TALLY_UNVERIFIED] = "unverified",
		[TALLY_BLOCKED] = "blocked",     [TALLY_LIMITED] = "limited",
		[TALLY_FAULTS] = "faults",       [TALLY_FETCHES] = "fetches",
		[TALLY_UNFETCHED] = "unfetched", [TALLY_BILLABLE] = "billable",
	};

	return names[what];
}

void tally_each(const struct tally *t, void (*visit)(void *arg, const struct tally_slot *slot),
		void *arg)
{
	for (size_t i = 0; i < t->max; i++)
		if (atomic_load(&t->slots[i].state) == SLOT_TAKEN)
			visit(arg, &t->slots[i]);
}
