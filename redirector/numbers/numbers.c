/*
 * One read transaction for the life of the object: the file never changes, so a lookup is
 * a walk down a tree of mapped pages and nothing else.
 *
 * LMDB believes what its pages say.  So the file's size is looked at before it is mapped,
 * and with `warm` the whole of it is compared with the hash that the import wrote.  Whoever
 * cuts the file off afterwards makes each look a fault of ours, not the end of the service.
 */
#include "redirector/numbers/numbers.h"

#include "redirector/numbers/current.h"
#include "redirector/numbers/guard.h"
#include "redirector/numbers/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
	CLAIMS_MAX = 8,
	UNDATED = BLOCK,
};

struct numbers {
	char *folder;
	struct current current;
	struct tables tables;
	uint64_t faults;
	bool torn; /* a page was missing: whatever is in the others now is not trusted */
};

static bool is_whole(const char *path, const struct current *c, bool whole_file,
		     char why[NUMBERS_WHY_SIZE])
{
	struct stat st;
	uint64_t hash = c->hash;

	if (stat(path, &st) != 0 || (uint64_t)st.st_size != c->bytes ||
	    (whole_file && !current_hash(path, c->bytes, &hash)) || hash != c->hash) {
		snprintf(why, NUMBERS_WHY_SIZE, "%.400s: damaged; import the numbers anew", path);
		return false;
	}
	return true;
}

bool numbers_open(const char *folder, bool warm, struct numbers **out, char why[NUMBERS_WHY_SIZE])
{
	SK_CLEANUP(numbers_close_p) struct numbers *n = calloc(1, sizeof(*n));
	char path[CURRENT_PATH_SIZE];

	snprintf(why, NUMBERS_WHY_SIZE, "%.400s: out of memory", folder);
	if (!n)
		return false;
	n->folder = strdup(folder);
	if (!n->folder || !current_read(folder, &n->current, why) || n->current.generation == 0)
		return false;
	current_file(folder, n->current.generation, path);
	guard_install();
	if (!is_whole(path, &n->current, warm, why) ||
	    !tables_open(path, n->current.bytes, &n->tables, why))
		return false;
	*out = sk_steal(n);
	return true;
}

void numbers_close(struct numbers *n)
{
	if (!n)
		return;
	tables_close(&n->tables);
	free(n->folder);
	free(n);
}

bool numbers_is_old(const struct numbers *n)
{
	char path[CURRENT_PATH_SIZE];
	struct stat st;

	current_path(n->folder, "current", path);
	return stat(path, &st) == 0 && st.st_ino != n->current.inode;
}

uint64_t numbers_faults(const struct numbers *n)
{
	return n->faults;
}

static enum numbers_result failed(const struct numbers *n)
{
	struct numbers *mine = (struct numbers *)(uintptr_t)n; /* a count changes no lookup */

	mine->faults++;
	return NUMBERS_FAILED;
}

struct question {
	struct sk_span tenant, customer, number;
	enum list_kind list;
	int64_t now;
};

static bool applies(const struct question *q, const struct rule *rule)
{
	if (q->customer.len > 0 && !sk_span_eq(q->customer, sk_span_of(rule->customer)))
		return false;
	return rule->from <= q->now && (rule->until == 0 || q->now < rule->until);
}

/* What one customer says of the number. */
struct claim {
	struct rule rule;
	unsigned width; /* of its run; UNDATED: without dates, which gives way to one with dates */
};

/* Claims on one number; of more customers than these only the attestations are compared. */
struct claims {
	struct claim of[CLAIMS_MAX];
	size_t count;
};

static bool says_more(const struct claim *a, const struct claim *b)
{
	if (a->width != b->width)
		return a->width < b->width;
	return a->rule.attest < b->rule.attest; /* 'A' before 'B' before 'C' */
}

static void add_claim(struct claims *all, const struct claim *claim)
{
	for (size_t i = 0; i < all->count; i++) {
		struct claim *own = &all->of[i];

		if (strcmp(own->rule.customer, claim->rule.customer) != 0)
			continue;
		if (says_more(claim, own))
			*own = *claim;
		return;
	}
	if (all->count < CLAIMS_MAX)
		all->of[all->count++] = *claim;
	else if (claim->rule.attest < all->of[CLAIMS_MAX - 1].rule.attest)
		all->of[CLAIMS_MAX - 1] = *claim;
}

/* All runs of the block that hold the number. */
static bool collect(const struct numbers *n, const struct question *q, struct sk_span runs,
		    uint16_t at, struct claims *all)
{
	struct claim claim;
	struct run run;

	for (size_t i = 0; i + sizeof(run) <= runs.len; i += sizeof(run)) {
		memcpy(&run, runs.ptr + i, sizeof(run));
		if (!run_is_sane(&run))
			return false;
		if (run.first > at)
			break; /* sorted */
		if (run.last < at)
			continue;
		if (!tables_rule(&n->tables, run.rule, &claim.rule))
			return false;
		if (!applies(q, &claim.rule))
			continue;
		claim.width = (unsigned)run.last - run.first;
		if (claim.rule.from == 0 && claim.rule.until == 0)
			claim.width = UNDATED;
		add_claim(all, &claim);
	}
	return true;
}

