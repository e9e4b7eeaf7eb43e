/**
 * @file alert.h  The display name that warns whom the call is for
 */
#pragma once

#include "shaken/buf.h"
#include "shaken/span.h"

enum {
	ALERT_NAME_MAX = 128, /**< bytes of the caller's name that are repeated at most  */
	ALERT_SIZE = 512,     /**< room for a template of 64 characters and the name in it */
};

/**
 * Print a template as plain UTF-8, to be quoted by whoever puts it into a header.
 *
 * @param text    "[spam?] {name}"; control characters are left out
 * @param caller  The field value with the caller's name.  A name that is none (name.h), or that
 *                says verstat itself, is nothing
 */
void alert_print(const char *text, struct sk_span caller, struct sk_buf *out);
