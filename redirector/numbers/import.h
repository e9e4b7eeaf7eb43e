/**
 * @file import.h  From lines of numbers to the next generation of a store
 *
 *   lines -> (as much as fits in memory, sorted) -> parts on disk -> merged -> tables -> switch
 *
 * After each part a state file says how far the input was read; killed at any point, the
 * same import goes on from the last part.  The store in use stays as it is until the
 * switch, which is one rename().
 */
#pragma once

#include "redirector/numbers/numbers.h"

#include <stdbool.h>
#include <stdint.h>

struct import_options {
	const char *folder;
	const char *input;  /**< a file, or "-"                                            */
	const char *tenant; /**< all lines are its, and only its entries are replaced; NULL: all */
	bool merge;         /**< what is there stays, where no line says otherwise          */
	bool keep_going;    /**< leave wrong lines out instead of giving up                 */
	bool allow_empty;   /**< nothing may take the place of what is there                */
	bool progress;      /**< tell how far it is, on standard error                      */
	uint64_t memory;    /**< bytes to sort in                                           */
};

struct import_result {
	uint64_t entries, wrong; /**< lines of the whole input: taken, left out            */
	uint64_t numbers;        /**< in the new generation                                  */
	uint64_t generation;
	uint64_t resumed_at; /**< the line it went on from; 0: from the start               */
};

enum import_end {
	IMPORT_DONE,
	IMPORT_WRONG, /**< the input is wrong (lines were told on standard error), or has no
		       * entry: nothing was changed */
	IMPORT_FAILED,
};

enum import_end import_run(const struct import_options *options, struct import_result *result,
			   char why[NUMBERS_WHY_SIZE]);
