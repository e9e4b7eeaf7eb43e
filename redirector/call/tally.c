/*
 * Two fixed tables in shared memory, open addressing by a hash of the tenant's name: all slots of
 * a tenant lie on one way through the table, which never gets a hole, since no slot becomes free
 * again.  So one of its own may be renamed where it is and is found on the same way.
 *
 * Whoever reads a name holds the slot meanwhile, and none that is held is renamed.
 */
#include "redirector/call/tally.h"

#include <string.h>
#include <sys/mman.h>

enum {
	SLOT_FREE,
	SLOT_CLAIMED, /* somebody writes its name */
	SLOT_TAKEN,
	TURNS = 8,           /* somebody else may look at the slot that is to be had, or take it */
	PATIENCE = 100000,   /* looks at a claimed slot: whoever claimed it may have died */
	TRUNKS_SURE = 16384, /* up to so many slots there is room for every tenant's most */
	/* those in use, and as many of the version before that calls may still have */
	OF_ONE_TENANT = 2 * TALLY_TRUNKS_MAX,
};

struct table {
	struct tally_slot *slots;
	size_t max;
};

struct tally {
	size_t bytes;
	struct table tenants, trunks;
	struct tally_slot slots[];
};

/* Memory is taken when it is touched. */
static size_t trunks_for(size_t tenants)
{
	size_t wide = tenants < TRUNKS_SURE / OF_ONE_TENANT ? tenants * OF_ONE_TENANT : TRUNKS_SURE;

	return wide > 2 * tenants ? wide : 2 * tenants;
}

struct tally *tally_new(size_t max)
{
	size_t tenants = 2 * max, trunks = trunks_for(max);
	size_t bytes = sizeof(struct tally) + (tenants + trunks) * sizeof(struct tally_slot);
	struct tally *t =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (t == MAP_FAILED)
		return NULL;
	t->bytes = bytes;
	t->tenants = (struct table){ t->slots, tenants };
	t->trunks = (struct table){ t->slots + tenants, trunks };
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

/* A trunk of that tenant's */
static bool is_of(const struct tally_slot *slot, struct sk_span tenant)
{
	return strncmp(slot->name, tenant.ptr, tenant.len) == 0 && slot->name[tenant.len] == '/';
}

/* Waits until nobody writes its name any more.  @return false: it has none */
static bool hold(struct tally_slot *slot)
{
	for (int i = 0; i < PATIENCE; i++) {
		atomic_fetch_add(&slot->held, 1);
		if (atomic_load(&slot->state) == SLOT_TAKEN)
			return true;
		atomic_fetch_sub(&slot->held, 1);
	}
	return false;
}

void tally_drop(struct tally_slot *slot)
{
	if (slot)
		atomic_fetch_sub(&slot->held, 1);
}

/* Free -> named and held by the caller. */
static bool take(struct tally_slot *slot, struct sk_span name)
{
	uint32_t state = SLOT_FREE;

	if (!atomic_compare_exchange_strong(&slot->state, &state, SLOT_CLAIMED))
		return false;
	memcpy(slot->name, name.ptr, name.len);
	atomic_fetch_add(&slot->held, 1);
	atomic_store(&slot->state, SLOT_TAKEN);
	return true;
}

/* One that nobody holds -> named anew, from 0, and held by the caller. */
static bool take_over(struct tally_slot *slot, struct sk_span name)
{
	uint32_t state = SLOT_TAKEN;

	if (!atomic_compare_exchange_strong(&slot->state, &state, SLOT_CLAIMED))
		return false;
	if (atomic_load(&slot->held) > 0) {
		atomic_store(&slot->state, SLOT_TAKEN);
		return false;
	}
	memset(slot->name, 0, sizeof(slot->name));
	memcpy(slot->name, name.ptr, name.len);
	for (int i = 0; i < TALLY_LAST; i++)
		atomic_store(&slot->n[i], 0);
	atomic_store(&slot->calls_at, 0);
	atomic_store(&slot->fetches_at, 0);
	atomic_store(&slot->waiting, 0);
	atomic_fetch_add(&slot->held, 1);
	atomic_store(&slot->state, SLOT_TAKEN);
	return true;
}

/* What a way through a table came by. */
struct way {
	struct tally_slot *unheld; /* of the same tenant; NULL: none */
	size_t own;                /* trunks of the same tenant      */
};

/* @return it holds the name; else what it is is noted */
static bool look(struct tally_slot *slot, struct sk_span name, struct sk_span tenant,
		 struct way *way)
{
	bool own;

	if (!hold(slot))
		return false;
	if (is_named(slot, name))
		return true;
	own = is_of(slot, tenant);
	tally_drop(slot);
	way->own += own;
	if (own && !way->unheld && atomic_load(&slot->held) == 0)
		way->unheld = slot;
	return false;
}

/* @return NULL: none has it, and there is no free one that its tenant may take */
static struct tally_slot *walk(const struct table *table, struct sk_span name,
			       struct sk_span tenant, struct way *way)
{
	uint64_t hash = hash_of(tenant);

	*way = (struct way){ NULL, 0 };
	for (size_t i = 0; i < table->max; i++) {
		struct tally_slot *slot = &table->slots[(hash + i) % table->max];

		if (atomic_load(&slot->state) == SLOT_FREE) {
			if (way->own >= OF_ONE_TENANT)
				return NULL;
			if (take(slot, name))
				return slot;
		}
		if (look(slot, name, tenant, way))
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
		struct tally_slot *slot = walk(table, name, tenant, &way);

		if (slot || !way.unheld)
			return slot;
		if (take_over(way.unheld, name))
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

void tally_each(struct tally *t, void (*visit)(void *arg, const struct tally_slot *slot), void *arg)
{
	for (size_t i = 0; i < t->tenants.max + t->trunks.max; i++) {
		struct tally_slot *slot = &t->slots[i];

		if (atomic_load(&slot->state) != SLOT_TAKEN || !hold(slot))
			continue;
		visit(arg, slot);
		tally_drop(slot);
	}
}
