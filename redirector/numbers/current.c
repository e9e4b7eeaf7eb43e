/*
 * `current` is a few words of text, replaced by rename(): before it the old generation
 * counts, behind it the new one, and nothing in between.
 */
#include "redirector/numbers/current.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	TEXT_MAX = 256,
	PIECE = 1 << 20,
};

void current_path(const char *folder, const char *name, char out[CURRENT_PATH_SIZE])
{
	snprintf(out, CURRENT_PATH_SIZE, "%.4000s/%.100s", folder, name);
}

void current_file(const char *folder, uint64_t generation, char out[CURRENT_PATH_SIZE])
{
	char name[40];

	snprintf(name, sizeof(name), "%" PRIu64 ".mdb", generation);
	current_path(folder, name, out);
}

static bool parse(const char *text, struct current *out)
{
	unsigned version;
	int end = 0;

	return sscanf(text,
		      "shaken-numbers %u\ngeneration %" SCNu64 "\nbytes %" SCNu64 "\nhash %" SCNx64
		      "\nmade %" SCNd64 "\n%n",
		      &version, &out->generation, &out->bytes, &out->hash, &out->made, &end) == 5 &&
	       version == 1 && out->generation > 0 && end > 0 && text[end] == '\0';
}

bool current_read(const char *folder, struct current *out, char why[NUMBERS_WHY_SIZE])
{
	char path[CURRENT_PATH_SIZE], text[TEXT_MAX];
	struct stat st;
	ssize_t n;
	int fd;

	*out = (struct current){ .generation = 0 };
	current_path(folder, "current", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT && access(folder, X_OK) == 0) {
		snprintf(why, NUMBERS_WHY_SIZE, "%.400s: no numbers have been imported", folder);
		return true;
	}
	if (fd < 0) {
		snprintf(why, NUMBERS_WHY_SIZE, "%.400s: %s", path, strerror(errno));
		return false;
	}
	n = fstat(fd, &st) == 0 ? read(fd, text, sizeof(text) - 1) : -1;
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	out->inode = st.st_ino;
	if (n > 0 && parse(text, out))
		return true;
	snprintf(why, NUMBERS_WHY_SIZE, "%.400s: not written by `numbers import` of this version",
		 path);
	return false;
}

/* The folder too: else a crash may bring the old name back. */
static bool put_there(const char *folder, const char *from, const char *to)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && rename(from, to) == 0 && fsync(fd) == 0;
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return ok;
}

bool current_write(const char *folder, const struct current *c, char why[NUMBERS_WHY_SIZE])
{
	char path[CURRENT_PATH_SIZE], fresh[CURRENT_PATH_SIZE], text[TEXT_MAX];
	int len = snprintf(text, sizeof(text),
			   "shaken-numbers 1\ngeneration %" PRIu64 "\nbytes %" PRIu64
			   "\nhash %016" PRIx64 "\nmade %" PRId64 "\n",
			   c->generation, c->bytes, c->hash, c->made);
	int fd;
	bool ok;

	current_path(folder, "current", path);
	current_path(folder, "current.new", fresh);
	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	ok = fd >= 0 && write(fd, text, (size_t)len) == len && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	ok = ok && put_there(folder, fresh, path);
	if (!ok)
		snprintf(why, NUMBERS_WHY_SIZE, "%.400s: %s", path, strerror(errno));
	return ok;
}

/* Eight bytes at a time: a gigabyte in a fraction of a second. */
static uint64_t mix(uint64_t hash, const uint8_t *bytes, size_t len)
{
	uint64_t word = 0;
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		memcpy(&word, bytes + i, 8);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	for (word = 0; i < len; i++)
		word = word << 8 | bytes[i] | 0x100;
	return (hash ^ word) * 0xff51afd7ed558ccdu;
}

bool current_hash(const char *path, uint64_t bytes, uint64_t *out)
{
	static _Thread_local uint8_t piece[PIECE];
	uint64_t hash = bytes, left = bytes;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return false;
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	while (left > 0) {
		size_t want = left < PIECE ? (size_t)left : PIECE, have = 0;

		while (have < want) {
			ssize_t n = read(fd, piece + have, want - have);

			if (n <= 0)
				break;
			have += (size_t)n;
		}
		if (have < want)
			break;
		hash = mix(hash, piece, want);
		left -= want;
	}
	close(fd);
	*out = hash;
	return left == 0;
}
