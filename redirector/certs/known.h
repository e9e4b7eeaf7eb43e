/**
 * @file known.h  Hosts that have answered before
 *
 * Who came first stays as long as it answers: a stranger with a thousand names of his own
 * fills what is free, and takes no host away that was there before him.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	KNOWN_HOSTS = 1024,      /**< most of them                                     */
	KNOWN_LAPSE = 48 * 3600, /**< seconds without an answer until a host may be forgotten
				      for another: two lifetimes of a certificate      */
};

struct known;

/** @return NULL when out of memory */
struct known *known_new(void);
void known_free(struct known *known);
SK_DEFINE_CLEANUP(struct known, known_free)

SK_MUSTCHECK
bool known_has(const struct known *known, struct sk_span host);

/** It answered.  @param now  Milliseconds of the monotonic clock */
void known_answered(struct known *known, struct sk_span host, int64_t now);

/** It did not: it has to prove itself anew. */
void known_failed(struct known *known, struct sk_span host);
