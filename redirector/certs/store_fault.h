/**
 * @file store_fault.h  What LMDB does not look at before it maps a file
 */
#pragma once

#include <stddef.h>

/**
 * @param page  Bytes of a page
 *
 * @return NULL: nothing against it, or LMDB will say so itself; else why it must not be opened
 */
const char *store_fault(const char *path, size_t page);
