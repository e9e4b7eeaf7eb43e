/*
 * What surprises: LMDB believes its own header.  A page size of 0 there is a division
 * by it, and a last page past the end of the file a SIGBUS at the first look.
 */
#include "redirector/certs/store_fault.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of LMDB's file format 1, what it believes without looking. */
enum {
	META_MAGIC = 16,
	META_VERSION = 20,
	META_PAGE_SIZE = 40,
	META_LAST_PAGE = 136,
	META_SIZE = 152,
};

static const char *meta_fault(const char *meta, size_t page, size_t pages)
{
	uint32_t magic, version, its_page;
	uint64_t last;

	memcpy(&magic, meta + META_MAGIC, sizeof(magic));
	memcpy(&version, meta + META_VERSION, sizeof(version));
	memcpy(&its_page, meta + META_PAGE_SIZE, sizeof(its_page));
	memcpy(&last, meta + META_LAST_PAGE, sizeof(last));
	if (magic != 0xBEEFC0DE || version != 1)
		return NULL; /* LMDB says so itself */
	if (its_page != page)
		return "its page size is wrong";
	return last >= pages ? "it is truncated" : NULL;
}

/*
 * A page that is missing would be a SIGBUS at the first look.  The size is asked for
 * last: a process that is writing makes the file longer first and says so then.
 */
const char *store_fault(const char *path, size_t page)
{
	char metas[2][META_SIZE];
	const char *fault = NULL;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return NULL; /* LMDB says why */
	if (pread(fd, metas[0], META_SIZE, 0) != META_SIZE ||
	    pread(fd, metas[1], META_SIZE, (off_t)page) != META_SIZE || fstat(fd, &st) < 0)
		fault = "it is shorter than two pages";
	else if ((size_t)st.st_size % page != 0 || (size_t)st.st_size < 2 * page)
		fault = "its size is not one of whole pages";
	for (size_t i = 0; i < 2 && !fault; i++)
		fault = meta_fault(metas[i], page, (size_t)st.st_size / page);
	close(fd);
	return fault;
}
