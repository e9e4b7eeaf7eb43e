/*
 * Two fixed tables in shared memory, open addressing by a hash of the tenant's name: all slots of
 * a tenant lie on one way through the table, which never gets a hole, since no slot becomes free
 * again.  So one of its own may be renamed where it is and is found on the same way.
 *
 * Whoever reads a name holds the slot meanwhile, and none that is held is renamed.
 */
#include "redirector/call/tally.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	SLOT_FREE,
	SLOT_CLAIMED, /* somebody writes its name: in the bits above, in which seat */
	SLOT_TAKEN,
	SEAT_SHIFT = 8,
	TURNS = 8,           /* somebody else may look at the slot that is to be had, or take it */
	PATIENCE = 100000,   /* looks at a claimed slot: whoever claimed it may have died */
	TRUNKS_SURE = 16384, /* up to so many slots there is room for every tenant's most */
	/* those in use, and as many of the version before that calls may still have */
	OF_ONE_TENANT = 2 * TALLY_TRUNKS_MAX,
};

struct table {
	char *slots; /* `max` of them, `stride` bytes each */
	size_t max, stride;
};

struct tally {
	struct table tenants, trunks;
	unsigned seats, self;
	size_t own; /* bytes that are to be unmapped at the end; 0: the memory is borrowed */
};

/* Memory is taken when it is touched. */
static size_t trunks_for(size_t tenants)
{
	size_t wide = tenants < TRUNKS_SURE / OF_ONE_TENANT ? tenants * OF_ONE_TENANT : TRUNKS_SURE;

	return wide > 2 * tenants ? wide : 2 * tenants;
}

static size_t stride_of(unsigned seats)
{
	return sizeof(struct tally_slot) + seats * sizeof(struct tally_seat);
}

size_t tally_bytes(size_t max, unsigned seats)
{
	return (2 * max + trunks_for(max)) * stride_of(seats);
}

struct tally *tally_at(void *memory, size_t max, unsigned seats, unsigned self)
{
	struct tally *t = calloc(1, sizeof(*t));
	size_t tenants = 2 * max, stride = stride_of(seats);

	if (!t)
		return NULL;
	t->seats = seats;
	t->self = self;
	t->tenants = (struct table){ memory, tenants, stride };
	t->trunks = (struct table){ (char *)memory + tenants * stride, trunks_for(max), stride };
	return t;
}

struct tally *tally_new(size_t max)
{
	size_t bytes = tally_bytes(max, 1);
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct tally *t;

	if (memory == MAP_FAILED)
		return NULL;
	t = tally_at(memory, max, 1, 0);
	if (t)
		t->own = bytes;
	else
		munmap(memory, bytes);
	return t;
}

void tally_free(struct tally *t)
{
	if (t && t->own > 0)
		munmap(t->tenants.slots, t->own);
	free(t);
}

static struct tally_slot *slot_at(const struct table *table, size_t i)
{
	void *slot = table->slots + i % table->max * table->stride;

	return slot;
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

/* A trunk of that tenant's */
static bool is_of(const struct tally_slot *slot, struct sk_span tenant)
{
	return strncmp(slot->name, tenant.ptr, tenant.len) == 0 && slot->name[tenant.len] == '/';
}

static void add_held(struct tally *t, struct tally_slot *slot)
{
	atomic_fetch_add(&slot->seats[t->self].held, 1);
}

static bool is_held(const struct tally *t, const struct tally_slot *slot)
{
	for (unsigned i = 0; i < t->seats; i++)
		if (atomic_load(&slot->seats[i].held) > 0)
			return true;
	return false;
}

/* Waits until nobody writes its name any more.  @return false: it has none */
static bool hold(struct tally *t, struct tally_slot *slot)
{
	for (int i = 0; i < PATIENCE; i++) {
		add_held(t, slot);
		if (atomic_load(&slot->state) == SLOT_TAKEN)
			return true;
		tally_drop(t, slot);
	}
	return false;
}

void tally_drop(struct tally *t, struct tally_slot *slot)
{
	if (slot)
		atomic_fetch_sub(&slot->seats[t->self].held, 1);
}

static bool claim(struct tally *t, struct tally_slot *slot, uint32_t state)
{
	return atomic_compare_exchange_strong(&slot->state, &state,
					      SLOT_CLAIMED | t->self << SEAT_SHIFT);
}

/* Free -> named and held by the caller. */
static bool take(struct tally *t, struct tally_slot *slot, struct sk_span name)
{
	if (!claim(t, slot, SLOT_FREE))
		return false;
	memcpy(slot->name, name.ptr, name.len);
	add_held(t, slot);
	atomic_store(&slot->state, SLOT_TAKEN);
	return true;
}

/* One that nobody holds -> named anew, from 0, and held by the caller. */
static bool take_over(struct tally *t, struct tally_slot *slot, struct sk_span name)
{
	if (!claim(t, slot, SLOT_TAKEN))
		return false;
	if (is_held(t, slot)) {
		atomic_store(&slot->state, SLOT_TAKEN);
		return false;
	}
	memset(slot->name, 0, sizeof(slot->name));
	memcpy(slot->name, name.ptr, name.len);
	for (int i = 0; i < TALLY_LAST; i++)
		atomic_store(&slot->n[i], 0);
	atomic_store(&slot->calls_at, 0);
	atomic_store(&slot->fetches_at, 0);
	add_held(t, slot);
	atomic_store(&slot->state, SLOT_TAKEN);
	return true;
}

void tally_wait(struct tally *t, struct tally_slot *slot, bool waits)
{
	atomic_fetch_add_explicit(&slot->seats[t->self].waiting, waits ? 1 : -1,
				  memory_order_relaxed);
}

int64_t tally_waiting(const struct tally *t, const struct tally_slot *slot)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < t->seats; i++)
		sum += atomic_load_explicit(&slot->seats[i].waiting, memory_order_relaxed);
	return sum;
}

