/**
 * @file roster_state.h  A read of the folder under way; for roster.c and roster_settle.c
 */
#pragma once

#include "redirector/roster.h"
#include "redirector/roster_file.h"

/** How a tenant came to be what it will be. */
enum roster_fate {
	FATE_SAME, /**< unchanged, or made anew of an unchanged file */
	FATE_CHANGED,
	FATE_ADDED,
	FATE_BROKEN, /**< refused: `now` is the version in use, or NULL */
};

/** One file. */
struct roster_item {
	char *path;         /**< owned                                         */
	char *name;         /**< within `path`'s length: the tenant's; owned   */
	struct tenant *old; /**< what is in use; NULL: nothing; borrowed       */
	struct tenant *now; /**< what will be; NULL: nothing; a reference      */
	enum roster_fate fate;
	bool keyless; /**< new, and its credentials are no good: it holds its place without them */
};

struct roster_items {
	struct roster_item *items; /**< owned; sorted by name */
	size_t count;
};

/** Adds "PATH: what". */
void roster_find(struct complaints *findings, const struct roster_item *item, const char *what);

/** The item is no good: its version in use stays, if there is one. */
void roster_refuse(struct roster_item *item);

/**
 * What works and should be looked at: tenants that sign with the same key, and those there was no
 * room to count for.
 *
 * @return false when out of memory
 */
SK_MUSTCHECK
bool roster_warn(const struct directory *directory, const struct tenant_parts *parts,
		 struct complaints *warnings);

/**
 * Refuse what cannot stand beside the others: the same criteria, or none, or the fallback's
 * name.  What is in use goes before what changed, and that before what is new.
 *
 * @return false when out of memory
 */
SK_MUSTCHECK
bool roster_settle(struct roster_items *list, const struct conf *conf, struct complaints *findings);
