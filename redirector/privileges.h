/**
 * @file privileges.h  Who the processes are, and what they may do
 *
 * The supervisor calls privileges_drop() once it has bound its sockets and before it makes a
 * worker; workers inherit it all, and look by privileges_check().
 */
#pragma once

#include "shaken/macro.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	PRIVILEGES_WHY_SIZE = 256, /**< room for a reason, terminator included */
};

/**
 * Become that user for good, and give up what nobody here needs.  While there is one thread:
 * some of it is the calling thread's alone, and handed to those that it makes.
 *
 * As root: all three user and group ids are the user's, and the groups are those it is listed in.
 * Whoever is not root stays who they are (that is what service.user says).  In both cases no
 * capability is left, and the way back is tried to be sure that there is none.  Always, also
 * for root with "": no new privileges by an exec, no core dump, no debugger of another user,
 * as many open files as the hard limit allows, and niceness down to 10 where that may be had.
 *
 * @param user  service.user; "": nobody to become
 * @param why   The reason on failure; the process must end then, it may be half-way
 *
 * @return false: no such user, root itself, or the system did not let us
 */
SK_MUSTCHECK
bool privileges_drop(const char *user, char why[PRIVILEGES_WHY_SIZE]);

/** Is there such a user, and is it one to become?  Changes nothing.  "" is fine. */
SK_MUSTCHECK
bool privileges_known(const char *user, char why[PRIVILEGES_WHY_SIZE]);

/** Is this process what privileges_drop() leaves?  For whoever inherited it. */
SK_MUSTCHECK
bool privileges_check(const char *user, char why[PRIVILEGES_WHY_SIZE]);

/** No core dump, no debugger: an exec forgets the latter, so each process asks for itself. */
void privileges_guard_secrets(void);

/**
 * What an operator should hear at start about who we are.
 *
 * @param user  service.user
 * @param why   What to say
 *
 * @return false: nothing
 */
bool privileges_warning(const char *user, char why[PRIVILEGES_WHY_SIZE]);

/**
 * May fewer files be open than so many connections and what else is opened?
 *
 * @param connections  streams.connections; how many of them a worker gets is not known, so all
 * @param why          What to say
 *
 * @return false: no, there are enough
 */
bool privileges_few_files(int64_t connections, char why[PRIVILEGES_WHY_SIZE]);
