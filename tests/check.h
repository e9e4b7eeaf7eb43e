/**
 * @file check.h  The whole test framework
 *
 *   CHECK(condition, "what was tried")     counts, and names a failing case
 *   return check_result();                 closing line and exit status
 */
#pragma once

#include <stdio.h>
#include <string.h>

static int check_passed, check_failed;

#define CHECK(cond, ...) \
	do { \
		if (cond) { \
			check_passed++; \
		} else { \
			check_failed++; \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #cond); \
			fprintf(stderr, __VA_ARGS__); \
			fputc('\n', stderr); \
		} \
	} while (0)

/** Two texts are the same; prints both when not. */
#define CHECK_STR(got, want, what) \
	CHECK(strcmp((got), (want)) == 0, "%s: got \"%s\", want \"%s\"", (what), (got), (want))

static inline int check_result(void)
{
	printf("%d passed, %d failed\n", check_passed, check_failed);
	return check_failed > 0 || check_passed == 0;
}
