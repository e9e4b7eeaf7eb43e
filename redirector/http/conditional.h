/**
 * @file conditional.h  Does the client have it already?  (RFC 9110, 13.1)
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>

/**
 * Is the tag on this list (If-None-Match: weak comparison)?  "*" has every tag.  Of a list that is
 * broken counts what stands before the break.
 *
 * @param list  Of the header; empty: not
 * @param tag   Ours, quoted: "\"...\""; strong
 */
SK_MUSTCHECK
bool conditional_has(struct sk_span list, const char *tag);
