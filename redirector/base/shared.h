/**
 * @file shared.h  Memory that the supervisor and all workers have in common
 *
 * An anonymous file (memfd) whose descriptor is inherited: it outlives every worker, and is
 * zeroed when made.  What lies in it has no pointers: each process maps it where it likes.
 */
#pragma once

#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>

struct shared {
	int fd;   /**< inherited by an exec; -1: none */
	void *at; /**< where this process has it      */
	size_t bytes;
};

/** Makes it.  Memory is taken when it is touched.  @return false: errno says why */
SK_MUSTCHECK
bool shared_make(const char *name, size_t bytes, struct shared *out);

/** Maps what was inherited.  @return false: no such thing, or not of that size at least */
SK_MUSTCHECK
bool shared_take(int fd, size_t bytes, struct shared *out);

/** Unmaps and closes; for others it stays. */
void shared_drop(struct shared *shared);
