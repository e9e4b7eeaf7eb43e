/*
 * What surprises: a delete needs free pages too, and pages freed by one commit serve the
 * next but one.  So an eighth of the map is never filled, and what must go is deleted
 * before that eighth is touched.
 */
#include "redirector/certs/store_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum {
	RACE = 3600,  /* s; a record from further ahead had a wrong clock         */
	GOES = 5,     /* evictions for one record that finds no room              */
	FAILURES = 8, /* writes that fail in a row, by no disk's fault: give it up */
};

/* A later one is there, which is as good.  A clock that was far ahead once must not rule for ever.
 */
static bool overtaken(MDB_val old, const unsigned char *key, int64_t fetched)
{
	struct record_times times;

	return record_times(store_raw(old), &times) && times.fetched > fetched &&
	       times.fetched - fetched <= RACE && record_good(store_raw(old), key);
}

static int put_in(struct store *s, MDB_txn *txn, const struct fetch_kept *kept)
{
	unsigned char key[RECORD_KEY_SIZE];
	MDB_val k = store_key(key), v;
	size_t size = record_size(kept);
	int rc;

	record_key(kept->url, key);
	rc = mdb_get(txn, s->room.dbi, &k, &v);
	if (rc == 0 && !page_is_sound(&s->room.pages, k, v))
		return MDB_CORRUPTED;
	if (rc == 0 && overtaken(v, key, kept->fetched))
		return 0;
	rc = room_make(&s->room, txn, size, kept->fetched);
	v = (MDB_val){ size, NULL };
	if (rc == 0)
		rc = mdb_put(txn, s->room.dbi, &k, &v, MDB_RESERVE);
	if (rc == 0)
		record_encode(kept, v.mv_data);
	return rc;
}

/* Judged again: another process may have put a good one in its place. */
static int delete_spoilt(struct store *s, MDB_txn *txn)
{
	unsigned char keys[SPOILT][RECORD_KEY_SIZE];
	size_t count;
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	count = s->spoilt_count;
	memcpy(keys, s->spoilt, sizeof(keys));
	s->spoilt_count = 0;
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < count && rc == 0; i++) {
		MDB_val k = store_key(keys[i]), v;

		if (mdb_get(txn, s->room.dbi, &k, &v) == 0 && page_is_sound(&s->room.pages, k, v) &&
		    !record_good(store_raw(v), keys[i]))
			rc = mdb_del(txn, s->room.dbi, &k, NULL);
	}
	return rc;
}

/* Pages that a transaction took and gave back may lie past the end of the file; the next opening
 * would take it for truncated. */
static void fill_up(struct store *s)
{
	MDB_envinfo info;
	struct stat st;
	int fd;

	if (mdb_env_info(s->env, &info) || mdb_env_get_fd(s->env, &fd) || fstat(fd, &st) < 0)
		return;
	/* unlike ftruncate() it never makes a file shorter that another process made longer */
	if ((size_t)st.st_size < (info.me_last_pgno + 1) * s->room.pages.size &&
	    fallocate(fd, 0, (off_t)(info.me_last_pgno * s->room.pages.size),
		      (off_t)s->room.pages.size) < 0)
		return; /* then the next opening makes it anew */
}

/* Does another attempt in a while make sense, or another file? */
static bool is_disks(int rc)
{
	return rc == ENOSPC || rc == EDQUOT || rc == EIO || rc == EROFS || rc == ENOMEM ||
	       rc == MDB_MAP_FULL || rc == MDB_MAP_RESIZED || rc == MDB_TXN_FULL;
}

/* After a failed commit LMDB says MDB_PANIC and nothing else, so the cause is remembered. */
static bool is_hopeless(struct store *s, int rc)
{
	if (rc != MDB_PANIC)
		s->disk_failed = is_disks(rc);
	if (rc == 0 || s->disk_failed) {
		s->failures = 0;
		return false;
	}
	return ++s->failures >= FAILURES;
}

static int finish(struct store *s, MDB_txn *txn, int rc)
{
	if (rc != 0)
		mdb_txn_abort(txn); /* NULL is allowed */
	else
		rc = mdb_txn_commit(txn);
	if (rc == 0)
		fill_up(s);
	/* NOTFOUND: what is deleted was just found */
	if (store_is_damage(rc) || rc == MDB_NOTFOUND || s->room.pages.damaged ||
	    is_hopeless(s, rc))
		store_condemn(s);
	return rc;
}

static int put_all(struct store *s, const struct fetch_kept *const *kept, size_t count)
{
	MDB_txn *txn = NULL;
	int rc = mdb_txn_begin(s->env, NULL, 0, &txn);

	if (rc == 0)
		rc = delete_spoilt(s, txn);
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = put_in(s, txn, kept[i]);
	return finish(s, txn, rc);
}

/* LMDB uses pages that a transaction freed from the next but one on, and one that changes nothing
 * does not count: this one comes between. */
static int pass_on(struct store *s)
{
	char name[] = "x";
	MDB_val key = { 1, name }, none = { 0, NULL };
	MDB_txn *txn = NULL;
	int rc = mdb_txn_begin(s->env, NULL, 0, &txn);

	if (rc == 0)
		rc = mdb_put(txn, s->room.dbi, &key, &none, 0);
	if (rc == 0)
		rc = mdb_del(txn, s->room.dbi, &key, NULL);
	return finish(s, txn, rc);
}

static int evict(struct store *s, size_t bytes, int64_t now)
{
	MDB_txn *txn = NULL;
	int rc = mdb_txn_begin(s->env, NULL, 0, &txn);

	if (rc == 0)
		rc = room_evict(&s->room, txn, bytes, now);
	rc = finish(s, txn, rc);
	return rc == 0 ? pass_on(s) : rc;
}

/* Alone, with room made before.  Twice as much each time: a long body needs pages in a row. */
static bool put_alone(struct store *s, const struct fetch_kept *kept)
{
	int rc = put_all(s, &kept, 1);

	for (size_t i = 0; i < GOES && rc == MDB_MAP_FULL; i++) {
		rc = evict(s, record_size(kept) << i, kept->fetched);
		if (rc == 0)
			rc = put_all(s, &kept, 1);
	}
	if (rc == MDB_MAP_FULL && store_count(s) == 0)
		store_condemn(s); /* empty and full: its list of free pages is wrong */
	return rc == 0;
}

/* How many one transaction takes: one, or a part of the reserve; 0: the first is too long. */
static size_t batch(const struct store *s, const struct fetch_kept *const *kept, size_t count)
{
	size_t n = 0, bytes = 0;

	while (n < count && n < STORE_BATCH) {
		size_t size = record_size(kept[n]);

		bytes += size + s->room.pages.size;
		if (size == 0 || size > s->room.map / 4 || (n > 0 && bytes > s->room.map / 32))
			break;
		n++;
	}
	return n;
}

size_t store_put_many(struct store *s, const struct fetch_kept *const *kept, size_t count)
{
	size_t done = 0, n;

	for (size_t i = 0; i < count && !s->condemned; i += n) {
		n = batch(s, kept + i, count - i);
		if (n == 0) {
			n = 1; /* too long: never kept */
			continue;
		}
		folder_go_in(s->folder);
		if (put_all(s, kept + i, n) == 0)
			done += n;
		else
			for (size_t k = i; k < i + n; k++)
				done += put_alone(s, kept[k]);
		folder_come_out(s->folder);
	}
	return done;
}

bool store_put(struct store *s, const struct fetch_kept *kept)
{
	return store_put_many(s, &kept, 1) == 1;
}
