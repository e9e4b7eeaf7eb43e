/**
 * @file roster_file.h  One tenant's file: what it was made of, and whether that changed
 *
 * For roster.c and what stands beside it.  All of it belongs to the thread that reads.
 */
#pragma once

#include "config/load.h"
#include "redirector/call/tenant.h"
#include "shaken/digest.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/** A file as the system sees it; all 0: it is not there. */
struct stamp {
	uint64_t device, inode;
	int64_t size;
	struct timespec changed, status; /**< content; owner, mode and links */
	uint32_t mode, owner;            /**< who may read it */
};

/** A file that a tenant was made of. */
struct watched {
	char *path; /**< owned */
	struct stamp stamp;
};

/** What a tenant was made of; tenant->source of every tenant with a file. */
struct roster_file {
	struct watched *files; /**< owned; its own file is the first */
	size_t count;
	uint8_t hash[SK_DIGEST_LEN]; /**< over the contents of all of them */
	bool outdated;               /**< made under an older main file: try again next time */
};

/** NULL: the main file's own. */
struct roster_file *roster_file_of(const struct tenant *tenant);

/**
 * Is what the tenant was made of as it was?  When the stamps differ, contents decide, and the
 * stamps are taken over when they are the same.
 */
SK_MUSTCHECK
bool roster_file_same(const struct tenant *tenant);

/**
 * Read a tenant's file and all that it names.
 *
 * @return NULL with a finding that names the file and what is wrong; else the caller drops
 *         the reference
 */
struct tenant *roster_file_load(const char *path, struct conf *conf,
				const struct tenant_parts *parts, struct complaints *findings);

enum {
	ROSTER_HEX_SIZE = SK_DIGEST_LEN * 2 + 1,
};

/** The hash as text. */
void roster_file_hex(const struct roster_file *file, char out[ROSTER_HEX_SIZE]);
