/*
 * LMDB, held so that it cannot hurt.  What surprises: a delete needs free pages too,
 * and pages freed by one commit serve the next but one.  So an eighth of the map is
 * never filled, and what must go is deleted before that eighth is touched.
 */
#include "redirector/certs/store.h"

#include "redirector/certs/store_fault.h"
#include "redirector/certs/store_folder.h"
#include "redirector/certs/store_record.h"
#include "redirector/certs/store_room.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SPOILT = 64, /* most bad records remembered for the next write    */
	RACE = 3600, /* s; a record from further ahead had a wrong clock  */
	GOES = 5,    /* evictions for one record that finds no room       */
};

struct store {
	MDB_env *env;
	struct room room;
	struct folder *folder;
	pthread_mutex_t lock; /* of what follows: readers find, the writer deletes */
	unsigned char spoilt[SPOILT][RECORD_KEY_SIZE];
	size_t spoilt_count;
};

static MDB_val key_val(unsigned char key[RECORD_KEY_SIZE])
{
	return (MDB_val){ RECORD_KEY_SIZE, key };
}

static struct sk_span raw_of(MDB_val val)
{
	return (struct sk_span){ val.mv_data, val.mv_size };
}

/* Whatever LMDB does not say of a sound file.  MDB_PANIC is no such thing: a full disk causes it.
 */
static bool is_damage(int rc)
{
	switch (rc) {
	case MDB_NOTFOUND:
	case MDB_MAP_FULL:
	case MDB_MAP_RESIZED:
	case MDB_TXN_FULL:
	case MDB_READERS_FULL:
	case MDB_PANIC:
		return false;
	case EFBIG: /* a page number out of all measure */
		return true;
	default:
		return rc < 0; /* above 0: the system's own */
	}
}

/* --- opening --- */

static int open_env(struct store *s, const char *path)
{
	int dead;
	MDB_txn *txn;
	int rc = mdb_env_create(&s->env);

	if (rc == 0)
		rc = mdb_env_set_mapsize(s->env, s->room.map);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(s->env, FOLDER_PLACES);
	if (rc == 0) /* NOTLS: a reader is its transaction's, whichever thread that runs in */
		rc = mdb_env_open(s->env, path, MDB_NOTLS | MDB_NORDAHEAD, 0600);
	if (rc == 0)
		rc = mdb_reader_check(s->env, &dead);
	if (rc == 0)
		rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn);
	if (rc == 0) {
		rc = mdb_dbi_open(txn, NULL, 0, &s->room.dbi);
		mdb_txn_abort(txn);
	}
	if (rc != 0 && s->env) {
		mdb_env_close(s->env);
		s->env = NULL;
	}
	return rc;
}

static bool rebuild(struct store *s, const char *reason, enum store_state *state, char *why)
{
	snprintf(why, STORE_WHY_SIZE, "data.mdb was moved aside: %s", reason);
	*state = STORE_REBUILT;
	return folder_move_aside(s->folder, why);
}

static bool open_data(struct store *s, const char *path, enum store_state *state, char *why)
{
	char data[PATH_MAX];
	const char *fault = folder_blame(s->folder);
	bool exists;
	int rc;

	if (!folder_check_data(s->folder, &exists, why))
		return false;
	snprintf(data, sizeof(data), "%s/data.mdb", path); /* fits: the folder tried it */
	*state = exists ? STORE_AS_IT_WAS : STORE_NEW;
	if (exists && !fault)
		fault = store_fault(data, s->room.page);
	if (exists && fault && !rebuild(s, fault, state, why))
		return false;
	rc = open_env(s, path);
	if (is_damage(rc) && *state == STORE_AS_IT_WAS) {
		if (!rebuild(s, mdb_strerror(rc), state, why))
			return false;
		rc = open_env(s, path);
	}
	if (rc != 0)
		snprintf(why, STORE_WHY_SIZE, "%s: %s", path, mdb_strerror(rc));
	return rc == 0;
}

