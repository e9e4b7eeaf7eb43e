/*
 * LMDB with one writer that appends in order and readers of a file that is finished: no
 * lock file, no second transaction.
 */
#include "redirector/numbers/tables.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	TABLES = 5,
	COMMIT_BYTES = 64 << 20, /* memory that a transaction may take */
};

static const uint64_t map_max = 1ull << 38; /* of a store in the making: 256 GiB of address space */

static bool fail(const char *path, int rc, char why[NUMBERS_WHY_SIZE])
{
	snprintf(why, NUMBERS_WHY_SIZE, "%.400s: %s", path, mdb_strerror(rc));
	return false;
}

static int open_all(struct tables *t, unsigned flags)
{
	const struct {
		const char *name;
		MDB_dbi *dbi;
		unsigned flags;
	} all[] = {
		{ "blocks", &t->blocks, 0 },   { "rules", &t->rules, 0 },
		{ "tenants", &t->tenants, 0 }, { "stats", &t->stats, 0 },
		{ "meta", &t->meta, 0 },
	};
	int rc = 0;

	for (size_t i = 0; i < SK_COUNT(all) && rc == 0; i++)
		rc = mdb_dbi_open(t->txn, all[i].name, flags | all[i].flags, all[i].dbi);
	return rc;
}

static int open_env(struct tables *t, const char *path, uint64_t map, unsigned flags)
{
	int rc = mdb_env_create(&t->env);

	if (rc == 0)
		rc = mdb_env_set_maxdbs(t->env, TABLES);
	if (rc == 0)
		rc = mdb_env_set_mapsize(t->env, map);
	if (rc == 0)
		rc = mdb_env_open(t->env, path, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NORDAHEAD | flags,
				  0644);
	if (rc == 0)
		rc = mdb_txn_begin(t->env, NULL, flags & MDB_RDONLY, &t->txn);
	return rc;
}

static bool is_of_this_version(const struct tables *t)
{
	MDB_val key = { 6, (void *)(uintptr_t) "format" }, value;

	return mdb_get(t->txn, t->meta, &key, &value) == 0 && value.mv_size == 4 &&
	       get_be(value.mv_data, 4) == FORMAT_VERSION;
}

/* Pages that the file does not have would be a SIGBUS. */
static bool has_all_pages(const struct tables *t, uint64_t bytes)
{
	MDB_envinfo info;
	MDB_stat stat;

	return mdb_env_info(t->env, &info) == 0 && mdb_env_stat(t->env, &stat) == 0 &&
	       ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize <= bytes;
}

bool tables_open(const char *path, uint64_t bytes, struct tables *out, char why[NUMBERS_WHY_SIZE])
{
	struct tables t = { 0 };
	int rc = open_env(&t, path, bytes, MDB_RDONLY);

	if (rc == 0 && !has_all_pages(&t, bytes))
		rc = MDB_CORRUPTED;
	if (rc == 0)
		rc = open_all(&t, 0);
	if (rc == 0 && !is_of_this_version(&t))
		rc = MDB_VERSION_MISMATCH;
	if (rc != 0) {
		tables_close(&t);
		return fail(path, rc, why);
	}
	*out = t;
	return true;
}

bool tables_make(const char *path, struct tables *out, char why[NUMBERS_WHY_SIZE])
{
	struct tables t = { 0 };
	int rc = open_env(&t, path, map_max, MDB_NOSYNC);

	if (rc == 0)
		rc = open_all(&t, MDB_CREATE);
	if (rc != 0) {
		tables_close(&t);
		return fail(path, rc, why);
	}
	*out = t;
	return true;
}

void tables_close(struct tables *t)
{
	if (t->txn)
		mdb_txn_abort(t->txn);
	if (t->env)
		mdb_env_close(t->env);
	*t = (struct tables){ 0 };
}

static bool put(struct tables *t, MDB_dbi dbi, MDB_val key, MDB_val value, unsigned flags)
{
	if (mdb_put(t->txn, dbi, &key, &value, flags) != 0)
		return false;
	t->pending += key.mv_size + value.mv_size;
	if (t->pending < COMMIT_BYTES)
		return true;
	t->pending = 0;
	if (mdb_txn_commit(t->txn) != 0) {
		t->txn = NULL;
		return false;
	}
	return mdb_txn_begin(t->env, NULL, 0, &t->txn) == 0;
}

