/**
 * @file old.h  What stays of the store in use, as a source of an import
 */
#pragma once

#include "redirector/numbers/current.h"
#include "redirector/numbers/dictionary.h"
#include "redirector/numbers/items.h"

#include <stdbool.h>

struct old;

/**
 * @param leave_out  The tenant whose entries go; NULL: none
 * @param names      Gets the old tenants in the order of the old file: before any other
 */
SK_MUSTCHECK
bool old_open(const char *folder, const struct current *current, const char *leave_out,
	      struct dictionary *names, struct old **out, char why[NUMBERS_WHY_SIZE]);
void old_free(struct old *old);

/** Adds its entries, as older and wider than any line: a line counts more. */
SK_MUSTCHECK
bool old_add(struct old *old, struct merge *merge);
