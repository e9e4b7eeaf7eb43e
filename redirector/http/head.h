/**
 * @file head.h  A request's head as it was sent, seen through libmicrohttpd
 *
 * libmicrohttpd is lax where it must not be: it takes bare line feeds and white space before a
 * colon, joins folded lines (and then forgets the joint), and cuts values at a NUL.  It parses in
 * place, though: what it gives are pointers into the bytes that came, with a NUL where a separator
 * stood.  So what it skipped shows as a gap that is too wide, or too narrow, and the length of the
 * whole head tells about its end.  Nothing between two pieces is read but looked at by distance.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	HEAD_FIELDS_MAX = 64, /**< more fields are refused */
};

struct head_field {
	struct sk_span name, value; /**< the value without white space at its end */
};

/** Borrows all of it. */
struct head {
	struct sk_span method, target, version;
	struct head_field fields[HEAD_FIELDS_MAX];
	size_t count;
	size_t size;  /**< bytes of all of it, the empty line included */
	bool crooked; /**< the bytes were not what the pieces say: bare or odd line ends, folds, NUL
		       */
	bool too_many;
};

struct MHD_Connection;

/**
 * @param target  As the first line had it (a copy; libmicrohttpd changes its own)
 * @param begin   Where the method is in libmicrohttpd's memory
 * @param version The same
 */
void head_read(struct MHD_Connection *mhd, const char *begin, struct sk_span target,
	       const char *version, struct head *out);

/** The value of the first of that name; `ptr` NULL: none. */
struct sk_span head_find(const struct head *head, const char *name, size_t *count);