bool tables_finish(struct tables *t, int64_t made, char why[NUMBERS_WHY_SIZE])
{
	uint8_t version[4], when[8];
	int rc;

	put_be(version, FORMAT_VERSION, sizeof(version));
	put_be(when, (uint64_t)made, sizeof(when));
	if (!put(t, t->meta, (MDB_val){ 6, (void *)(uintptr_t) "format" },
		 (MDB_val){ sizeof(version), version }, 0) ||
	    !put(t, t->meta, (MDB_val){ 4, (void *)(uintptr_t) "made" },
		 (MDB_val){ sizeof(when), when }, 0))
		return fail("store", MDB_PANIC, why);
	rc = mdb_txn_commit(t->txn);
	t->txn = NULL;
	if (rc == 0)
		rc = mdb_env_sync(t->env, 1);
	tables_close(t);
	return rc == 0 || fail("store", rc, why);
}

static MDB_val bytes_of(const void *bytes, size_t len)
{
	return (MDB_val){ len, (void *)(uintptr_t)bytes };
}

static enum tables_result get(const struct tables *t, MDB_dbi dbi, MDB_val key, MDB_val *value)
{
	int rc = mdb_get(t->txn, dbi, &key, value);

	return rc == 0 ? TABLES_FOUND : rc == MDB_NOTFOUND ? TABLES_NONE : TABLES_DAMAGED;
}

enum tables_result tables_tenant(const struct tables *t, struct sk_span name, uint32_t *id)
{
	enum tables_result result;
	MDB_val value;

	if (name.len == 0 || name.len >= NUMBERS_NAME_SIZE)
		return TABLES_NONE;
	result = get(t, t->tenants, bytes_of(name.ptr, name.len), &value);
	if (result != TABLES_FOUND)
		return result;
	if (value.mv_size != 4)
		return TABLES_DAMAGED;
	*id = (uint32_t)get_be(value.mv_data, 4);
	return TABLES_FOUND;
}

static bool runs_of(const MDB_val *value, struct sk_span *runs)
{
	if (value->mv_size == 0 || value->mv_size % sizeof(struct run) != 0)
		return false;
	*runs = (struct sk_span){ value->mv_data, value->mv_size };
	return true;
}

enum tables_result tables_block(const struct tables *t, const struct block_at *at,
				struct sk_span *runs)
{
	uint8_t key[KEY_LEN];
	enum tables_result result;
	MDB_val value;

	block_key(at, key);
	result = get(t, t->blocks, bytes_of(key, sizeof(key)), &value);
	if (result == TABLES_FOUND && !runs_of(&value, runs))
		return TABLES_DAMAGED;
	return result;
}

bool tables_rule(const struct tables *t, uint32_t id, struct rule *out)
{
	uint8_t key[4];
	MDB_val value;

	put_be(key, id, sizeof(key));
	return get(t, t->rules, bytes_of(key, sizeof(key)), &value) == TABLES_FOUND &&
	       rule_unpack(value.mv_data, value.mv_size, out);
}

bool tables_put_block(struct tables *t, const struct block_at *at, const struct run *runs,
		      size_t count)
{
	uint8_t key[KEY_LEN];

	block_key(at, key);
	return put(t, t->blocks, bytes_of(key, sizeof(key)), bytes_of(runs, count * sizeof(*runs)),
		   MDB_APPEND);
}

bool tables_put_rule(struct tables *t, uint32_t id, const struct rule *rule)
{
	uint8_t key[4], value[RULE_LEN_MAX];

	put_be(key, id, sizeof(key));
	return put(t, t->rules, bytes_of(key, sizeof(key)), bytes_of(value, rule_pack(rule, value)),
		   MDB_APPEND);
}

bool tables_put_tenant(struct tables *t, const char *name, uint32_t id)
{
	uint8_t value[4];

	put_be(value, id, sizeof(value));
	return put(t, t->tenants, bytes_of(name, strlen(name)), bytes_of(value, sizeof(value)), 0);
}

