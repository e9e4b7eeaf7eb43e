/**
 * @file store_room.h  A full store: who has to go
 *
 * What is no record goes first, then what is past its end, then the oldest.
 */
#pragma once

#include "redirector/certs/store_page.h"
#include "shaken/macro.h"

#include <lmdb.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ROOM_VICTIMS = 1024, /**< most records that one eviction deletes */
};

struct room {
	MDB_dbi dbi;
	size_t map; /* bytes */
	struct pages pages;
};

/**
 * Makes room for so many bytes, if need be.
 *
 * @param now  Seconds since the epoch
 *
 * @return 0; MDB_MAP_FULL: not enough could go; or another error of LMDB
 */
SK_MUSTCHECK
int room_make(struct room *room, MDB_txn *txn, size_t bytes, int64_t now);

/** Deletes at least so many bytes of records, and a share of the map more, as far as there are;
 * none whose pages are damaged. */
SK_MUSTCHECK
int room_evict(struct room *room, MDB_txn *txn, size_t bytes, int64_t now);
