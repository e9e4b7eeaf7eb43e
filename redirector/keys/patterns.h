/**
 * @file patterns.h  Which credential a calling number is signed with
 *
 * A pattern is the beginning of numbers ("+1404555*"), a range of numbers of one length
 * ("+14045550100-+14045550199") or one number.  Of several that have a number the longest
 * decides: a range is as long as its numbers, the beginning as its digits.  Beginnings may
 * lie within each other, ranges of two owners may not.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	PATTERNS_WHY_SIZE = 256,
};

struct patterns;

/** @return NULL when out of memory */
struct patterns *patterns_new(void);
void patterns_free(struct patterns *patterns);
SK_DEFINE_CLEANUP(struct patterns, patterns_free)

/** @return false with the reason: no pattern, or out of memory */
SK_MUSTCHECK
bool patterns_add(struct patterns *patterns, struct sk_span text, size_t owner,
		  char why[PATTERNS_WHY_SIZE]);

/**
 * After the last patterns_add(), before patterns_find().
 *
 * @param other  Set on failure: the two owners that share numbers
 *
 * @return false: two owners share a pattern, which `why` names
 */
SK_MUSTCHECK
bool patterns_settle(struct patterns *patterns, size_t other[2], char why[PATTERNS_WHY_SIZE]);

/**
 * @param number  Digits
 * @param owner   Set only when found
 */
SK_MUSTCHECK
bool patterns_find(const struct patterns *patterns, struct sk_span number, size_t *owner);