bool tables_put_stats(struct tables *t, const char *tenant, enum list_kind list,
		      const struct table_stats *stats)
{
	uint8_t key[NUMBERS_NAME_SIZE + 1], value[16];
	size_t len = strlen(tenant);

	memcpy(key, tenant, len + 1);
	key[len + 1] = (uint8_t)list;
	put_be(value, stats->numbers, 8);
	put_be(value + 8, stats->runs, 8);
	return put(t, t->stats, bytes_of(key, len + 2), bytes_of(value, sizeof(value)), 0);
}

/* One pass over a small table. */
static bool each(const struct tables *t, MDB_dbi dbi,
		 bool (*visit)(void *arg, const MDB_val *key, const MDB_val *value), void *arg)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	bool ok = true;
	int rc;

	if (mdb_cursor_open(t->txn, dbi, &cursor) != 0)
		return false;
	while (ok && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) != MDB_NOTFOUND)
		ok = rc == 0 && visit(arg, &key, &value);
	mdb_cursor_close(cursor);
	return ok;
}

struct visitor {
	tables_tenant_h *tenant;
	tables_rule_h *rule;
	tables_stats_h *stats;
	void *arg;
};

/* @return false: it does not fit a name */
static bool read_name(const uint8_t *text, size_t len, char out[NUMBERS_NAME_SIZE])
{
	if (len == 0 || len >= NUMBERS_NAME_SIZE)
		return false;
	memcpy(out, text, len);
	out[len] = '\0';
	return strlen(out) == len;
}

static bool visit_tenant(void *arg, const MDB_val *key, const MDB_val *value)
{
	const struct visitor *v = arg;
	char name[NUMBERS_NAME_SIZE];

	return read_name(key->mv_data, key->mv_size, name) && value->mv_size == 4 &&
	       v->tenant(v->arg, name, (uint32_t)get_be(value->mv_data, 4));
}

static bool visit_rule(void *arg, const MDB_val *key, const MDB_val *value)
{
	const struct visitor *v = arg;
	struct rule rule;

	return key->mv_size == 4 && rule_unpack(value->mv_data, value->mv_size, &rule) &&
	       v->rule(v->arg, (uint32_t)get_be(key->mv_data, 4), &rule);
}

static bool visit_stats(void *arg, const MDB_val *key, const MDB_val *value)
{
	const struct visitor *v = arg;
	const uint8_t *k = key->mv_data, *n = value->mv_data;
	char name[NUMBERS_NAME_SIZE];
	struct table_stats stats;

	if (key->mv_size < 3 || value->mv_size != 16 || k[key->mv_size - 1] >= LIST_KINDS ||
	    !read_name(k, key->mv_size - 2, name))
		return false;
	stats = (struct table_stats){ get_be(n, 8), get_be(n + 8, 8) };
	return v->stats(v->arg, name, (enum list_kind)k[key->mv_size - 1], &stats);
}

bool tables_each_tenant(const struct tables *t, tables_tenant_h *visit, void *arg)
{
	return each(t, t->tenants, visit_tenant, &(struct visitor){ .tenant = visit, .arg = arg });
}

bool tables_each_rule(const struct tables *t, tables_rule_h *visit, void *arg)
{
	return each(t, t->rules, visit_rule, &(struct visitor){ .rule = visit, .arg = arg });
}

bool tables_each_stats(const struct tables *t, tables_stats_h *visit, void *arg)
{
	return each(t, t->stats, visit_stats, &(struct visitor){ .stats = visit, .arg = arg });
}

bool tables_cursor(const struct tables *t, struct table_cursor *out)
{
	*out = (struct table_cursor){ 0 };
	return mdb_cursor_open(t->txn, t->blocks, &out->cursor) == 0;
}

enum tables_result tables_next(struct table_cursor *c, struct block_at *at, struct sk_span *runs)
{
	MDB_val key, value;
	int rc = mdb_cursor_get(c->cursor, &key, &value, c->begun ? MDB_NEXT : MDB_FIRST);

	c->begun = true;
	if (rc == MDB_NOTFOUND)
		return TABLES_NONE;
	if (rc != 0 || key.mv_size != KEY_LEN || !runs_of(&value, runs))
		return TABLES_DAMAGED;
	block_of_key(key.mv_data, at);
	return TABLES_FOUND;
}

void tables_cursor_close(struct table_cursor *c)
{
	if (c->cursor)
		mdb_cursor_close(c->cursor);
	c->cursor = NULL;
}
