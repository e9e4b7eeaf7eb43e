/*
 * Two sorted tables.  A number is looked for in the ranges once and in the beginnings once
 * a length, longest first: at most sixteen binary searches, however many patterns there are.
 *
 * What surprises: a number is held together with its length, the length on top, since
 * "0" and "00" are not the same.
 */
#include "redirector/keys/patterns.h"

#include "shaken/tn.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	NUMBER_SIZE = SK_TN_DIGITS + 2, /* "+", digits, terminator */
};

struct range {
	uint64_t from, to; /* of a beginning both the same */
	size_t owner;
};

struct table {
	struct range *rows;
	size_t count, size;
};

struct patterns {
	struct table ranges, beginnings;
};

/* --- numbers with their length --- */

static uint64_t packed(uint64_t value, size_t digits)
{
	return (uint64_t)digits << 56 | value;
}

/* @return 0: these are no 1 to 15 digits */
static uint64_t pack(struct sk_span text)
{
	uint64_t value = 0;

	if (text.len > SK_TN_DIGITS)
		return 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return 0;
		value = value * 10 + (uint64_t)(text.ptr[i] - '0');
	}
	return packed(value, text.len);
}

static void print(uint64_t number, char out[NUMBER_SIZE])
{
	size_t digits = number >> 56 & 15;
	uint64_t value = number & ((UINT64_C(1) << 56) - 1);

	out[digits + 1] = '\0';
	for (; digits > 0; digits--, value /= 10)
		out[digits] = (char)('0' + value % 10);
	out[0] = '+';
}

/* --- tables --- */

static bool table_add(struct table *t, const struct range *row)
{
	if (t->count == t->size) {
		size_t size = t->size ? 2 * t->size : 16;
		struct range *rows = reallocarray(t->rows, size, sizeof(*rows));

		if (!rows)
			return false;
		t->rows = rows;
		t->size = size;
	}
	t->rows[t->count++] = *row;
	return true;
}

static int by_from(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

/* Rows of one owner that meet become one, so that no row hides another from the search. */
static bool table_settle(struct table *t, size_t other[2], uint64_t *at)
{
	size_t kept = 0;

	if (t->count > 0)
		qsort(t->rows, t->count, sizeof(t->rows[0]), by_from);
	for (size_t i = 0; i < t->count; i++) {
		struct range *last = kept > 0 ? &t->rows[kept - 1] : NULL, *row = &t->rows[i];

		if (!last || row->from > last->to) {
			t->rows[kept++] = *row;
			continue;
		}
		if (last->owner != row->owner) {
			other[0] = last->owner;
			other[1] = row->owner;
			*at = row->from;
			return false;
		}
		last->to = row->to > last->to ? row->to : last->to;
	}
	t->count = kept;
	return true;
}

static const struct range *table_find(const struct table *t, uint64_t number)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->rows[mid].from <= number)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 && number <= t->rows[low - 1].to ? &t->rows[low - 1] : NULL;
}

/* --- patterns --- */

struct patterns *patterns_new(void)
{
	return calloc(1, sizeof(struct patterns));
}

void patterns_free(struct patterns *p)
{
	if (!p)
		return;
	free(p->ranges.rows);
	free(p->beginnings.rows);
	free(p);
}

/* "+" and digits: with a country code it says the same everywhere. */
static bool read_number(struct sk_span text, uint64_t *out)
{
	if (text.len < 2 || text.ptr[0] != '+')
		return false;
	*out = pack((struct sk_span){ text.ptr + 1, text.len - 1 });
	return *out != 0;
}

static bool read_range(struct sk_span text, struct range *out)
{
	const char *dash = memchr(text.ptr, '-', text.len);
	size_t first = dash ? (size_t)(dash - text.ptr) : text.len;

	if (!read_number((struct sk_span){ text.ptr, first }, &out->from))
		return false;
	out->to = out->from;
	if (!dash)
		return true;
	return read_number((struct sk_span){ dash + 1, text.len - first - 1 }, &out->to) &&
	       out->from >> 56 == out->to >> 56 && out->from <= out->to;
}

bool patterns_add(struct patterns *p, struct sk_span text, size_t owner,
		  char why[PATTERNS_WHY_SIZE])
{
	struct range row = { .owner = owner };
	bool begins = text.len > 0 && text.ptr[text.len - 1] == '*', ok;

	if (begins) {
		ok = read_number((struct sk_span){ text.ptr, text.len - 1 }, &row.from);
		row.to = row.from;
	} else {
		ok = text.len > 0 && read_range(text, &row);
	}
	if (!ok) {
		snprintf(why, PATTERNS_WHY_SIZE,
			 "\"%.*s\" is neither +1404555* nor +14045550100-+14045550199",
			 (int)(text.len > 40 ? 40 : text.len), text.ptr ? text.ptr : "");
		return false;
	}
	if (!table_add(begins ? &p->beginnings : &p->ranges, &row)) {
		snprintf(why, PATTERNS_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
		return false;
	}
	return true;
}

bool patterns_settle(struct patterns *p, size_t other[2], char why[PATTERNS_WHY_SIZE])
{
	char text[NUMBER_SIZE];
	uint64_t at;

	if (!table_settle(&p->beginnings, other, &at)) {
		print(at, text);
		snprintf(why, PATTERNS_WHY_SIZE, "%s*", text);
		return false;
	}
	if (!table_settle(&p->ranges, other, &at)) {
		print(at, text);
		snprintf(why, PATTERNS_WHY_SIZE, "%s", text);
		return false;
	}
	return true;
}

bool patterns_find(const struct patterns *p, struct sk_span number, size_t *owner)
{
	uint64_t whole = pack(number);
	const struct range *row = whole ? table_find(&p->ranges, whole) : NULL;

	for (size_t len = number.len; whole && !row && len > 0; len--)
		row = table_find(&p->beginnings, pack((struct sk_span){ number.ptr, len }));
	if (!row)
		return false;
	*owner = row->owner;
	return true;
}
