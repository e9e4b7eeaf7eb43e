/*
 * An external merge sort: runs that fit in memory are sorted and saved, then all of them
 * are read side by side through a heap.
 */
#include "redirector/numbers/items.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	FILE_BUFFER = 1 << 18,
};

static int compare(const void *x, const void *y)
{
	const struct item *a = x, *b = y;

	if (a->at.tenant != b->at.tenant)
		return a->at.tenant < b->at.tenant ? -1 : 1;
	if (a->at.list != b->at.list)
		return a->at.list < b->at.list ? -1 : 1;
	if (a->at.digits != b->at.digits)
		return a->at.digits < b->at.digits ? -1 : 1;
	if (a->at.block != b->at.block)
		return a->at.block < b->at.block ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

void items_sort(struct item *items, size_t count)
{
	qsort(items, count, sizeof(*items), compare);
}

bool items_save(const char *path, const struct item *items, size_t count)
{
	FILE *to = fopen(path, "we");
	bool ok = to && fwrite(items, sizeof(*items), count, to) == count && fflush(to) == 0 &&
		  fsync(fileno(to)) == 0;

	if (to && fclose(to) != 0)
		ok = false;
	return ok;
}

struct source {
	merge_next_h *next;
	void *arg;
	FILE *file; /* of a file; `arg` is it */
	struct item head;
};

struct merge {
	size_t max, count, live;
	struct source *sources;
	struct source **heap; /* the smallest head first */
};

struct merge *merge_new(size_t sources_max)
{
	SK_CLEANUP(merge_free_p) struct merge *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->max = sources_max;
	m->sources = calloc(sources_max, sizeof(*m->sources));
	m->heap = calloc(sources_max, sizeof(struct source *));
	return m->sources && m->heap ? sk_steal(m) : NULL;
}

void merge_free(struct merge *m)
{
	if (!m)
		return;
	for (size_t i = 0; m->sources && i < m->count; i++)
		if (m->sources[i].file)
			fclose(m->sources[i].file);
	free(m->sources);
	free(m->heap);
	free(m);
}

static bool is_before(const struct merge *m, size_t a, size_t b)
{
	return compare(&m->heap[a]->head, &m->heap[b]->head) < 0;
}

static void swap(struct merge *m, size_t a, size_t b)
{
	struct source *s = m->heap[a];

	m->heap[a] = m->heap[b];
	m->heap[b] = s;
}

static void sift_down(struct merge *m, size_t at)
{
	for (;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < m->live; child++)
			if (is_before(m, child, least))
				least = child;
		if (least == at)
			return;
		swap(m, at, least);
		at = least;
	}
}

bool merge_add(struct merge *m, merge_next_h *next, void *arg)
{
	struct source *s = &m->sources[m->count];
	bool failed = false;

	if (m->count == m->max)
		return false;
	m->count++;
	*s = (struct source){ .next = next, .arg = arg };
	if (!next(arg, &s->head, &failed))
		return !failed;
	m->heap[m->live++] = s;
	for (size_t at = m->live - 1; at > 0 && is_before(m, at, (at - 1) / 2); at = (at - 1) / 2)
		swap(m, at, (at - 1) / 2);
	return true;
}

static bool next_of_file(void *arg, struct item *out, bool *failed)
{
	if (fread(out, sizeof(*out), 1, arg) == 1)
		return true;
	*failed = ferror(arg) != 0;
	return false;
}

bool merge_add_file(struct merge *m, const char *path)
{
	FILE *file = fopen(path, "re");
	bool ok;

	if (!file)
		return false;
	setvbuf(file, NULL, _IOFBF, FILE_BUFFER);
	ok = merge_add(m, next_of_file, file);
	if (m->count > 0 && m->sources[m->count - 1].arg == file)
		m->sources[m->count - 1].file = file;
	else
		fclose(file);
	return ok;
}

bool merge_next(struct merge *m, struct item *out, bool *failed)
{
	struct source *s;

	*failed = false;
	if (m->live == 0)
		return false;
	s = m->heap[0];
	*out = s->head;
	if (!s->next(s->arg, &s->head, failed)) {
		if (*failed)
			return false;
		swap(m, 0, --m->live);
	}
	sift_down(m, 0);
	return true;
}
