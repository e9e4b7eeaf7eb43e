/**
 * @file format.h  How a store of numbers lies on disk; for redirector/numbers alone
 *
 * A folder: `current` says which generation counts, and its size and hash; GENERATION.mdb is
 * an LMDB file that nobody changes any more.  In it five tables:
 *
 *   blocks   tenant, list, digits, number / 10,000 -> runs, sorted by their first number
 *   rules    id -> customer, credential, attest, from, until: what a run says; stored once
 *   tenants  name -> id
 *   stats    name '\0' list -> numbers and runs
 *   meta     "format" and "made"
 *
 * One run is 8 bytes, so a hundred million scattered numbers take little over 800 MB.
 */
#pragma once

#include "redirector/numbers/numbers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	FORMAT_VERSION = 1,
	BLOCK = 10000, /* numbers of one record */
	DIGITS_MAX = 15,
	KEY_LEN = 14,
	RULE_LEN_MAX = 160,
	RANGE_MAX = 10000000, /* numbers of one range */
};

/** The tables of numbers by kind; the values are on disk. */
enum list_kind {
	LIST_NUMBERS = 0,
	LIST_DO_NOT_ORIGINATE = 1,
	LIST_BLOCKED = 2,
	LIST_ALLOWED = 3,
	LIST_KINDS,
};

/** "number", "do-not-originate", "block", "allow" */
static inline const char *list_name(enum list_kind list)
{
	static const char *const names[] = { "number", "do-not-originate", "block", "allow" };

	return names[list];
}

/** Numbers first to last of a block.  As it lies on disk (little-endian machines only, as LMDB). */
struct run {
	uint16_t first, last;
	uint32_t rule;
};
_Static_assert(sizeof(struct run) == 8, "on disk");

/** What a run says. */
struct rule {
	char customer[NUMBERS_NAME_SIZE];
	char credential[NUMBERS_NAME_SIZE];
	char attest; /* 'A', 'B', 'C'; '-' on a list */
	int64_t from, until;
};

/** Where a record lies. */
struct block_at {
	uint32_t tenant;
	uint8_t list;
	uint8_t digits; /* 0441 is not 441 */
	uint64_t block;
};

static inline void put_be(uint8_t *out, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
}

static inline uint64_t get_be(const uint8_t *in, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		value = value << 8 | in[i];
	return value;
}

static inline void block_key(const struct block_at *at, uint8_t key[KEY_LEN])
{
	put_be(key, at->tenant, 4);
	key[4] = at->list;
	key[5] = at->digits;
	put_be(key + 6, at->block, 8);
}

static inline void block_of_key(const uint8_t key[KEY_LEN], struct block_at *at)
{
	at->tenant = (uint32_t)get_be(key, 4);
	at->list = key[4];
	at->digits = key[5];
	at->block = get_be(key + 6, 8);
}

/** Is this a run that can be? */
static inline bool run_is_sane(const struct run *run)
{
	return run->first <= run->last && run->last < BLOCK;
}

/** Digits to value.  @return false: not 1 to 15 digits */
static inline bool number_read(struct sk_span text, uint64_t *out)
{
	uint64_t value = 0;

	if (text.len == 0 || text.len > DIGITS_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text.ptr[i] - '0');
	}
	*out = value;
	return true;
}

/** Packs a rule.  @return its length */
static inline size_t rule_pack(const struct rule *rule, uint8_t out[RULE_LEN_MAX])
{
	size_t customer = strlen(rule->customer), credential = strlen(rule->credential);

	out[0] = (uint8_t)rule->attest;
	put_be(out + 1, (uint64_t)rule->from, 8);
	put_be(out + 9, (uint64_t)rule->until, 8);
	out[17] = (uint8_t)customer;
	memcpy(out + 18, rule->customer, customer);
	out[18 + customer] = (uint8_t)credential;
	memcpy(out + 19 + customer, rule->credential, credential);
	return 19 + customer + credential;
}

/** @return false: it is none */
static inline bool rule_unpack(const uint8_t *in, size_t len, struct rule *out)
{
	size_t customer, credential;

	if (len < 19)
		return false;
	customer = in[17];
	if (customer >= NUMBERS_NAME_SIZE || len < 19 + customer)
		return false;
	credential = in[18 + customer];
	if (credential >= NUMBERS_NAME_SIZE || len != 19 + customer + credential)
		return false;
	memset(out, 0, sizeof(*out));
	out->attest = (char)in[0];
	out->from = (int64_t)get_be(in + 1, 8);
	out->until = (int64_t)get_be(in + 9, 8);
	memcpy(out->customer, in + 18, customer);
	memcpy(out->credential, in + 19 + customer, credential);
	return true;
}
