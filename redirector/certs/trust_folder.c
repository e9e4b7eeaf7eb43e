/*
 * Names are sorted by their bytes: which anchor is read first must not hang on the
 * locale.
 */
#include "redirector/certs/trust_folder.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int has_ending(const struct dirent *entry)
{
	static const char *const endings[] = { ".pem", ".crt", ".cer" };
	const char *dot = strrchr(entry->d_name, '.');

	for (size_t i = 0; entry->d_name[0] != '.' && dot && i < SK_COUNT(endings); i++)
		if (strcmp(dot, endings[i]) == 0)
			return 1;

	return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static char *path_in(const char *folder, const char *name)
{
	char path[PATH_MAX];
	const int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

	return n > 0 && n < PATH_MAX ? strdup(path) : NULL;
}

int trust_folder_list(const char *folder, char ***out)
{
	struct dirent **entries = NULL;
	const int count = scandir(folder, &entries, has_ending, by_name);
	char **paths = count > 0 ? calloc((size_t)count, sizeof(*paths)) : NULL;
	bool ok = count == 0 || paths;

	for (int i = 0; i < count; i++) {
		if (ok)
			ok = (paths[i] = path_in(folder, entries[i]->d_name)) != NULL;
		free(entries[i]);
	}
	free(entries);
	if (count < 0 || !ok) {
		trust_folder_free(paths, count);
		return -1;
	}
	*out = paths;
	return count;
}

void trust_folder_free(char **paths, int count)
{
	for (int i = 0; paths && i < count; i++)
		free(paths[i]);
	free(paths);
}
