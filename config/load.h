/**
 * @file load.h  From a YAML file to a checked configuration
 *
 * Blocks; for start and reload only.  Every complaint names file, line, column,
 * value and what is allowed, for an unknown key also the nearest known one.  All
 * complaints about names and values of a file are collected, not just the first;
 * rules across settings are looked at when every value is good, and a file that is
 * no YAML ends at that complaint.
 */
#pragma once

#include "config/conf.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stdio.h>

enum {
	CONF_FILE_MAX = 1 << 20,  /**< largest configuration file, bytes */
	CONF_COMPLAINTS_MAX = 50, /**< complaints kept; the rest is counted */
};

/** Texts for people, one a line: "redirector.yaml:31:12: verify.max-age: ..." */
struct complaints {
	char **items; /**< owned */
	size_t count; /**< kept in `items` */
	size_t lost;  /**< not kept */
};

void complaints_deinit(struct complaints *complaints);

/** Adds a copy of a text. */
void complaints_add(struct complaints *complaints, const char *text);

/**
 * Load and check.
 *
 * @param out         Set only on success; the caller drops the reference
 * @param complaints  Gets the reasons on failure, and warnings (a laboratory
 *                    switch that is on) on success
 */
SK_MUSTCHECK
bool conf_load(const char *path, struct conf **out, struct complaints *complaints);

/** The same of a file that was read already. */
SK_MUSTCHECK
bool conf_load_read(const char *text, size_t len, const char *path, struct conf **out,
		    struct complaints *complaints);

/** The same from a text; `name` stands for the file in complaints, and relative files stay as they
 * are. */
SK_MUSTCHECK
bool conf_load_text(const char *text, size_t len, const char *name, struct conf **out,
		    struct complaints *complaints);

/** Prints the whole configuration as YAML that loads to the same one: --print-config. */
void conf_print(const struct conf *conf, FILE *to);

/** Prints every key with its default and its line of documentation, as YAML: the sample file. */
void conf_print_sample(FILE *to);

/**
 * The settings that differ between two configurations and need a restart to
 * take effect; one per line.  @return how many
 */
size_t conf_restart_needed(const struct conf *running, const struct conf *wanted,
			   struct complaints *names);

/** Gives `conf` the settings of `start` that need a restart, and `start` those of `conf`: so that
 * a process that joins runs as the others do. */
void conf_keep_restart(struct conf *conf, struct conf *start);
