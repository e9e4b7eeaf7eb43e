/*
 * Ranges were cut where a block ends; here they are joined again, but those with dates: of
 * these the width within a block counts (numbers.c).  What ends at the end of
 * a block waits for the next block; there are never more of these than rules in a block.
 */
#include "redirector/numbers/export.h"

#include "redirector/numbers/csv.h"
#include "redirector/numbers/current.h"
#include "redirector/numbers/tables.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

/* A range that may go on in the next block. */
struct open_range {
	uint64_t first;
	uint32_t rule;
	bool joined; /* the next block has its continuation */
};

struct export
{
	struct tables tables;
	FILE *to;
	char(*names)[NUMBERS_NAME_SIZE]; /* by id */
	size_t name_count;
	struct open_range *open, *next; /* ending with the last block, with this one */
	size_t open_count, next_count, room;
	struct block_at at;
};

static bool print_range(struct export *x, const struct block_at *at, uint64_t first, uint64_t last,
			uint32_t rule)
{
	struct csv_entry e = { .list = (enum list_kind)at->list, .digits = at->digits };
	char text[CSV_TEXT_SIZE];

	e.first = first;
	e.last = last;
	memcpy(e.tenant, x->names[at->tenant], sizeof(e.tenant));
	if (!tables_rule(&x->tables, rule, &e.rule))
		return false;
	csv_entry_print(&e, text);
	return fputs(text, x->to) != EOF;
}

static bool is_next(const struct block_at *a, const struct block_at *b)
{
	return a->tenant == b->tenant && a->list == b->list && a->digits == b->digits &&
	       a->block + 1 == b->block;
}

/* What this block does not go on with ends where the last one ended. */
static bool close_ranges(struct export *x, const struct block_at *last)
{
	for (size_t i = 0; i < x->open_count; i++)
		if (!x->open[i].joined &&
		    !print_range(x, last, x->open[i].first, last->block * BLOCK + BLOCK - 1,
				 x->open[i].rule))
			return false;
	x->open_count = 0;
	return true;
}

static bool leave_open(struct export *x, uint64_t first, uint32_t rule)
{
	if (x->next_count == x->room) {
		size_t room = x->room ? x->room * 2 : 64;
		struct open_range *a = reallocarray(x->open, room, sizeof(*a)), *b;

		if (a)
			x->open = a;
		b = a ? reallocarray(x->next, room, sizeof(*b)) : NULL;
		if (!b)
			return false;
		x->next = b;
		x->room = room;
	}
	x->next[x->next_count++] = (struct open_range){ first, rule, false };
	return true;
}

/* Where a run began that starts with its block. */
static uint64_t began(struct export *x, const struct run *run, uint64_t here)
{
	for (size_t i = 0; run->first == 0 && i < x->open_count; i++) {
		struct open_range *o = &x->open[i];

		/* the import takes no wider range */
		if (o->rule == run->rule && !o->joined && here + run->last - o->first < RANGE_MAX) {
			o->joined = true;
			return o->first;
		}
	}
	return here + run->first;
}

/* Prints a run, or leaves it open. */
static bool export_run(struct export *x, const struct block_at *at, const struct run *run)
{
	uint64_t here = at->block * BLOCK, first = here + run->first;
	struct rule rule;

	if (!run_is_sane(run) || !tables_rule(&x->tables, run->rule, &rule))
		return false;
	if (rule.from == 0 && rule.until == 0) {
		first = began(x, run, here);
		if (run->last == BLOCK - 1)
			return leave_open(x, first, run->rule);
	}
	return print_range(x, at, first, here + run->last, run->rule);
}

static bool export_block(struct export *x, const struct block_at *at, struct sk_span runs)
{
	const struct block_at last = x->at;
	struct open_range *done;

	if (x->open_count > 0 && !is_next(&last, at) && !close_ranges(x, &last))
		return false;
	x->next_count = 0;
	for (size_t i = 0; i < runs.len; i += sizeof(struct run)) {
		struct run run;

		memcpy(&run, runs.ptr + i, sizeof(run));
		if (!export_run(x, at, &run))
			return false;
	}
	if (!close_ranges(x, &last))
		return false;
	done = x->open;
	x->open = x->next;
	x->next = done;
	x->open_count = x->next_count;
	x->at = *at;
	return true;
}

static bool is_wanted(const struct export *x, const struct block_at *at, const char *tenant,
		      int list)
{
	return (!tenant || strcmp(x->names[at->tenant], tenant) == 0) &&
	       (list < 0 || at->list == list);
}

