/**
 * @file current.h  Which generation of a store counts, and whether its file is whole
 */
#pragma once

#include "redirector/numbers/numbers.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	CURRENT_PATH_SIZE = 4200,
};

struct current {
	uint64_t generation; /* from 1 */
	uint64_t bytes;      /* of its file */
	uint64_t hash;
	int64_t made; /* seconds since the epoch */
	ino_t inode;  /* of `current`: another one is newer */
};

/** "FOLDER/current", "FOLDER/7.mdb" and so on. */
void current_path(const char *folder, const char *name, char out[CURRENT_PATH_SIZE]);
void current_file(const char *folder, uint64_t generation, char out[CURRENT_PATH_SIZE]);

/** @return false with the reason; `generation` is 0 when there is no store yet */
SK_MUSTCHECK
bool current_read(const char *folder, struct current *out, char why[NUMBERS_WHY_SIZE]);

/** Switches: whole or not at all. */
SK_MUSTCHECK
bool current_write(const char *folder, const struct current *current, char why[NUMBERS_WHY_SIZE]);

/** Hash of a file's first `bytes` bytes: finds damage, not intent.  @return false: it is shorter,
 * or cannot be read */
SK_MUSTCHECK
bool current_hash(const char *path, uint64_t bytes, uint64_t *out);
