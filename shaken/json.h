/**
 * @file json.h  jansson with our rules (RFC 8225, section 9; RFC 8259)
 *
 * jansson by itself lets duplicate names and 2048 levels through; we allow
 * neither.  Objects come back as jansson values: `json_decref()` is the owner's
 * duty (jansson's `json_auto_t` does it at the end of the scope).
 */
#pragma once

#include "shaken/buf.h"
#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <jansson.h>

enum {
	SK_JSON_MAX = 8192, /**< longest text we read, bytes       */
	SK_JSON_DEPTH = 16, /**< deepest nesting of [] and {}      */
};

/**
 * Read one JSON object.
 *
 * Refused: anything but an object on top, bytes after it, a BOM, bad UTF-8, a
 * NUL (also as \u0000), duplicate names (also when written with escapes), more
 * than SK_JSON_MAX bytes or SK_JSON_DEPTH levels, integers beyond 64 bits.
 *
 * @param out  A new reference, set only on success
 *
 * @return SK_OK, SK_TOKEN_SYNTAX, SK_TOKEN_SIZE or SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err sk_json_parse(struct sk_span text, json_t **out);

/** The same with another longest text, `max` bytes; too long is SK_TOKEN_SIZE. */
SK_MUSTCHECK
enum sk_err sk_json_parse_max(struct sk_span text, size_t max, json_t **out);

/**
 * Print a value.  jansson's json_dumps() leaves names out without a word when memory for
 * them fails; this one prints all of it or nothing.
 *
 * @param flags  Of jansson: JSON_COMPACT, JSON_INDENT(n), JSON_SORT_KEYS, ...
 *
 * @return NULL: no memory, or nothing that can be printed.  The caller calls free().
 */
SK_MUSTCHECK
char *sk_json_text(const json_t *value, size_t flags);

/**
 * Find a string member.
 *
 * @return false when it is not there or not a string.  `out` lives as long as `object`.
 */
SK_MUSTCHECK
bool sk_json_string(const json_t *object, const char *name, struct sk_span *out);

/** Print a string: quotes around it, escaped as RFC 8259, section 7 asks, slashes not. */
void sk_json_put_string(struct sk_buf *out, const char *text);

/** Print a member's name and the colon; a comma in front of every member but the first. */
void sk_json_put_name(struct sk_buf *out, const char *name);
