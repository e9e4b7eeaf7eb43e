/**
 * @file starve.h  Memory that runs out: the n-th allocation fails, alone or with all after it
 *
 * For programs linked with --wrap=malloc, calloc and realloc.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);

#ifdef STARVE_ALL_THREADS /* else the thread alone that sets them */
#define STARVE_OF
#else
#define STARVE_OF _Thread_local
#endif
static STARVE_OF long budget = -1; /* allocations left; below 0: no limit */
static STARVE_OF bool only_one;    /* the n-th fails, the next ones do not */
static STARVE_OF bool hit;         /* one failed */

static bool spend(void)
{
	if (budget < 0)
		return true;
	if (budget > 0) {
		budget--;
		return true;
	}
	hit = true;
	if (only_one)
		budget = -1;
	errno = ENOMEM;
	return false;
}

void *__wrap_malloc(size_t size)
{
	return spend() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return spend() ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *p, size_t size)
{
	return spend() ? __real_realloc(p, size) : NULL;
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size && spend() ? __real_malloc(size) : NULL;
}

static void *crypto_realloc(void *p, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return spend() ? __real_realloc(p, size) : NULL;
}

static void crypto_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}