/* Of each customer the narrowest; of all customers the highest attestation. */
static enum numbers_result search(const struct numbers *n, const struct question *q,
				  struct sk_span runs, uint16_t at, struct rule *best)
{
	struct claims all;

	all.count = 0;
	if (!collect(n, q, runs, at, &all))
		return failed(n);
	for (size_t i = 0; i < all.count; i++)
		if (i == 0 || all.of[i].rule.attest < best->attest)
			*best = all.of[i].rule;
	return all.count > 0 ? NUMBERS_FOUND : NUMBERS_NONE;
}

static enum numbers_result read_answer(const struct numbers *n, const struct question *q,
				       struct rule *best)
{
	struct block_at at = { .list = (uint8_t)q->list };
	struct sk_span runs;
	uint64_t value;

	if (!number_read(q->number, &value))
		return NUMBERS_NONE;
	switch (tables_tenant(&n->tables, q->tenant, &at.tenant)) {
	case TABLES_NONE:
		return NUMBERS_NONE;
	case TABLES_DAMAGED:
		return failed(n);
	case TABLES_FOUND:
		break;
	}
	at.digits = (uint8_t)q->number.len;
	at.block = value / BLOCK;
	switch (tables_block(&n->tables, &at, &runs)) {
	case TABLES_NONE:
		return NUMBERS_NONE;
	case TABLES_DAMAGED:
		return failed(n);
	case TABLES_FOUND:
		break;
	}
	return search(n, q, runs, (uint16_t)(value % BLOCK), best);
}

struct asking {
	const struct numbers *numbers;
	const struct question *question;
	struct rule *best;
	enum numbers_result result;
};

static void read_guarded(void *arg)
{
	struct asking *a = arg;

	a->result = read_answer(a->numbers, a->question, a->best);
}

/* A file in place of which another one is copied loses its pages first, and gets others that
 * do not fit what is known of it: from then on it is as damaged. */
static enum numbers_result ask(const struct numbers *n, const struct question *q, struct rule *best)
{
	struct asking asking = { n, q, best, NUMBERS_FAILED };
	struct numbers *mine = (struct numbers *)(uintptr_t)n; /* as failed() */

	if (n->torn)
		return failed(n);
	if (guard_run(read_guarded, &asking))
		return asking.result;
	mine->torn = true;
	return failed(n);
}

enum numbers_result numbers_find(const struct numbers *n, struct sk_span tenant,
				 struct sk_span customer, struct sk_span number, int64_t now,
				 struct numbers_hit *out)
{
	const struct question q = { tenant, customer, number, LIST_NUMBERS, now };
	struct rule rule = { .attest = '-' };
	enum numbers_result result = ask(n, &q, &rule);

	if (result != NUMBERS_FOUND)
		return result;
	if (rule.attest < 'A' || rule.attest > 'C')
		return failed(n);
	*out = (struct numbers_hit){ .attest = rule.attest == 'A'   ? SK_ATTEST_A
					       : rule.attest == 'B' ? SK_ATTEST_B
								    : SK_ATTEST_C,
				     .from = rule.from,
				     .until = rule.until };
	memcpy(out->customer, rule.customer, sizeof(out->customer));
	memcpy(out->credential, rule.credential, sizeof(out->credential));
	return NUMBERS_FOUND;
}

enum numbers_result numbers_lists(const struct numbers *n, struct sk_span tenant,
				  struct sk_span number, int64_t now, unsigned *lists)
{
	/* everybody's do-not-originate list is that of the tenant "*" */
	const struct {
		struct sk_span tenant;
		enum list_kind list;
		unsigned bit;
	} looks[] = {
		{ SK_SPAN("*"), LIST_DO_NOT_ORIGINATE, NUMBERS_DO_NOT_ORIGINATE },
		{ tenant, LIST_DO_NOT_ORIGINATE, NUMBERS_DO_NOT_ORIGINATE },
		{ tenant, LIST_BLOCKED, NUMBERS_BLOCK },
		{ tenant, LIST_ALLOWED, NUMBERS_ALLOW },
	};
	unsigned found = 0;

	*lists = 0;
	for (size_t i = 0; i < SK_COUNT(looks); i++) {
		const struct question q = { .tenant = looks[i].tenant,
					    .number = number,
					    .list = looks[i].list,
					    .now = now };
		struct rule rule;
		enum numbers_result result = ask(n, &q, &rule);

		if (result == NUMBERS_FAILED)
			return result;
		if (result == NUMBERS_FOUND)
			found |= looks[i].bit;
	}
	*lists = found;
	return found ? NUMBERS_FOUND : NUMBERS_NONE;
}
