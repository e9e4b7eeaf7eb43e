/**
 * @file pages.h  Large tables whose memory is there from the start
 *
 * Zeroed and touched at once, so that a process does not grow while it serves.
 */
#pragma once

#include <stddef.h>
#include <sys/mman.h>

/** @return NULL when out of memory */
static inline void *pages_new(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/** `p` may be NULL. */
static inline void pages_free(void *p, size_t size)
{
	if (p)
		munmap(p, size);
}
