/**
 * @file rank.h  Who of ours goes first where all want the same core: calls by SIP, then HTTP, then
 *               what is made beside the calls
 *
 * On Linux all of it is a thread's own, and handed to the threads that it makes.  sched(7).
 */
#pragma once

#include <stdbool.h>

enum {
	RANK_HTTP = 10,   /**< nice, of the web process                             */
	RANK_TABLES = 10, /**< of the thread that makes a table for a key: wanted soon */
	RANK_RELOAD = 19, /**< of the one that reads files: who reloads can wait       */
};

/** This thread has that niceness from now on.  Who may not goes on as he is. */
void rank_set(int nice);

/**
 * This thread runs when nobody else wants the core (SCHED_IDLE): whoever wakes up goes before it
 * at once, and where others want it all the time it gets some thousandths.  Threads that the
 * process makes from now on, those of libraries too, are ordinary ones all the same.
 *
 * @return false: the system does not let us, or would not let us come back; nothing is changed
 */
bool rank_back(void);

/** ... and is an ordinary one again, of the niceness it had. */
void rank_forward(void);

/** Back once more, after rank_back() was true once.  @return false: it stays as it is */
bool rank_again(void);
