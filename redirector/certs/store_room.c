/*
 * No index by age is kept: a look at all records, once per many writes, costs less
 * than a second tree at every write.  The victims of one look stand in a heap whose
 * top is the one that deserves least to go.
 */
#include "redirector/certs/store_room.h"

#include "redirector/certs/store_record.h"

#include <errno.h>
#include <stdlib.h>

enum {
	PUT_PAGES =
		16,  /* of a put, beside its body: the way down the tree, the list of free pages */
	SHARE = 32,  /* a look is made for this part of the map at least                         */
	RESERVE = 8, /* this part of the map stays free: a delete needs pages too                */
};

enum why_go {
	GO_NO_RECORD,
	GO_EXPIRED,
	GO_OLD
};

struct victim {
	enum why_go why;
	int64_t at; /* when it ended, or was fetched */
	size_t bytes;
	unsigned char key[RECORD_KEY_SIZE];
};

struct victims {
	struct victim heap[ROOM_VICTIMS];
	size_t count;
};

/* a goes before b */
static bool before(const struct victim *a, const struct victim *b)
{
	return a->why != b->why ? a->why < b->why : a->at < b->at;
}

static int by_turn(const void *a, const void *b)
{
	const struct victim *x = a, *y = b;

	return before(x, y) ? -1 : before(y, x);
}

static void swap(struct victim *a, struct victim *b)
{
	struct victim c = *a;

	*a = *b;
	*b = c;
}

static void sift_up(struct victims *v, size_t i)
{
	while (i > 0 && before(&v->heap[(i - 1) / 2], &v->heap[i])) {
		swap(&v->heap[(i - 1) / 2], &v->heap[i]);
		i = (i - 1) / 2;
	}
}

static void sift_down(struct victims *v)
{
	for (size_t i = 0, child; (child = 2 * i + 1) < v->count; i = child) {
		if (child + 1 < v->count && before(&v->heap[child], &v->heap[child + 1]))
			child++;
		if (!before(&v->heap[i], &v->heap[child]))
			return;
		swap(&v->heap[i], &v->heap[child]);
	}
}

static void consider(struct victims *v, const struct victim *one)
{
	if (v->count < ROOM_VICTIMS) {
		v->heap[v->count] = *one;
		sift_up(v, v->count++);
	} else if (before(one, &v->heap[0])) {
		v->heap[0] = *one;
		sift_down(v);
	}
}

static struct victim judge_one(MDB_val key, MDB_val val, int64_t now)
{
	struct sk_span raw = { val.mv_data, val.mv_size };
	struct victim one = { .why = GO_NO_RECORD, .bytes = val.mv_size };
	struct record_times times;

	memcpy(one.key, key.mv_data, sizeof(one.key));
	if (!record_times(raw, &times))
		return one;
	one.why = times.until <= now ? GO_EXPIRED : GO_OLD;
	one.at = times.until <= now ? times.until : times.fetched;
	return one;
}

static int look_at_all(struct room *room, MDB_txn *txn, int64_t now, struct victims *v)
{
	MDB_cursor *cursor;
	MDB_val key, val;
	int rc = mdb_cursor_open(txn, room->dbi, &cursor);

	if (rc != 0)
		return rc;
	while ((rc = mdb_cursor_get(cursor, &key, &val, MDB_NEXT)) == 0) {
		struct victim one;

		if (key.mv_size != RECORD_KEY_SIZE)
			continue; /* nothing of ours: a newer version's, maybe */
		if (!page_is_sound(&room->pages, key, val))
			continue;
		one = judge_one(key, val, now);
		consider(v, &one);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int room_evict(struct room *room, MDB_txn *txn, size_t bytes, int64_t now)
{
	struct victims *v = malloc(sizeof(*v));
	size_t freed = 0;
	int rc;

	if (!v)
		return ENOMEM;
	v->count = 0;
	rc = look_at_all(room, txn, now, v);
	qsort(v->heap, v->count, sizeof(v->heap[0]), by_turn);
	for (size_t i = 0; i < v->count && rc == 0 && freed < bytes + room->map / SHARE; i++) {
		MDB_val key = { RECORD_KEY_SIZE, v->heap[i].key };

		rc = mdb_del(txn, room->dbi, &key, NULL);
		freed += v->heap[i].bytes;
	}
	free(v);
	return rc;
}

static size_t pages(const MDB_stat *st)
{
	return st->ms_branch_pages + st->ms_leaf_pages + st->ms_overflow_pages;
}

/* What would lie in the reserve with `more` bytes. */
static int excess(const struct room *room, MDB_txn *txn, size_t more, size_t *out)
{
	size_t limit = room->map - room->map / RESERVE, used;
	MDB_stat data, unused;
	int rc = mdb_stat(txn, room->dbi, &data);

	if (rc == 0)
		rc = mdb_stat(txn, 0, &unused); /* LMDB's list of free pages is its table 0 */
	if (rc != 0)
		return rc;
	used = (2 + pages(&data) + pages(&unused) + PUT_PAGES) * room->pages.size + more;
	*out = used > limit ? used - limit : 0;
	return 0;
}

int room_make(struct room *room, MDB_txn *txn, size_t bytes, int64_t now)
{
	size_t over = 0;
	int rc = excess(room, txn, bytes, &over);

	if (rc != 0 || over == 0)
		return rc;
	rc = room_evict(room, txn, over, now);
	if (rc == 0)
		rc = excess(room, txn, bytes, &over);
	return rc != 0 || over == 0 ? rc : MDB_MAP_FULL;
}
