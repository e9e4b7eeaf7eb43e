/**
 * @file dictionary.h  Names and rules as small numbers, while a store is made
 *
 * Also on disk, so that an import that was killed finds the same numbers again.
 */
#pragma once

#include "redirector/numbers/format.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	DICTIONARY_TENANTS = 1 << 20,
	DICTIONARY_RULES = 1 << 20, /* customers, credentials and dates together */
};

struct dictionary;

/** @return NULL when out of memory */
struct dictionary *dictionary_new(void);
void dictionary_free(struct dictionary *dictionary);
SK_DEFINE_CLEANUP(struct dictionary, dictionary_free)

/** The number of a name or a rule, a new one when it is new.  @return false: too many, no memory */
SK_MUSTCHECK
bool dictionary_tenant(struct dictionary *dictionary, const char *name, uint32_t *id);
SK_MUSTCHECK
bool dictionary_rule(struct dictionary *dictionary, const struct rule *rule, uint32_t *id);

size_t dictionary_tenants(const struct dictionary *dictionary);
size_t dictionary_rules(const struct dictionary *dictionary);
const char *dictionary_tenant_name(const struct dictionary *dictionary, uint32_t id);
const struct rule *dictionary_rule_at(const struct dictionary *dictionary, uint32_t id);

/** The same for two rules of one customer. */
uint32_t dictionary_customer(const struct dictionary *dictionary, uint32_t rule);

/** Appends what is new since the last save; @param length the file's length behind it */
SK_MUSTCHECK
bool dictionary_save(struct dictionary *dictionary, const char *path, uint64_t *length);

/** Reads the first `length` bytes of what was saved into an empty dictionary, and cuts the rest
 * off. */
SK_MUSTCHECK
bool dictionary_load(struct dictionary *dictionary, const char *path, uint64_t length);
