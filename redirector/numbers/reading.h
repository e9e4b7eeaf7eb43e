/**
 * @file reading.h  The first half of an import: lines to sorted parts
 */
#pragma once

#include "redirector/numbers/dictionary.h"
#include "redirector/numbers/import.h"
#include "redirector/numbers/import_state.h"
#include "redirector/numbers/items.h"

#include <stdbool.h>
#include <stdio.h>

/** Under way. */
struct reading {
	const struct import_options *options;
	struct dictionary *names;
	struct import_state state;
	bool resumable;
	FILE *input;
	struct item *items;
	size_t count, room;
	int64_t began, told; /* monotonic milliseconds; lines when it began */
	uint64_t lines_before;
};

/**
 * Reads from state.offset to the end and leaves all of it in parts.
 *
 * @return IMPORT_WRONG with the reason: the header is; IMPORT_FAILED with the reason: the disk is
 * full, too many names, the input broke off
 */
SK_MUSTCHECK
enum import_end reading_run(struct reading *reading, char why[NUMBERS_WHY_SIZE]);

/** Monotonic milliseconds. */
int64_t reading_now(void);
