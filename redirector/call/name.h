/**
 * @file name.h  The display name of a From as people read it (RFC 3261, 20.10 and 25.1)
 */
#pragma once

#include "shaken/buf.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * The name in front of the address: quotes and their escapes undone, white space (also of
 * folds) one space each.
 *
 * @param value  A field value: name-addr or addr-spec
 * @param out    Room of `size` for UTF-8 with its terminator; "" on failure
 *
 * @return false when there is no name, or none that may be signed: not UTF-8, with a
 *         control character, longer than the room
 */
SK_MUSTCHECK
bool name_read(struct sk_span value, char *out, size_t size);

/** How many bytes the character of UTF-8 has that a text starts with; 0: it is none that may be
 * signed or shown (no UTF-8, or a control character of either set).  The text is not empty. */
size_t name_char(struct sk_span text);

/** Prints a text of such characters as a quoted string. */
void name_print_quoted(struct sk_span text, struct sk_buf *out);
