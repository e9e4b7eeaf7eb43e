/*
 * Each tenant has a ring of half minutes: what its counts grew by in each of the last ones,
 * and in the one under way.  Slots of the tally never move and are visited in the order of their
 * addresses, so a walk through our rows beside theirs finds each without a search.
 */
#include "redirector/http/volume.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	PART_MS = 30000,
	PARTS = VOLUME_MINUTES * 60000 / PART_MS, /* with the one under way */
	FEW = 1000,                               /* up to so many are looked at every time */
	PATIENCE_MS = 10000,
	ROOM_FIRST = 16,
};

struct row {
	const struct tally_slot *slot;
	uint64_t last[VOLUME_LAST];
	uint32_t parts[PARTS][VOLUME_LAST];
};

struct volume {
	struct tally *tally;
	struct row *rows; /* by `slot` */
	size_t count, room;
	size_t at;    /* in a walk: the row that is expected */
	bool first;   /* nobody was looked at before: what was counted is older than we are */
	int64_t part; /* number of the half minute under way */
	int64_t looked_ms;
};

static const enum tally_count sources[VOLUME_LAST] = {
	[VOLUME_CALLS] = TALLY_CALLS,           [VOLUME_SIGNED] = TALLY_SIGNED,
	[VOLUME_PASSED] = TALLY_PASSED,         [VOLUME_FAILED] = TALLY_FAILED,
	[VOLUME_UNVERIFIED] = TALLY_UNVERIFIED, [VOLUME_BLOCKED] = TALLY_BLOCKED,
	[VOLUME_LIMITED] = TALLY_LIMITED,       [VOLUME_FAULTS] = TALLY_FAULTS,
};

static uint64_t count_of(const struct tally_slot *slot, int item)
{
	return atomic_load_explicit(&slot->n[sources[item]], memory_order_relaxed);
}

/* @return false: no memory; it is left out until there is some */
static bool insert(struct volume *v, const struct tally_slot *slot)
{
	struct row *rows = v->rows, *row;
	size_t room = v->room;

	if (v->count == room) {
		room = room > 0 ? 2 * room : ROOM_FIRST;
		rows = reallocarray(v->rows, room, sizeof(*rows));
		if (!rows)
			return false;
		v->rows = rows;
		v->room = room;
	}
	row = &rows[v->at];
	memmove(row + 1, row, (v->count - v->at) * sizeof(*row));
	memset(row, 0, sizeof(*row));
	row->slot = slot;
	v->count++;
	for (int i = 0; i < VOLUME_LAST && v->first; i++)
		row->last[i] = count_of(slot, i);
	return true;
}

static void look_at(void *arg, const struct tally_slot *slot)
{
	struct volume *v = arg;
	struct row *row;

	/* trunks, and a name that was never finished */
	if (strchr(slot->name, '/') || slot->name[0] == '?')
		return;
	while (v->at < v->count && v->rows[v->at].slot < slot)
		v->at++;
	if ((v->at == v->count || v->rows[v->at].slot != slot) && !insert(v, slot))
		return;
	row = &v->rows[v->at++];
	for (int i = 0; i < VOLUME_LAST; i++) {
		uint64_t now = count_of(slot, i);

		if (now > row->last[i])
			row->parts[v->part % PARTS][i] += (uint32_t)(now - row->last[i]);
		row->last[i] = now;
	}
}

/* Another half minute: what is older than the window goes. */
static void turn(struct volume *v, int64_t now_ms)
{
	int64_t part = now_ms / PART_MS, steps = part - v->part;

	if (steps < 0 || steps > PARTS)
		steps = PARTS;
	for (int64_t i = 0; i < steps; i++)
		for (size_t k = 0; k < v->count; k++)
			memset(v->rows[k].parts[(part + PARTS - i) % PARTS], 0,
			       sizeof(v->rows[k].parts[0]));
	v->part = part;
}

static void look(struct volume *v, int64_t now_ms)
{
	turn(v, now_ms);
	v->at = 0;
	tally_each(v->tally, look_at, v);
	v->first = false;
	v->looked_ms = now_ms;
}

struct volume *volume_new(struct tally *tally, int64_t now_ms)
{
	struct volume *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->tally = tally;
	v->first = true;
	v->part = now_ms / PART_MS;
	look(v, now_ms);
	return v;
}

void volume_free(struct volume *v)
{
	if (v)
		free(v->rows);
	free(v);
}

void volume_add(struct volume *v, int64_t now_ms)
{
	if (v->count <= FEW || now_ms - v->looked_ms >= PATIENCE_MS)
		look(v, now_ms);
}

static void sum_up(const struct row *row, struct volume_row *out)
{
	*out = (struct volume_row){ .name = row->slot->name };
	for (int i = 0; i < PARTS; i++)
		for (int k = 0; k < VOLUME_LAST; k++)
			out->n[k] += row->parts[i][k];
}

static bool is_before(const struct volume_row *a, const struct volume_row *b)
{
	if (a->n[VOLUME_CALLS] != b->n[VOLUME_CALLS])
		return a->n[VOLUME_CALLS] > b->n[VOLUME_CALLS];
	return strcmp(a->name, b->name) < 0;
}

static void add_other(const struct volume_row *row, size_t *others, struct volume_row *sums)
{
	(*others)++;
	for (int i = 0; i < VOLUME_LAST; i++)
		sums->n[i] += row->n[i];
}

/* Into its place; who falls out at the end is one of the others. */
static size_t place(struct volume_row out[VOLUME_TOP], size_t count, const struct volume_row *row,
		    size_t *others, struct volume_row *sums)
{
	size_t at = count;

	while (at > 0 && is_before(row, &out[at - 1]))
		at--;
	if (at == VOLUME_TOP) {
		add_other(row, others, sums);
		return count;
	}
	if (count == VOLUME_TOP)
		add_other(&out[--count], others, sums);
	memmove(&out[at + 1], &out[at], (count - at) * sizeof(*out));
	out[at] = *row;
	return count + 1;
}

size_t volume_top(const struct volume *v, struct volume_row out[VOLUME_TOP], size_t *others,
		  struct volume_row *sums)
{
	size_t count = 0;

	*others = 0;
	*sums = (struct volume_row){ .name = "" };
	for (size_t i = 0; i < v->count; i++) {
		struct volume_row row;

		sum_up(&v->rows[i], &row);
		if (row.n[VOLUME_CALLS] > 0)
			count = place(out, count, &row, others, sums);
	}
	return count;
}
