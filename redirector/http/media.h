/**
 * @file media.h  Content-Type and Accept (RFC 9110, 8.3 and 12.5.1)
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>

/** Is a Content-Type's value that type, whatever its parameters? */
SK_MUSTCHECK
bool media_is(struct sk_span value, const char *type);

/**
 * Does one Accept value allow that type: "*" "/" "*", "application/" "*", or itself, with a weight
 * above 0?  The closest range counts; no range at all is no preference, and allows it.
 *
 * @param best  0 before the first value of a request; handed on from one value to the next
 * @param ok    What holds with the values so far
 */
void media_accepts(struct sk_span value, const char *type, int *best, bool *ok);
