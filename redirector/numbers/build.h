/**
 * @file build.h  Sorted items in, a generation's tables out
 */
#pragma once

#include "redirector/numbers/dictionary.h"
#include "redirector/numbers/items.h"

#include <stdbool.h>

/** Called now and then with the numbers put so far. */
typedef void build_progress_h(void *arg, uint64_t numbers);

/**
 * Resolve overlaps (items.h), and put blocks, rules, tenants and counts.
 *
 * @return false: the disk is full, the sources broke, out of memory
 */
SK_MUSTCHECK
bool build_tables(struct merge *from, const struct dictionary *names, struct tables *to,
		  build_progress_h *progress, void *arg);