static bool export_all(struct export *x, const char *tenant, int list)
{
	struct table_cursor cursor;
	enum tables_result result;
	struct block_at at;
	struct sk_span runs;
	bool ok = true;

	if (!tables_cursor(&x->tables, &cursor))
		return false;
	while (ok && (result = tables_next(&cursor, &at, &runs)) != TABLES_NONE)
		ok = result == TABLES_FOUND && at.tenant < x->name_count && at.list < LIST_KINDS &&
		     (!is_wanted(x, &at, tenant, list) || export_block(x, &at, runs));
	tables_cursor_close(&cursor);
	return ok && close_ranges(x, &x->at);
}

static bool keep_name(void *arg, const char *name, uint32_t id)
{
	struct export *x = arg;

	if (id >= x->name_count) {
		size_t count = (size_t)id + 64;
		char(*more)[NUMBERS_NAME_SIZE] = reallocarray(x->names, count, sizeof(*more));

		if (!more || id > 1u << 24)
			return false;
		memset(more + x->name_count, 0, (count - x->name_count) * sizeof(*more));
		x->names = more;
		x->name_count = count;
	}
	memcpy(x->names[id], name, strlen(name) + 1);
	return true;
}

static bool open_current(const char *folder, struct current *current, struct tables *tables,
			 char why[NUMBERS_WHY_SIZE])
{
	char path[CURRENT_PATH_SIZE];
	uint64_t hash;

	if (!current_read(folder, current, why) || current->generation == 0)
		return false;
	current_file(folder, current->generation, path);
	if (!current_hash(path, current->bytes, &hash) || hash != current->hash) {
		snprintf(why, NUMBERS_WHY_SIZE, "%.400s: damaged; import the numbers anew", path);
		return false;
	}
	return tables_open(path, current->bytes, tables, why);
}

bool export_print(const char *folder, const char *tenant, int list, FILE *to,
		  char why[NUMBERS_WHY_SIZE])
{
	struct export x = { .to = to };
	struct current current;
	bool ok;

	if (!open_current(folder, &current, &x.tables, why))
		return false;
	snprintf(why, NUMBERS_WHY_SIZE, "%.400s: cannot be read or written", folder);
	ok = tables_each_tenant(&x.tables, keep_name, &x) && fputs(csv_header_text, to) != EOF &&
	     export_all(&x, tenant, list) && fflush(to) == 0;
	tables_close(&x.tables);
	free(x.names);
	free(x.open);
	free(x.next);
	return ok;
}

struct listing {
	FILE *to;
	bool json;
	bool first;
	uint64_t numbers, runs;
};

static void print_json_name(const char *name, FILE *to)
{
	fputc('"', to);
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			fputc('\\', to);
		fputc(*name, to);
	}
	fputc('"', to);
}

static bool print_stats(void *arg, const char *tenant, enum list_kind list,
			const struct table_stats *stats)
{
	struct listing *l = arg;

	l->numbers += stats->numbers;
	l->runs += stats->runs;
	if (!l->json) {
		fprintf(l->to, "%-24s %-16s %14" PRIu64 " %12" PRIu64 "\n", tenant, list_name(list),
			stats->numbers, stats->runs);
		return true;
	}
	fprintf(l->to, "%s{\"tenant\":", l->first ? "" : ",");
	print_json_name(tenant, l->to);
	fprintf(l->to, ",\"list\":\"%s\",\"numbers\":%" PRIu64 ",\"runs\":%" PRIu64 "}",
		list_name(list), stats->numbers, stats->runs);
	l->first = false;
	return true;
}

bool export_stats(const char *folder, bool json, FILE *to, char why[NUMBERS_WHY_SIZE])
{
	struct listing l = { .to = to, .json = json, .first = true };
	struct tables tables = { 0 };
	struct current current;
	char made[32] = "";
	time_t when;
	struct tm tm;
	bool ok;

	if (!open_current(folder, &current, &tables, why))
		return false;
	when = (time_t)current.made;
	if (gmtime_r(&when, &tm))
		strftime(made, sizeof(made), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (json)
		fputs("{\"entries\":[", to);
	else
		fprintf(to, "%-24s %-16s %14s %12s\n", "tenant", "list", "numbers", "runs");
	ok = tables_each_stats(&tables, print_stats, &l);
	fprintf(to,
		json ? "],\"numbers\":%" PRIu64 ",\"runs\":%" PRIu64 ",\"generation\":%" PRIu64
		       ",\"bytes\":%" PRIu64 ",\"made\":\"%s\"}\n"
		     : "\n%" PRIu64 " numbers in %" PRIu64 " runs, generation %" PRIu64 ", %" PRIu64
		       " bytes, made %s\n",
		l.numbers, l.runs, current.generation, current.bytes, made);
	tables_close(&tables);
	if (!ok)
		snprintf(why, NUMBERS_WHY_SIZE, "%.400s: damaged; import the numbers anew", folder);
	return ok && fflush(to) == 0;
}
