/*
 * What is particular about systemd's folder is file_kind_of_secret()'s to know: the key of the
 * TLS listeners lies there, too.
 */
#include "redirector/keys/secret.h"

bool secret_read(const char *path, size_t max, char **out, size_t *len, char why[FILE_WHY_SIZE])
{
	return file_read(path, file_kind_of_secret(path), max, out, len, why);
}
