/**
 * @file store_inside.h  The inside of struct store; for store.c and store_write.c only
 */
#pragma once

#include "redirector/certs/store.h"
#include "redirector/certs/store_folder.h"
#include "redirector/certs/store_record.h"
#include "redirector/certs/store_room.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
	SPOILT = 64, /* most bad records remembered for the next write */
};

struct store {
	MDB_env *env;
	struct room room;
	struct folder *folder;
	_Atomic bool condemned;
	unsigned failures;    /* of writes in a row that no disk explains; the writer's alone */
	bool disk_failed;     /* the last cause of a failed write was the disk                */
	pthread_mutex_t lock; /* of what follows: readers find, the writer deletes */
	unsigned char spoilt[SPOILT][RECORD_KEY_SIZE];
	size_t spoilt_count;
};

static inline MDB_val store_key(unsigned char key[RECORD_KEY_SIZE])
{
	return (MDB_val){ RECORD_KEY_SIZE, key };
}

static inline struct sk_span store_raw(MDB_val val)
{
	return (struct sk_span){ val.mv_data, val.mv_size };
}

/** Does LMDB say this of damaged data only? */
SK_MUSTCHECK
bool store_is_damage(int rc);

/** The data is no good: nothing is written to it any more, and whoever opens it next moves it
 * aside. */
void store_condemn(struct store *store);
