/*
 * Three maps from text to number, and arrays back.
 */
#include "redirector/numbers/dictionary.h"

#include "redirector/base/map.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct rule_entry {
	struct rule rule;
	uint32_t customer;
};

struct dictionary {
	struct map *tenant_ids, *rule_ids, *customer_ids;
	char (*tenants)[NUMBERS_NAME_SIZE];
	struct rule_entry *rules;
	size_t tenant_count, rule_count, tenant_room, rule_room;
	size_t tenants_saved, rules_saved;
};

struct dictionary *dictionary_new(void)
{
	SK_CLEANUP(dictionary_free_p) struct dictionary *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->tenant_ids = map_new(DICTIONARY_TENANTS);
	d->rule_ids = map_new(DICTIONARY_RULES);
	d->customer_ids = map_new(DICTIONARY_RULES);
	if (!d->tenant_ids || !d->rule_ids || !d->customer_ids)
		return NULL;
	return sk_steal(d);
}

void dictionary_free(struct dictionary *d)
{
	if (!d)
		return;
	map_free(d->tenant_ids, NULL);
	map_free(d->rule_ids, NULL);
	map_free(d->customer_ids, NULL);
	free(d->tenants);
	free(d->rules);
	free(d);
}

/* A number as a map's value; never NULL. */
static void *value_of(uint32_t id)
{
	return (void *)((uintptr_t)id + 1);
}

static uint32_t id_of(const void *value)
{
	return (uint32_t)((uintptr_t)value - 1);
}

/* Room for one more of `size` bytes in an array of `count`. */
static bool grow(void **items, size_t *room, size_t count, size_t size)
{
	size_t more = *room ? *room * 2 : 64;
	void *larger;

	if (count < *room)
		return true;
	larger = reallocarray(*items, more, size);
	if (!larger)
		return false;
	*items = larger;
	*room = more;
	return true;
}

bool dictionary_tenant(struct dictionary *d, const char *name, uint32_t *id)
{
	const struct sk_span key = sk_span_of(name);
	void *known = map_get(d->tenant_ids, key), *items = d->tenants;

	if (known) {
		*id = id_of(known);
		return true;
	}
	if (!grow(&items, &d->tenant_room, d->tenant_count, sizeof(*d->tenants)))
		return false;
	d->tenants = items;
	*id = (uint32_t)d->tenant_count;
	if (!map_put(d->tenant_ids, key, value_of(*id)))
		return false;
	memcpy(d->tenants[d->tenant_count++], name, key.len + 1);
	return true;
}

/* One number a customer; the empty name, which a map does not take, is 0 */
static bool customer_id(struct dictionary *d, const char *name, uint32_t *id)
{
	const struct sk_span key = sk_span_of(name);
	void *known = key.len > 0 ? map_get(d->customer_ids, key) : value_of(0);

	*id = known ? id_of(known) : (uint32_t)map_count(d->customer_ids) + 1;
	return known || map_put(d->customer_ids, key, value_of(*id));
}

bool dictionary_rule(struct dictionary *d, const struct rule *rule, uint32_t *id)
{
	uint8_t packed[RULE_LEN_MAX];
	const struct sk_span key = { (const char *)packed, rule_pack(rule, packed) };
	void *known = map_get(d->rule_ids, key), *items = d->rules;
	uint32_t customer;

	if (known) {
		*id = id_of(known);
		return true;
	}
	if (!grow(&items, &d->rule_room, d->rule_count, sizeof(*d->rules)))
		return false;
	d->rules = items;
	*id = (uint32_t)d->rule_count;
	if (!customer_id(d, rule->customer, &customer) || !map_put(d->rule_ids, key, value_of(*id)))
		return false;
	d->rules[d->rule_count++] = (struct rule_entry){ *rule, customer };
	return true;
}

size_t dictionary_tenants(const struct dictionary *d)
{
	return d->tenant_count;
}

size_t dictionary_rules(const struct dictionary *d)
{
	return d->rule_count;
}

const char *dictionary_tenant_name(const struct dictionary *d, uint32_t id)
{
	return d->tenants[id];
}

const struct rule *dictionary_rule_at(const struct dictionary *d, uint32_t id)
{
	return &d->rules[id].rule;
}

uint32_t dictionary_customer(const struct dictionary *d, uint32_t rule)
{
	return d->rules[rule].customer;
}

/* 't' or 'r', a length, the bytes. */
static bool save_one(FILE *to, char what, const void *bytes, size_t len)
{
	return fputc(what, to) != EOF && fputc((int)len, to) != EOF &&
	       fwrite(bytes, len, 1, to) == 1;
}

static bool save_new(struct dictionary *d, FILE *to)
{
	uint8_t packed[RULE_LEN_MAX];

	for (; d->tenants_saved < d->tenant_count; d->tenants_saved++) {
		const char *name = d->tenants[d->tenants_saved];

		if (!save_one(to, 't', name, strlen(name)))
			return false;
	}
	for (; d->rules_saved < d->rule_count; d->rules_saved++) {
		size_t len = rule_pack(&d->rules[d->rules_saved].rule, packed);

		if (!save_one(to, 'r', packed, len))
			return false;
	}
	return true;
}

bool dictionary_save(struct dictionary *d, const char *path, uint64_t *length)
{
	FILE *to = fopen(path, "ae");
	bool ok = to && save_new(d, to) && fflush(to) == 0 && fsync(fileno(to)) == 0;

	if (ok)
		*length = (uint64_t)ftello(to);
	if (to && fclose(to) != 0)
		ok = false;
	return ok;
}

static bool load_one(struct dictionary *d, FILE *from)
{
	int what = fgetc(from), len = fgetc(from);
	char bytes[256] = "";
	struct rule rule;
	uint32_t id;

	if (len <= 0 || fread(bytes, (size_t)len, 1, from) != 1)
		return false;
	if (what == 't')
		return len < NUMBERS_NAME_SIZE && dictionary_tenant(d, bytes, &id);
	return what == 'r' && rule_unpack((const uint8_t *)bytes, (size_t)len, &rule) &&
	       dictionary_rule(d, &rule, &id);
}

bool dictionary_load(struct dictionary *d, const char *path, uint64_t length)
{
	FILE *from = truncate(path, (off_t)length) == 0 ? fopen(path, "re") : NULL;
	bool ok = from != NULL;

	while (ok && (uint64_t)ftello(from) < length)
		ok = load_one(d, from);
	if (from)
		fclose(from);
	d->tenants_saved = d->tenant_count;
	d->rules_saved = d->rule_count;
	return ok;
}
