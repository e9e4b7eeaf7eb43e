/*
 * LMDB, opened and read so that it cannot hurt.  What surprises: what is damaged is found
 * where it is read, but only the writer may delete, so a reader leaves it a note.
 */
#include "redirector/certs/store.h"

#include "redirector/certs/store_fault.h"
#include "redirector/certs/store_inside.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Whatever LMDB does not say of a sound file.  MDB_PANIC is no such thing: a full disk causes it.
 */
bool store_is_damage(int rc)
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

void store_condemn(struct store *s)
{
	s->condemned = true;
	folder_condemn(s->folder);
}

bool store_condemned(const struct store *s)
{
	return s->condemned;
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
		fault = store_fault(data, s->room.pages.size);
	if (exists && fault && !rebuild(s, fault, state, why))
		return false;
	rc = open_env(s, path);
	if (store_is_damage(rc) && *state == STORE_AS_IT_WAS) {
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
	s->room.pages.size = (size_t)sysconf(_SC_PAGESIZE);
	s->room.map = size - size % s->room.pages.size;
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
	MDB_val k = store_key(key), v;
	MDB_txn *txn = NULL;
	bool ok = false;
	int rc;

	record_key(url, key);
	folder_go_in(s->folder);
	rc = begin_read(s, &txn);
	if (rc == 0)
		rc = mdb_get(txn, s->room.dbi, &k, &v);
	if (rc == 0 && !(ok = record_decode(store_raw(v), url, out)))
		note_spoilt(s, key);
	if (store_is_damage(rc))
		store_condemn(s);
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