void store_close(struct store *s)
{
	if (s->env)
		mdb_env_close(s->env);
	if (s->folder)
		folder_leave(s->folder);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

bool store_open(const char *path, size_t size, struct store **out, enum store_state *state,
		char why[STORE_WHY_SIZE])
{
	SK_CLEANUP(store_close_p) struct store *s = calloc(1, sizeof(*s));
	enum store_state found;
	bool ok;

	if (!s) {
		snprintf(why, STORE_WHY_SIZE, "out of memory");
		return false;
	}
	pthread_mutex_init(&s->lock, NULL);
	s->room.page = (size_t)sysconf(_SC_PAGESIZE);
	s->room.map = size - size % s->room.page;
	if (!folder_enter(path, &s->folder, why))
		return false;
	folder_go_in(s->folder);
	ok = open_data(s, path, &found, why);
	folder_come_out(s->folder);
	if (!ok)
		return false;
	if (!folder_settle(s->folder)) {
		snprintf(why, STORE_WHY_SIZE, "%s: no locks: %s", path, strerror(errno));
		return false;
	}
	*state = found;
	*out = sk_steal(s);
	return true;
}

/* --- reading --- */

static int begin_read(struct store *s, MDB_txn **txn)
{
	int rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, txn);
	int dead;

	if (rc == MDB_READERS_FULL && mdb_reader_check(s->env, &dead) == 0 && dead > 0)
		rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, txn);
	return rc;
}

static void note_spoilt(struct store *s, const unsigned char *key)
{
	pthread_mutex_lock(&s->lock);
	if (s->spoilt_count < SPOILT)
		memcpy(s->spoilt[s->spoilt_count++], key, RECORD_KEY_SIZE);
	pthread_mutex_unlock(&s->lock);
}

bool store_get(struct store *s, struct sk_span url, struct store_copy *out)
{
	unsigned char key[RECORD_KEY_SIZE];
	MDB_val k = key_val(key), v;
	MDB_txn *txn = NULL;
	bool ok = false;
	int rc;

	record_key(url, key);
	folder_go_in(s->folder);
	rc = begin_read(s, &txn);
	if (rc == 0)
		rc = mdb_get(txn, s->room.dbi, &k, &v);
	if (rc == 0 && !(ok = record_decode(raw_of(v), url, out)))
		note_spoilt(s, key);
	if (is_damage(rc))
		folder_condemn(s->folder);
	if (txn)
		mdb_txn_abort(txn);
	folder_come_out(s->folder);
	return ok;
}

void store_copy_deinit(struct store_copy *copy)
{
	free(copy->body);
	copy->body = NULL;
}

size_t store_count(struct store *s)
{
	MDB_stat st;

	return mdb_env_stat(s->env, &st) == 0 ? st.ms_entries : 0;
}

/* --- writing --- */

/* A later one is there, which is as good.  A clock that was far ahead once must not rule for ever.
 */
static bool overtaken(MDB_val old, const unsigned char *key, int64_t fetched)
{
	struct record_times times;

	return record_times(raw_of(old), &times) && times.fetched > fetched &&
	       times.fetched - fetched <= RACE && record_good(raw_of(old), key);
}

static int put_in(struct store *s, MDB_txn *txn, const struct fetch_kept *kept)
{
	unsigned char key[RECORD_KEY_SIZE];
	MDB_val k = key_val(key), v;
	size_t size = record_size(kept);
	int rc;

	record_key(kept->url, key);
	if (mdb_get(txn, s->room.dbi, &k, &v) == 0 && overtaken(v, key, kept->fetched))
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
		MDB_val k = key_val(keys[i]), v;

		if (mdb_get(txn, s->room.dbi, &k, &v) == 0 && !record_good(raw_of(v), keys[i]))
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
	if ((size_t)st.st_size < (info.me_last_pgno + 1) * s->room.page &&
	    fallocate(fd, 0, (off_t)(info.me_last_pgno * s->room.page), (off_t)s->room.page) < 0)
		return; /* then the next opening makes it anew */
}

static int finish(struct store *s, MDB_txn *txn, int rc)
{
	if (rc != 0)
		mdb_txn_abort(txn); /* NULL is allowed */
	else
		rc = mdb_txn_commit(txn);
	if (rc == 0)
		fill_up(s);
	if (is_damage(rc) || rc == MDB_NOTFOUND) /* what is deleted was just found */
		folder_condemn(s->folder);
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
		folder_condemn(s->folder); /* empty and full: its list of free pages is wrong */
	return rc == 0;
}

/* How many one transaction takes: one, or a part of the reserve; 0: the first is too long. */
static size_t batch(const struct store *s, const struct fetch_kept *const *kept, size_t count)
{
	size_t n = 0, bytes = 0;

	while (n < count && n < STORE_BATCH) {
		size_t size = record_size(kept[n]);

		bytes += size + s->room.page;
		if (size == 0 || size > s->room.map / 4 || (n > 0 && bytes > s->room.map / 32))
			break;
		n++;
	}
	return n;
}

size_t store_put_many(struct store *s, const struct fetch_kept *const *kept, size_t count)
{
	size_t done = 0, n;

	for (size_t i = 0; i < count; i += n) {
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
