/*
 * A memfd: pages appear zeroed when they are first touched, and live until the last process
 * that has them mapped or open is gone.
 */
#include "redirector/base/shared.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool map(int fd, size_t bytes, struct shared *out)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return false;
	*out = (struct shared){ fd, at, bytes };
	return true;
}

bool shared_make(const char *name, size_t bytes, struct shared *out)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	int error;

	if (fd < 0)
		return false;
	if (ftruncate(fd, (off_t)bytes) == 0 && map(fd, bytes, out))
		return true;
	error = errno;
	close(fd);
	errno = error;
	return false;
}

bool shared_take(int fd, size_t bytes, struct shared *out)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	/* touching what lies behind the end of a file would be SIGBUS */
	if (st.st_size < 0 || (size_t)st.st_size < bytes || bytes == 0) {
		errno = EINVAL;
		return false;
	}
	return map(fd, bytes, out);
}

void shared_drop(struct shared *s)
{
	if (s->at)
		munmap(s->at, s->bytes);
	if (s->at && s->fd >= 0)
		close(s->fd);
	*s = (struct shared){ .fd = -1 };
}
