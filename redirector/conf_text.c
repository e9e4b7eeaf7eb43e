/*
 * The bytes as they stand in the file: every process makes the same of them, and nobody can
 * change them any more.
 */
#include "redirector/conf_text.h"

#include "redirector/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL,
};

/* @return -1: errno says why */
static int keep(const char *text, size_t len)
{
	int fd = memfd_create("shaken-configuration", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int error;

	if (fd < 0)
		return -1;
	if (pwrite(fd, text, len, 0) == (ssize_t)len && fcntl(fd, F_ADD_SEALS, SEALS) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static void complain(struct complaints *complaints, const char *path, const char *why)
{
	char text[FILE_WHY_SIZE + 512];

	snprintf(text, sizeof(text), "%.400s: %s", path, why);
	complaints_add(complaints, text);
}

static bool load(const char *text, size_t len, const char *path, int *out_text, struct conf **out,
		 struct complaints *complaints)
{
	SK_CLEANUP(conf_unref_p) struct conf *conf = NULL;
	int fd;

	if (!conf_load_read(text, len, path, &conf, complaints))
		return false;
	fd = keep(text, len);
	if (fd < 0) {
		complain(complaints, path, strerror(errno));
		return false;
	}
	*out_text = fd;
	*out = sk_steal(conf);
	return true;
}

bool conf_text_read(const char *path, int *text, struct conf **out, struct complaints *complaints)
{
	char why[FILE_WHY_SIZE];
	char *bytes;
	size_t len;
	bool ok;

	if (!file_read(path, FILE_PUBLIC, CONF_FILE_MAX, &bytes, &len, why)) {
		complain(complaints, path, why);
		return false;
	}
	ok = load(bytes, len, path, text, out, complaints);
	file_free(bytes, len);
	return ok;
}

static char *read_text(int fd, size_t *len)
{
	struct stat st;
	char *text;

	if (fstat(fd, &st) < 0 || st.st_size < 0 || st.st_size > CONF_FILE_MAX)
		return NULL;
	*len = (size_t)st.st_size;
	text = malloc(*len + 1);
	/* of memory: all of it or nothing */
	if (text && pread(fd, text, *len, 0) != st.st_size) {
		free(text);
		return NULL;
	}
	return text;
}

bool conf_text_load(int fd, const char *path, struct conf **out, struct complaints *complaints)
{
	size_t len;
	char *text = read_text(fd, &len);
	bool ok;

	if (!text) {
		complain(complaints, path, "what was handed on cannot be read");
		return false;
	}
	ok = conf_load_read(text, len, path, out, complaints);
	file_free(text, len);
	return ok;
}
