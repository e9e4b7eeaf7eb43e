/*
 * The permission check is made on the open descriptor, so that what was checked
 * is what is read.
 */
#include "redirector/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The folder of systemd's credentials is a file system of its own, that nobody but root and
 * the service's user can enter; an access list counts nowhere else. */
enum file_kind file_kind_of_secret(const char *path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	size_t len = folder ? strlen(folder) : 0;

	return len > 1 && strncmp(path, folder, len) == 0 && path[len] == '/' &&
			       !strchr(path + len + 1, '/')
		       ? FILE_CREDENTIAL
		       : FILE_SECRET;
}

static bool read_all(int fd, char *text, size_t size, size_t *len)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = read(fd, text + got, size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	*len = got;
	return true;
}

/* Where there is an access list the group's bits are its mask: the most that any user of it has. */
static bool is_exposed(int fd, mode_t mode, enum file_kind kind)
{
	bool listed = kind == FILE_CREDENTIAL && !(mode & 037) &&
		      fgetxattr(fd, "system.posix_acl_access", NULL, 0) > 0;

	return kind != FILE_PUBLIC && (mode & 077) && !listed;
}

static bool may_read(int fd, enum file_kind kind, char why[FILE_WHY_SIZE])
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		snprintf(why, FILE_WHY_SIZE, "%s", strerror(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(why, FILE_WHY_SIZE, "not a regular file");
		return false;
	}
	if (is_exposed(fd, st.st_mode, kind)) {
		snprintf(why, FILE_WHY_SIZE,
			 "mode is %04o: group or others may touch a secret (chmod 600)",
			 (unsigned)(st.st_mode & 07777));
		return false;
	}
	return true;
}

bool file_read(const char *path, enum file_kind kind, size_t max, char **out, size_t *len,
	       char why[FILE_WHY_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = NULL;
	size_t got = 0;
	bool ok = false;

	if (fd < 0) {
		snprintf(why, FILE_WHY_SIZE, "%s", strerror(errno));
		return false;
	}
	if (!may_read(fd, kind, why))
		goto out;

	text = malloc(max + 1);
	if (!text || !read_all(fd, text, max + 1, &got))
		snprintf(why, FILE_WHY_SIZE, "%s", strerror(errno));
	else if (got > max)
		snprintf(why, FILE_WHY_SIZE, "larger than %zu bytes", max);
	else
		ok = true;
out:
	close(fd);
	if (!ok) {
		file_free(text, got);
		return false;
	}
	text[got] = '\0';
	*out = text;
	*len = got;
	return true;
}

void file_free(char *text, size_t len)
{
	if (text)
		explicit_bzero(text, len);
	free(text);
}
