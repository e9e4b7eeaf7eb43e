/**
 * @file oc.h  What a Via asks of our load, and what it is told (RFC 7339)
 *
 * A client that can hold back says so in its Via by an "oc" without a value and a list of ways
 * that it knows; the server's answer has in that Via how much it is to hold back.  Pure.
 */
#pragma once

#include "shaken/buf.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stdint.h>

/** What is told. */
struct oc {
	unsigned loss;       /**< per cent of its requests that the client is to drop          */
	int64_t validity_ms; /**< for so long; 0: it need not hold back (RFC 7339, 4.3)        */
	int64_t seq;         /**< of ten microseconds: greater than in any answer before (4.4) */
};

/**
 * Does it ask?  Only who says "oc" once and without a value, and "oc-algo" once and with "loss",
 * the one way that we know, does.
 *
 * @param via  A field of one Via, or the first of several; with or without its name
 */
SK_MUSTCHECK
bool oc_asks(struct sk_span via);

/** Prints the Via with what is told in place of what it had of all that. */
void oc_print(struct sk_span via, const struct oc *told, struct sk_buf *out);
