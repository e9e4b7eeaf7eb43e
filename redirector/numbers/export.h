/**
 * @file export.h  A store as lines that import to the same store, and what it holds
 */
#pragma once

#include "redirector/numbers/format.h"

#include <stdbool.h>
#include <stdio.h>

/** @param tenant  NULL: all; @param list  -1: all */
SK_MUSTCHECK
bool export_print(const char *folder, const char *tenant, int list, FILE *to,
		  char why[NUMBERS_WHY_SIZE]);

/** Numbers and runs for each tenant and list, generation, bytes, when it was made. */
SK_MUSTCHECK
bool export_stats(const char *folder, bool json, FILE *to, char why[NUMBERS_WHY_SIZE]);
