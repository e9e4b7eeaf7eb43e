/**
 * @file volume.h  Which tenants had most calls within the last minutes
 *
 * From differences of the tally.  Begins anew with its process.  Memory: some 400 bytes for each
 * tenant that ever had a slot, at most twice as many as the tally has room for.
 */
#pragma once

#include "redirector/call/tally.h"
#include "shaken/macro.h"

#include <stddef.h>
#include <stdint.h>

enum {
	VOLUME_TOP = 20,
	VOLUME_MINUTES = 5,
};

enum volume_item {
	VOLUME_CALLS,
	VOLUME_SIGNED,
	VOLUME_PASSED,
	VOLUME_FAILED,
	VOLUME_UNVERIFIED,
	VOLUME_BLOCKED,
	VOLUME_LIMITED,
	VOLUME_FAULTS,
	VOLUME_LAST,
};

/** One tenant. */
struct volume_row {
	const char *name; /**< lives as long as the tally            */
	uint64_t n[VOLUME_LAST];
};

struct volume;

/** @param tally  Must outlive it.  @return NULL when out of memory */
struct volume *volume_new(struct tally *tally, int64_t now_ms);
void volume_free(struct volume *volume);
SK_DEFINE_CLEANUP(struct volume, volume_free)

/** To be called every second or so; looks less often where tenants are many. */
void volume_add(struct volume *volume, int64_t now_ms);

/**
 * Those with most calls within the last VOLUME_MINUTES, most first, equal ones by name.
 *
 * @param others  How many more had calls, and their sums
 *
 * @return How many of `out` were set
 */
size_t volume_top(const struct volume *volume, struct volume_row out[VOLUME_TOP], size_t *others,
		  struct volume_row *sums);
