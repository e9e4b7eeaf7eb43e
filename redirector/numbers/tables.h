/**
 * @file tables.h  The tables of one generation in LMDB: read, made
 */
#pragma once

#include "redirector/numbers/format.h"

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

struct tables {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi blocks, rules, tenants, stats, meta;
	uint64_t pending; /* bytes put since the last commit */
};

enum tables_result {
	TABLES_FOUND,
	TABLES_NONE,
	TABLES_DAMAGED,
};

/** Of a tenant and list. */
struct table_stats {
	uint64_t numbers, runs;
};

/** Opens a finished file for reading.  @param bytes  Its size, checked before */
SK_MUSTCHECK
bool tables_open(const char *path, uint64_t bytes, struct tables *out, char why[NUMBERS_WHY_SIZE]);

/** Makes a new one; the file must not be there. */
SK_MUSTCHECK
bool tables_make(const char *path, struct tables *out, char why[NUMBERS_WHY_SIZE]);

/** Writes it out to the disk and closes it. */
SK_MUSTCHECK
bool tables_finish(struct tables *tables, int64_t made, char why[NUMBERS_WHY_SIZE]);

/** Ends reading, or gives up making.  Zeroed tables are allowed. */
void tables_close(struct tables *tables);

enum tables_result tables_tenant(const struct tables *tables, struct sk_span name, uint32_t *id);
enum tables_result tables_block(const struct tables *tables, const struct block_at *at,
				struct sk_span *runs);
SK_MUSTCHECK
bool tables_rule(const struct tables *tables, uint32_t id, struct rule *out);

/** Rising order of keys; `runs` in their order. */
SK_MUSTCHECK
bool tables_put_block(struct tables *tables, const struct block_at *at, const struct run *runs,
		      size_t count);
SK_MUSTCHECK
bool tables_put_rule(struct tables *tables, uint32_t id, const struct rule *rule);
SK_MUSTCHECK
bool tables_put_tenant(struct tables *tables, const char *name, uint32_t id);
SK_MUSTCHECK
bool tables_put_stats(struct tables *tables, const char *tenant, enum list_kind list,
		      const struct table_stats *stats);

/** Visit in order of keys; a visitor that returns false ends it.  @return false: ended, or damaged
 */
typedef bool tables_tenant_h(void *arg, const char *name, uint32_t id);
typedef bool tables_rule_h(void *arg, uint32_t id, const struct rule *rule);
typedef bool tables_stats_h(void *arg, const char *tenant, enum list_kind list,
			    const struct table_stats *stats);
SK_MUSTCHECK
bool tables_each_tenant(const struct tables *tables, tables_tenant_h *visit, void *arg);
SK_MUSTCHECK
bool tables_each_rule(const struct tables *tables, tables_rule_h *visit, void *arg);
SK_MUSTCHECK
bool tables_each_stats(const struct tables *tables, tables_stats_h *visit, void *arg);

/** The blocks in order of keys, one by one. */
struct table_cursor {
	MDB_cursor *cursor;
	bool begun;
};
SK_MUSTCHECK
bool tables_cursor(const struct tables *tables, struct table_cursor *out);
enum tables_result tables_next(struct table_cursor *cursor, struct block_at *at,
			       struct sk_span *runs);
void tables_cursor_close(struct table_cursor *cursor);
