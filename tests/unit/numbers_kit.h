/**
 * @file numbers_kit.h  A folder for stores, and imports into them
 */
#pragma once

#include "redirector/numbers/import.h"
#include "tests/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[256], input[420];

static const char *named(const char *name)
{
	static char path[400];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static void write_input(const char *text)
{
	FILE *f = fopen(input, "w");

	need(f && fputs(text, f) != EOF && fclose(f) == 0, input);
}

/* Standard error is for people; these tests look at what comes of it. */
static enum import_end import_with(const struct import_options *o, struct import_result *result,
				   char why[NUMBERS_WHY_SIZE])
{
	enum import_end end;
	int saved = dup(STDERR_FILENO), quiet = open("/dev/null", O_WRONLY);

	dup2(quiet, STDERR_FILENO);
	end = import_run(o, result, why);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(quiet);
	return end;
}

static void make_folder(void)
{
	const char *base = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%.200s/numbers-XXXXXX", base ? base : P_tmpdir);
	need(mkdtemp(folder) != NULL, folder);
	snprintf(input, sizeof(input), "%s/input.csv", folder);
}

static void remove_folder(void)
{
	char rm[300];

	snprintf(rm, sizeof(rm), "rm -rf %s", folder);
	need(system(rm) == 0, rm);
}
