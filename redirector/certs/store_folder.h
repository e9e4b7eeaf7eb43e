/**
 * @file store_folder.h  The folder of a store: who has it open, and who died inside
 *
 * Beside LMDB's two files lies "owners": a line with the number of crashes in a
 * row, and a byte for each process that has the store open.  Locks on its bytes
 * (open file description locks, which die with their process) say who lives:
 *
 *   the gate     held while a store is opened, so that one looks and acts at a time
 *   the house    shared by all who have it open; to move the data aside takes all of it
 *   one's place  'i' while its process is in LMDB: a dead one that left an 'i' is a crash
 *
 * So a process that is killed anywhere else never counts against the data.
 */
#pragma once

#include "redirector/certs/store.h"

enum {
	FOLDER_PLACES = 1024, /**< most processes at once                            */
	FOLDER_CRASHES = 3,   /**< in a row; then the data is to be blamed           */
};

struct folder;

/**
 * Makes the folder, checks it, waits for the gate (5 s at most) and takes a place.
 *
 * @param why  On failure the reason
 */
SK_MUSTCHECK
bool folder_enter(const char *path, struct folder **out, char why[STORE_WHY_SIZE]);

/**
 * Could this user open a store there, as far as folder and files say?  Makes and changes nothing.
 *
 * @return false with the reason
 */
SK_MUSTCHECK
bool folder_usable(const char *path, char why[STORE_WHY_SIZE]);

/** A clean end, once it was settled. */
void folder_leave(struct folder *folder);
SK_DEFINE_CLEANUP(struct folder, folder_leave)

/** Why the data is not to be opened again.  @return NULL: nothing against it */
const char *folder_blame(const struct folder *folder);

/**
 * May the data file be used, as far as its owner and mode say?
 *
 * @param exists  Set on success
 */
SK_MUSTCHECK
bool folder_check_data(const struct folder *folder, bool *exists, char why[STORE_WHY_SIZE]);

/** Puts the data aside as data.mdb.broken, because of `why`.  @return false with the reason:
 * somebody has it open */
SK_MUSTCHECK
bool folder_move_aside(struct folder *folder, char why[STORE_WHY_SIZE]);

/** The store is open: the others may come in.  @return false: the file system has no such locks */
SK_MUSTCHECK
bool folder_settle(struct folder *folder);

/** Around every visit to LMDB; any thread, and they may overlap. */
void folder_go_in(struct folder *folder);
void folder_come_out(struct folder *folder);

/** LMDB found the data damaged: whoever opens it next moves it aside. */
void folder_condemn(struct folder *folder);
