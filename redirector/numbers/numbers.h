/**
 * @file numbers.h  Whose a number is, and which lists it is on: an embedded store, read side
 *
 * Made by an import (import.h), which switches a new generation in at once; whoever has an
 * older one open reads on in that one until it opens anew.  Reads memory-mapped pages:
 * microseconds when warm, a disk access a level when cold.  One object belongs to one thread.
 *
 * Numbers are digits with their country code, no "+": at most 15.  All belongs to a tenant;
 * what another tenant has is out of reach of every function here.
 */
#pragma once

#include "shaken/claims.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	NUMBERS_NAME_SIZE = 65, /**< tenant, customer, credential and their terminator */
	NUMBERS_WHY_SIZE = 512,
};

/** Lists (bits). */
enum {
	NUMBERS_DO_NOT_ORIGINATE = 1, /**< of the tenant or of all (tenant "*") */
	NUMBERS_BLOCK = 2,
	NUMBERS_ALLOW = 4,
};

struct numbers;

/** What is known of a number. */
struct numbers_hit {
	char customer[NUMBERS_NAME_SIZE];
	char credential[NUMBERS_NAME_SIZE]; /**< "": as the tenant chooses                   */
	enum sk_attest attest;
	int64_t from, until; /**< seconds since the epoch; 0: unbounded             */
};

enum numbers_result {
	NUMBERS_FOUND,
	NUMBERS_NONE,   /**< not this tenant's, not this customer's, or not at this time */
	NUMBERS_FAILED, /**< the store is damaged, or its file was cut off: a fault of ours */
};

/**
 * @param folder  Of authority.store
 * @param warm    Read it all into the system's memory first: blocks, for a thread
 * @param out     Set only on success; the caller closes it
 * @param why     On failure the reason, which names the folder
 */
SK_MUSTCHECK
bool numbers_open(const char *folder, bool warm, struct numbers **out, char why[NUMBERS_WHY_SIZE]);
void numbers_close(struct numbers *numbers);
SK_DEFINE_CLEANUP(struct numbers, numbers_close)

/** Is there a newer generation?  One stat(). */
SK_MUSTCHECK
bool numbers_is_old(const struct numbers *numbers);

/**
 * @param customer  Only what belongs to it; empty: to any customer of the tenant
 * @param number    Digits
 */
enum numbers_result numbers_find(const struct numbers *numbers, struct sk_span tenant,
				 struct sk_span customer, struct sk_span number, int64_t now,
				 struct numbers_hit *out);

/**
 * @param lists  Set to the lists the number is on; to 0 unless NUMBERS_FOUND
 */
enum numbers_result numbers_lists(const struct numbers *numbers, struct sk_span tenant,
				  struct sk_span number, int64_t now, unsigned *lists);

/** How often a lookup failed because of damage. */
uint64_t numbers_faults(const struct numbers *numbers);
