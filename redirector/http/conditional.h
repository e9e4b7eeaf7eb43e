/**
 * @file conditional.h  Does the client have it already?  (RFC 9110, 13.1)
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>

enum {
	CONDITIONAL_SIZE =
		1024, /**< room for such a list in several lines; tags of ours are below 46 */
};

/**
 * Is the tag on this list?  "*" has every tag.  Of a list that is
 * broken counts what stands before the break.
 *
 * @param list    Of the header; empty: not
 * @param tag     Ours, quoted: "\"...\""; strong
 * @param strong  Weak ones do not count (If-Match; RFC 9110, 8.8.3.2); else they do (If-None-Match)
 */
SK_MUSTCHECK
bool conditional_has(struct sk_span list, const char *tag, bool strong);
