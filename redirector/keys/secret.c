/*
 * The folder of systemd's credentials is a file system of its own, that nobody but root and
 * the service's user can enter; an access list counts nowhere else.
 */
#include "redirector/keys/secret.h"

#include <stdlib.h>
#include <string.h>

static bool is_credential(const char *path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	size_t len = folder ? strlen(folder) : 0;

	return len > 1 && strncmp(path, folder, len) == 0 && path[len] == '/' &&
	       !strchr(path + len + 1, '/');
}

bool secret_read(const char *path, size_t max, char **out, size_t *len, char why[FILE_WHY_SIZE])
{
	return file_read(path, is_credential(path) ? FILE_CREDENTIAL : FILE_SECRET, max, out, len,
			 why);
}
