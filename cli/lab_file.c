/*
 * A file is written beside its name and then renamed, so that a server that
 * reads the laboratory meanwhile sees the old file or the new one.  Keys are
 * never readable by others, not even while they are written.
 */
#include "cli/lab.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

static bool complain(const char *path)
{
	fprintf(stderr, "shaken lab: %s: %s\n", path, strerror(errno));
	return false;
}

bool lab_write(const char *dir, const char *name, bool secret, const char *text, size_t len)
{
	char path[PATH_MAX], draft[PATH_MAX];
	int fd;

	errno = ENAMETOOLONG;
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return complain(name);
	if (snprintf(draft, sizeof(draft), "%s/.%s.XXXXXX", dir, name) >= (int)sizeof(draft))
		return complain(name);

	fd = mkstemp(draft); /* mode 0600 */
	if (fd < 0)
		return complain(draft);
	if (!write_all(fd, text, len) || fchmod(fd, secret ? 0600 : 0644) < 0 ||
	    rename(draft, path) < 0) {
		complain(path);
		close(fd);
		unlink(draft);
		return false;
	}
	return close(fd) == 0 || complain(path);
}

bool lab_remove(const char *dir, const char *name)
{
	char path[PATH_MAX];

	errno = ENAMETOOLONG;
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return complain(name);

	return unlink(path) == 0 || errno == ENOENT || complain(path);
}
