/**
 * @file import_state.h  How far an import has come, on disk
 */
#pragma once

#include "redirector/numbers/import.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct import_state {
	uint64_t parts;                 /* sorted parts that are on the disk           */
	uint64_t offset;                /* of the input: read up to here               */
	uint64_t lines, entries, wrong; /* all, taken, wrong                       */
	uint64_t dictionary;            /* bytes of its file that count                */
	bool complete;                  /* the input is read whole                     */
	uint64_t generation_in_use;     /* when it began: what stays of it must be the same */
	/* which input, and how: another import starts anew */
	uint64_t inode, size, mtime_ns;
	uint64_t how; /* hash of the options that matter */
};

/** What `input` is now.  @return false: no regular file (a pipe cannot be resumed) */
SK_MUSTCHECK
bool import_state_of(const struct import_options *options, int fd, struct import_state *out);

/** @return true when there is a state of just this import */
SK_MUSTCHECK
bool import_state_load(const char *folder, const struct import_state *same,
		       struct import_state *out);
SK_MUSTCHECK
bool import_state_save(const char *folder, const struct import_state *state);

/** Removes all files of an import that ended or is given up. */
void import_state_clear(const char *folder);

/** Removes all generations but one; whoever has another open reads on. */
void import_state_clear_old(const char *folder, uint64_t generation);

void import_part_path(const char *folder, uint64_t part, char out[4200]);
