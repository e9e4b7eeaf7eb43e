/**
 * @file items.h  What an import read, sorted: in memory, in files, and merged
 */
#pragma once

#include "redirector/numbers/format.h"
#include "redirector/numbers/tables.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One run of one line, within one block. */
struct item {
	struct block_at at;
	uint16_t first, last;
	uint32_t width; /* numbers of the whole range: the narrower of two counts */
	uint32_t order; /* its line: of two as narrow the later counts */
	uint32_t rule;
};

/** By block, then by first number. */
void items_sort(struct item *items, size_t count);

/** Writes a file and waits until it is on the disk. */
SK_MUSTCHECK
bool items_save(const char *path, const struct item *items, size_t count);

/** Several sorted sources as one. */
struct merge;

/** An item of a source that is no file.  @return false: no more; `failed` is set when it broke */
typedef bool merge_next_h(void *arg, struct item *out, bool *failed);

/** @return NULL when out of memory */
struct merge *merge_new(size_t sources_max);
void merge_free(struct merge *merge);
SK_DEFINE_CLEANUP(struct merge, merge_free)

SK_MUSTCHECK
bool merge_add_file(struct merge *merge, const char *path);
SK_MUSTCHECK
bool merge_add(struct merge *merge, merge_next_h *next, void *arg);

/** The next of all.  @return false: no more, or `failed` */
bool merge_next(struct merge *merge, struct item *out, bool *failed);
