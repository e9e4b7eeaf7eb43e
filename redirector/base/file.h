/**
 * @file file.h  Reading a whole file, with a limit
 *
 * Blocks; for start and reload only.
 */
#pragma once

#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>

enum file_kind {
	FILE_PUBLIC,     /**< anyone may read it                                       */
	FILE_SECRET,     /**< a key: refused when group or others may read or write it */
	FILE_CREDENTIAL, /**< the same, but systemd's: an access list may let our user read it */
};

enum {
	FILE_WHY_SIZE = 256, /**< room for a reason, terminator included */
};

/** FILE_CREDENTIAL for a path in $CREDENTIALS_DIRECTORY, else FILE_SECRET. */
enum file_kind file_kind_of_secret(const char *path);

/**
 * Read a regular file.
 *
 * @param max  More bytes than this are refused
 * @param out  Set only on success: the bytes and a NUL behind them; the caller
 *             frees them with file_free(), which cleanses
 * @param len  Set only on success
 * @param why  On failure the reason, as a sentence without the path
 */
SK_MUSTCHECK
bool file_read(const char *path, enum file_kind kind, size_t max, char **out, size_t *len,
	       char why[FILE_WHY_SIZE]);

/** Cleanses and frees; `text` may be NULL. */
void file_free(char *text, size_t len);
