/**
 * @file store_page.h  Is the page that holds a long value headed as LMDB wrote it?
 *
 * LMDB gives the pages of a value that goes back to its list of free ones, and believes
 * their number and their place in the head: with a wrong one it hands out pages by the
 * gigabyte, or those of others.
 */
#pragma once

#include "shaken/macro.h"

#include <lmdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Of one map; zeroed but for `size`. */
struct pages {
	size_t size;    /**< of a page, bytes                                            */
	uintptr_t base; /**< where the map begins, as the first value has it; 0: unknown */
	bool damaged;   /**< one was not as it should be                                 */
};

/** May the value, as a write transaction finds it, be replaced or deleted?  false: `damaged` is set
 */
SK_MUSTCHECK
bool page_is_sound(struct pages *pages, MDB_val key, MDB_val val);
