/**
 * @file roster.h  The tenants' files: read, kept apart, read again when they change
 *
 *   folder -> (file by file: unchanged? the tenant as it is : read, check, load keys) -> directory
 *
 * A file that is broken costs its tenant nothing but the change: the version before it stays
 * in use, and the reason is told.  Runs in a thread of its own (reload.h).
 */
#pragma once

#include "config/conf.h"
#include "config/load.h"
#include "redirector/call/directory.h"
#include "redirector/call/tenant.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** What became of the files. */
struct roster_report {
	size_t added, changed, removed, unchanged;
	size_t broken;              /**< of them refused this time                         */
	struct complaints findings; /**< why, one a text, with file, line, what to do       */
	struct complaints warnings; /**< what works, and somebody should look at            */
	struct complaints names;    /**< "+ name", "~ name", "- name", "! name": for --check */
};

void roster_report_deinit(struct roster_report *report);

/**
 * Read what changed.  A file counts as unchanged when inode, size and times of it and of the
 * key and certificate files it names are the same, or else when their contents hash the same
 * (SHA-256).  When what tenants take from the main file differs, all are made anew.
 *
 * @param conf    Of the main file, checked
 * @param old     What is in use; NULL: nothing
 * @param out     Set only on success; the caller drops the reference
 * @param why     On failure the reason: the main file's own tenant cannot be made, the folder
 *                cannot be read, tenants.max, out of memory.  A broken tenant is no failure
 */
SK_MUSTCHECK
bool roster_read(struct conf *conf, const struct tenant_parts *parts, struct directory *old,
		 struct directory **out, struct roster_report *report,
		 char why[DIRECTORY_WHY_SIZE]);

/**
 * Write what runs: the settings, and the tenants with their hashes; whole or not at all.
 * For roster_compare().
 */
SK_MUSTCHECK
bool roster_write_running(struct directory *directory, const char *path,
			  char why[DIRECTORY_WHY_SIZE]);

/**
 * Prints what a reload would change against what roster_write_running() wrote: "tenant + NAME",
 * "~", "-", and "!" for one that runs and whose file is broken now.
 */
SK_MUSTCHECK
bool roster_compare(struct conf *conf, struct directory *wanted, const char *path, FILE *to,
		    char why[DIRECTORY_WHY_SIZE]);
