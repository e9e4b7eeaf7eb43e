/*
 * The old file's order is kept because its tenants keep their order; its rules are looked up
 * anew, so that those nobody uses any more go.
 */
#include "redirector/numbers/old.h"

#include <stdlib.h>

struct old {
	struct tables tables;
	struct dictionary *names;
	struct table_cursor cursor;
	struct block_at at;
	struct sk_span runs; /* of `at`, not yet handed out */
	uint32_t *tenants;   /* old id -> new id; NONE: left out, or nobody */
	size_t tenant_count;
	uint32_t *rules; /* old id -> new id + 1; 0: not looked up yet */
	size_t rule_count;
};

static const uint32_t none = UINT32_MAX;

struct scan {
	struct old *old;
	uint32_t most;
	const char *leave_out;
	char (*names)[NUMBERS_NAME_SIZE]; /* by old id */
};

static bool find_most(void *arg, const char *name, uint32_t id)
{
	struct scan *s = arg;

	(void)name;
	if (id >= DICTIONARY_TENANTS)
		return false;
	s->most = id >= s->most ? id + 1 : s->most;
	return true;
}

static bool find_most_rule(void *arg, uint32_t id, const struct rule *rule)
{
	struct scan *s = arg;

	(void)rule;
	if (id >= DICTIONARY_RULES)
		return false;
	s->most = id >= s->most ? id + 1 : s->most;
	return true;
}

static bool keep_name(void *arg, const char *name, uint32_t id)
{
	struct scan *s = arg;

	if (!s->leave_out || strcmp(name, s->leave_out) != 0)
		memcpy(s->names[id], name, strlen(name) + 1);
	return true;
}

static bool map_tenants(struct old *old, const char *leave_out)
{
	struct scan s = { .old = old, .leave_out = leave_out };
	bool ok = tables_each_tenant(&old->tables, find_most, &s);

	old->tenant_count = s.most;
	old->tenants = calloc(s.most + 1u, sizeof(*old->tenants));
	s.names = calloc(s.most + 1u, sizeof(*s.names));
	ok = ok && old->tenants && s.names && tables_each_tenant(&old->tables, keep_name, &s);
	for (uint32_t i = 0; ok && i < s.most; i++) {
		old->tenants[i] = none;
		if (s.names[i][0])
			ok = dictionary_tenant(old->names, s.names[i], &old->tenants[i]);
	}
	free(s.names);
	return ok;
}

static bool count_rules(struct old *old)
{
	struct scan s = { .old = old };
	bool ok = tables_each_rule(&old->tables, find_most_rule, &s);

	old->rule_count = s.most;
	old->rules = calloc(s.most + 1u, sizeof(*old->rules));
	return ok && old->rules;
}

void old_free(struct old *old)
{
	if (!old)
		return;
	tables_cursor_close(&old->cursor);
	tables_close(&old->tables);
	free(old->tenants);
	free(old->rules);
	free(old);
}

bool old_open(const char *folder, const struct current *current, const char *leave_out,
	      struct dictionary *names, struct old **out, char why[NUMBERS_WHY_SIZE])
{
	struct old *old = calloc(1, sizeof(*old));
	char path[CURRENT_PATH_SIZE];
	uint64_t hash;

	current_file(folder, current->generation, path);
	snprintf(why, NUMBERS_WHY_SIZE, "%.400s: damaged; import all numbers anew", path);
	if (!old)
		return false;
	old->names = names;
	if (!current_hash(path, current->bytes, &hash) || hash != current->hash ||
	    !tables_open(path, current->bytes, &old->tables, why) || !map_tenants(old, leave_out) ||
	    !count_rules(old) || !tables_cursor(&old->tables, &old->cursor)) {
		old_free(old);
		return false;
	}
	*out = old;
	return true;
}

static bool new_rule(struct old *old, uint32_t id, uint32_t *out)
{
	struct rule rule;

	if (id >= old->rule_count)
		return false;
	if (!old->rules[id]) {
		if (!tables_rule(&old->tables, id, &rule) ||
		    !dictionary_rule(old->names, &rule, out))
			return false;
		old->rules[id] = *out + 1;
	}
	*out = old->rules[id] - 1;
	return true;
}

/* The next block of a tenant that stays.  @return false: no more, or damaged */
static bool next_block(struct old *old, bool *failed)
{
	for (;;) {
		enum tables_result result = tables_next(&old->cursor, &old->at, &old->runs);

		if (result != TABLES_FOUND || old->at.tenant >= old->tenant_count) {
			*failed = result != TABLES_NONE;
			return false;
		}
		if (old->tenants[old->at.tenant] != none)
			return true;
	}
}

static bool next_item(void *arg, struct item *out, bool *failed)
{
	struct old *old = arg;
	struct run run;

	if (old->runs.len == 0 && !next_block(old, failed))
		return false;
	memcpy(&run, old->runs.ptr, sizeof(run));
	old->runs = (struct sk_span){ old->runs.ptr + sizeof(run), old->runs.len - sizeof(run) };
	*out = (struct item){
		.at = old->at, .first = run.first, .last = run.last, .width = UINT32_MAX, .order = 0
	};
	out->at.tenant = old->tenants[old->at.tenant];
	*failed = !run_is_sane(&run) || !new_rule(old, run.rule, &out->rule);
	return !*failed;
}

bool old_add(struct old *old, struct merge *merge)
{
	return merge_add(merge, next_item, old);
}