/* A name that was half written is nobody's from now on: making the slot free again would leave a
 * hole in the ways through the table. */
static void forget_claim(struct tally_slot *slot, unsigned seat)
{
	if (atomic_load(&slot->state) != (SLOT_CLAIMED | seat << SEAT_SHIFT))
		return;
	memset(slot->name, 0, sizeof(slot->name));
	slot->name[0] = '?'; /* no tenant is called so */
	atomic_store(&slot->state, SLOT_TAKEN);
}

static void forget_in(const struct table *table, unsigned seat)
{
	for (size_t i = 0; i < table->max; i++) {
		struct tally_slot *slot = slot_at(table, i);

		if (atomic_load(&slot->state) == SLOT_FREE)
			continue;
		atomic_store(&slot->seats[seat].held, 0);
		atomic_store(&slot->seats[seat].waiting, 0);
		forget_claim(slot, seat);
	}
}

void tally_forget(struct tally *t, unsigned seat)
{
	forget_in(&t->tenants, seat);
	forget_in(&t->trunks, seat);
}

/* What a way through a table came by. */
struct way {
	struct tally_slot *unheld; /* of the same tenant; NULL: none */
	size_t own;                /* trunks of the same tenant      */
};

/* @return it holds the name; else what it is is noted */
static bool look(struct tally *t, struct tally_slot *slot, struct sk_span name,
		 struct sk_span tenant, struct way *way)
{
	bool own;

	if (!hold(t, slot))
		return false;
	if (is_named(slot, name))
		return true;
	own = is_of(slot, tenant);
	tally_drop(t, slot);
	way->own += own;
	if (own && !way->unheld && !is_held(t, slot))
		way->unheld = slot;
	return false;
}

/* @return NULL: none has it, and there is no free one that its tenant may take */
static struct tally_slot *walk(struct tally *t, const struct table *table, struct sk_span name,
			       struct sk_span tenant, struct way *way)
{
	uint64_t hash = hash_of(tenant);

	*way = (struct way){ NULL, 0 };
	for (size_t i = 0; i < table->max; i++) {
		struct tally_slot *slot = slot_at(table, hash % table->max + i);

		if (atomic_load(&slot->state) == SLOT_FREE) {
			if (way->own >= OF_ONE_TENANT)
				return NULL;
			if (take(t, slot, name))
				return slot;
		}
		if (look(t, slot, name, tenant, way))
			return slot;
	}
	return NULL;
}

struct tally_slot *tally_slot(struct tally *t, struct sk_span name)
{
	const char *slash = name.len > 0 ? memchr(name.ptr, '/', name.len) : NULL;
	struct sk_span tenant = { name.ptr, slash ? (size_t)(slash - name.ptr) : name.len };
	const struct table *table = slash ? &t->trunks : &t->tenants;

	if (name.len == 0 || name.len >= TALLY_NAME_SIZE)
		return NULL;
	for (int i = 0; i < TURNS; i++) {
		struct way way;
		struct tally_slot *slot = walk(t, table, name, tenant, &way);

		if (slot || !way.unheld)
			return slot;
		if (take_over(t, way.unheld, name))
			return way.unheld;
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

static void each_in(struct tally *t, const struct table *table,
		    void (*visit)(void *arg, const struct tally_slot *slot), void *arg)
{
	for (size_t i = 0; i < table->max; i++) {
		struct tally_slot *slot = slot_at(table, i);

		if (atomic_load(&slot->state) != SLOT_TAKEN || !hold(t, slot))
			continue;
		visit(arg, slot);
		tally_drop(t, slot);
	}
}

void tally_each(struct tally *t, void (*visit)(void *arg, const struct tally_slot *slot), void *arg)
{
	each_in(t, &t->tenants, visit, arg);
	each_in(t, &t->trunks, visit, arg);
}
