/*
 * What is no fault of any one file: two tenants that sign with one key, and who is served
 * uncounted.  A file is told by its inode, so that no link and no other way to it hides it.
 */
#include "redirector/roster_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	WARNING_SIZE = 768,
};

/* A key, as one tenant names it. */
struct use {
	const char *key, *tenant;
	uint64_t device, inode; /* 0: no file */
};

struct uses {
	struct use *items;
	size_t count, room;
	bool ok;
};

static void add_use(struct uses *u, const char *tenant, const char *key)
{
	struct use use = { .key = key, .tenant = tenant };
	struct stat st;

	if (key[0] == '\0' || !u->ok)
		return;
	if (u->count == u->room) {
		size_t more = u->room * 2 + 64;
		struct use *items = reallocarray(u->items, more, sizeof(*items));

		u->ok = items != NULL;
		if (!items)
			return;
		u->items = items;
		u->room = more;
	}
	if (stat(key, &st) == 0) {
		use.device = st.st_dev;
		use.inode = st.st_ino;
	}
	u->items[u->count++] = use;
}

static void add_tenant(struct uses *u, const struct tenant *tenant)
{
	const struct credential_conf *credentials = tenant->set->credentials.items;

	add_use(u, tenant->set->name, tenant->set->sign.key);
	for (size_t i = 0; i < tenant->set->credentials.count; i++) {
		add_use(u, tenant->set->name, credentials[i].key);
		add_use(u, tenant->set->name, credentials[i].next_key);
	}
}

static int compare_keys(const struct use *a, const struct use *b)
{
	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	if (a->inode != b->inode)
		return a->inode < b->inode ? -1 : 1;
	return a->inode > 0 ? 0 : strcmp(a->key, b->key);
}

static int by_key_and_tenant(const void *x, const void *y)
{
	int order = compare_keys(x, y);

	return order ? order
		     : strcmp(((const struct use *)x)->tenant, ((const struct use *)y)->tenant);
}

/* The uses of one key, sorted by tenant. */
static void warn_of_key(const struct use *uses, size_t count, struct complaints *warnings)
{
	char text[WARNING_SIZE], more[48] = "";
	const char *other = NULL;
	size_t tenants = 1;

	for (size_t i = 1; i < count; i++) {
		if (strcmp(uses[i].tenant, uses[i - 1].tenant) == 0)
			continue;
		if (!other)
			other = uses[i].tenant;
		tenants++;
	}
	if (!other)
		return;
	if (tenants > 2)
		snprintf(more, sizeof(more), " and %zu more", tenants - 2);
	snprintf(text, sizeof(text), "%.300s: tenants %.64s and %.64s%s sign with this key",
		 uses[0].key, uses[0].tenant, other, more);
	complaints_add(warnings, text);
}

/* @return false when out of memory */
static bool warn_of_keys(const struct directory *d, struct complaints *warnings)
{
	struct uses uses = { .ok = true };

	for (size_t i = 0; i < directory_count(d); i++)
		add_tenant(&uses, directory_at(d, i));
	if (directory_fallback(d))
		add_tenant(&uses, directory_fallback(d));
	if (uses.count > 0)
		qsort(uses.items, uses.count, sizeof(*uses.items), by_key_and_tenant);
	for (size_t i = 0, end; uses.ok && i < uses.count; i = end) {
		for (end = i + 1; end < uses.count; end++)
			if (compare_keys(&uses.items[i], &uses.items[end]) != 0)
				break;
		warn_of_key(&uses.items[i], end - i, warnings);
	}
	free(uses.items);
	return uses.ok;
}

static void warn_of_count(const struct tenant *tenant, struct complaints *warnings)
{
	char text[WARNING_SIZE];

	if (!tenant || tenant->tally)
		return;
	snprintf(text, sizeof(text),
		 "tenant %.64s is served, but not counted: no room (tenants.max; a restart "
		 "forgets who is gone)",
		 tenant->set->name);
	complaints_add(warnings, text);
}

bool roster_warn(const struct directory *d, const struct tenant_parts *parts,
		 struct complaints *warnings)
{
	if (parts->tally) {
		for (size_t i = 0; i < directory_count(d); i++)
			warn_of_count(directory_at(d, i), warnings);
		warn_of_count(directory_fallback(d), warnings);
	}
	return warn_of_keys(d, warnings);
}
