/*
 * What surprises: a kill -9 and a bus error look the same from outside, but only
 * the second happens inside LMDB again and again.  So not the openings are counted
 * but the deaths inside, and a clean end, or ten minutes without one, forgives them.
 */
#include "redirector/certs/store_folder.h"

#include "redirector/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	GATE_PATIENCE = 5000,    /* ms                                  */
	STEADY = 10 * 60 * 1000, /* ms after which crashes are forgiven */
	AT_CRASHES = 8,
	AT_GATE = 10, /* offsets in the file                 */
	AT_HOUSE = 11,
	AT_DAMAGE = 12,
	AT_PLACES = 16,
	OWNERS_SIZE = AT_PLACES + FOLDER_PLACES,
};

static const char head[AT_PLACES + 1] = "crashes 0\n-----\n";

enum found {
	FOUND,
	FOUND_NOTHING,
	FOUND_BAD
};

struct folder {
	char *path;
	int fd; /* of "owners" */
	unsigned place;
	unsigned crashes;
	pthread_mutex_t lock; /* of what follows */
	unsigned inside;      /* threads         */
	bool settled, damaged;
	int64_t since; /* monotonic ms; 0: forgiven already */
};

static bool fail(char *why, const char *what, const char *reason)
{
	snprintf(why, STORE_WHY_SIZE, "%s: %s", what, reason);
	return false;
}

/* --- locks on single bytes --- */

static bool lock_byte(int fd, short type, off_t at)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

static bool write_byte(int fd, off_t at, char c)
{
	return pwrite(fd, &c, 1, at) == 1;
}

static bool wait_for_gate(int fd, char *why)
{
	int64_t until = clock_real_mono(NULL) + GATE_PATIENCE;

	while (!lock_byte(fd, F_WRLCK, AT_GATE)) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return fail(why, "owners", strerror(errno));
		if (clock_real_mono(NULL) >= until)
			return fail(why, "owners", "another process is still opening the store");
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	return true;
}

/* --- who may write here --- */

/* Somebody else's bytes are no danger (they are checked), somebody else's truncation is. */
static bool ours(const struct stat *st, const char *what, char *why)
{
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return fail(why, what, "belongs to another user");
	if (st->st_mode & 022)
		return fail(why, what, "group or others may write (chmod go-w)");
	return true;
}

static bool check_folder(const char *path, char *why)
{
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail(why, path, strerror(errno));
	if (stat(path, &st) < 0)
		return fail(why, path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return fail(why, path, "not a folder");
	return ours(&st, path, why);
}

static bool name_in(const struct folder *f, const char *name, char out[PATH_MAX])
{
	int n = snprintf(out, PATH_MAX, "%s/%s", f->path, name);

	return n > 0 && n < PATH_MAX;
}

static enum found check_file(const struct folder *f, const char *name, char *why)
{
	const char *reason = NULL;
	char path[PATH_MAX];
	struct stat st;

	if (!name_in(f, name, path))
		reason = "the path is too long";
	else if (lstat(path, &st) < 0 && errno == ENOENT)
		return FOUND_NOTHING;
	else if (lstat(path, &st) < 0)
		reason = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		reason = "not a regular file";
	if (reason) {
		fail(why, name, reason);
		return FOUND_BAD;
	}
	return ours(&st, name, why) ? FOUND : FOUND_BAD;
}

bool folder_check_data(const struct folder *f, bool *exists, char why[STORE_WHY_SIZE])
{
	enum found data = check_file(f, "data.mdb", why);

	if (data == FOUND_BAD || check_file(f, "lock.mdb", why) == FOUND_BAD)
		return false;
	*exists = data == FOUND;
	return true;
}

/* A folder that is missing will be made, if that may be done */
static bool can_be_made(const char *path, char *why)
{
	char parent[PATH_MAX];
	char *slash;

	if (snprintf(parent, sizeof(parent), "%s", path) >= PATH_MAX)
		return fail(why, path, "the path is too long");
	for (slash = parent + strlen(parent) - 1; slash > parent && *slash == '/'; slash--)
		*slash = '\0';
	slash = strrchr(parent, '/');
	if (slash)
		slash[slash == parent] = '\0';
	return access(slash ? parent : ".", W_OK | X_OK) == 0 || fail(why, path, strerror(errno));
}

bool folder_usable(const char *path, char why[STORE_WHY_SIZE])
{
	static const char *const files[] = { "owners", "data.mdb", "lock.mdb" };
	char copy[PATH_MAX];
	const struct folder f = { .path = copy };
	struct stat st;

	if (snprintf(copy, sizeof(copy), "%s", path) >= PATH_MAX)
		return fail(why, "the folder", "the path is too long");
	if (stat(path, &st) < 0)
		return errno == ENOENT ? can_be_made(path, why) : fail(why, path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return fail(why, path, "not a folder");
	if (!ours(&st, path, why))
		return false;
	if (access(path, W_OK | X_OK) < 0)
		return fail(why, path, strerror(errno));
	for (size_t i = 0; i < SK_COUNT(files); i++)
		if (check_file(&f, files[i], why) == FOUND_BAD)
			return false;
	return true;
}

/* --- places --- */

/* A wrong length or head is a torn write of the very first opening, or an accident: begun anew. */
static bool read_owners(struct folder *f, char text[OWNERS_SIZE], char *why)
{
	ssize_t n = pread(f->fd, text, OWNERS_SIZE, 0);

	if (n == OWNERS_SIZE && memcmp(text, head, AT_CRASHES) == 0 && text[AT_CRASHES] >= '0' &&
	    text[AT_CRASHES] <= '9')
		return true;
	memcpy(text, head, AT_PLACES);
	memset(text + AT_PLACES, '.', FOLDER_PLACES);
	if (pwrite(f->fd, text, OWNERS_SIZE, 0) != OWNERS_SIZE)
		return fail(why, "owners", "cannot be written");
	return true;
}

/* Under the gate.  Counts the dead, takes the first place that is free. */
static bool take_place(struct folder *f, char *why)
{
	char text[OWNERS_SIZE];

	if (!read_owners(f, text, why))
		return false;
	f->crashes = (unsigned)(text[AT_CRASHES] - '0');
	f->damaged = text[AT_DAMAGE] == 'x';
	for (unsigned i = 0; i < FOLDER_PLACES; i++) {
		off_t at = AT_PLACES + (off_t)i;
		bool wanted = f->place == FOLDER_PLACES;

		if (text[at] != 'i' && !wanted)
			continue;
		if (!lock_byte(f->fd, F_WRLCK, at))
			continue; /* it lives */
		if (text[at] == 'i' && f->crashes < FOLDER_CRASHES)
			f->crashes++;
		if (text[at] == 'i' && !write_byte(f->fd, at, '.'))
			return fail(why, "owners", strerror(errno));
		if (wanted)
			f->place = i;
		else
			(void)lock_byte(f->fd, F_UNLCK, at);
	}
	if (f->place == FOLDER_PLACES)
		return fail(why, "owners", "too many processes have the store open");
	if (!write_byte(f->fd, AT_CRASHES, (char)('0' + f->crashes)))
		return fail(why, "owners", strerror(errno));
	return true;
}

static void folder_free(struct folder *f)
{
	if (f->fd >= 0)
		close(f->fd); /* and with it all locks */
	pthread_mutex_destroy(&f->lock);
	free(f->path);
	free(f);
}
SK_DEFINE_CLEANUP(struct folder, folder_free)

bool folder_enter(const char *path, struct folder **out, char why[STORE_WHY_SIZE])
{
	SK_CLEANUP(folder_free_p) struct folder *f = NULL;
	char owners[PATH_MAX];

	if (!check_folder(path, why))
		return false;
	f = calloc(1, sizeof(*f));
	if (!f)
		return fail(why, path, "out of memory");
	f->fd = -1;
	f->place = FOLDER_PLACES;
	f->since = clock_real_mono(NULL);
	pthread_mutex_init(&f->lock, NULL);
	f->path = strdup(path);
	if (!f->path || !name_in(f, "owners", owners))
		return fail(why, path, "out of memory, or the path is too long");
	if (check_file(f, "owners", why) == FOUND_BAD)
		return false;
	f->fd = open(owners, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->fd < 0)
		return fail(why, "owners", strerror(errno));
	if (!wait_for_gate(f->fd, why) || !take_place(f, why))
		return false;
	*out = sk_steal(f);
	return true;
}

const char *folder_blame(const struct folder *f)
{
	if (f->damaged)
		return "its pages are damaged";
	return f->crashes >= FOLDER_CRASHES ? "it was open in three crashes in a row" : NULL;
}

bool folder_move_aside(struct folder *f, char why[STORE_WHY_SIZE])
{
	char from[PATH_MAX], to[PATH_MAX], lock[PATH_MAX], reason[STORE_WHY_SIZE - 64];

	snprintf(reason, sizeof(reason), "%.*s", (int)sizeof(reason) - 1, why);
	if (!lock_byte(f->fd, F_WRLCK, AT_HOUSE))
		return fail(why, "another process has the store open, which is damaged", reason);
	if (!name_in(f, "data.mdb", from) || !name_in(f, "data.mdb.broken", to) ||
	    !name_in(f, "lock.mdb", lock))
		return fail(why, f->path, "the path is too long");
	if (rename(from, to) < 0)
		return fail(why, "data.mdb", strerror(errno));
	if (unlink(lock) < 0 && errno != ENOENT)
		return fail(why, "lock.mdb", strerror(errno));
	f->crashes = 0;
	f->damaged = false;
	if (!write_byte(f->fd, AT_CRASHES, '0') || !write_byte(f->fd, AT_DAMAGE, '-'))
		return fail(why, "owners", strerror(errno));
	return true;
}

bool folder_settle(struct folder *f)
{
	f->settled = lock_byte(f->fd, F_RDLCK, AT_HOUSE) && lock_byte(f->fd, F_UNLCK, AT_GATE);
	return f->settled;
}

/* --- inside --- */

/* What cannot be written is not counted: a full disk must not stop a look-up. */
static void set_byte(const struct folder *f, off_t at, char c)
{
	if (!write_byte(f->fd, at, c))
		return;
}

void folder_go_in(struct folder *f)
{
	pthread_mutex_lock(&f->lock);
	if (f->inside++ == 0)
		set_byte(f, AT_PLACES + (off_t)f->place, 'i');
	pthread_mutex_unlock(&f->lock);
}

void folder_come_out(struct folder *f)
{
	pthread_mutex_lock(&f->lock);
	if (--f->inside == 0)
		set_byte(f, AT_PLACES + (off_t)f->place, '.');
	if (f->since != 0 && clock_real_mono(NULL) - f->since > STEADY) {
		f->since = 0;
		set_byte(f, AT_CRASHES, '0');
	}
	pthread_mutex_unlock(&f->lock);
}

/* A byte of its own, so that no clean end of another process forgives it. */
void folder_condemn(struct folder *f)
{
	set_byte(f, AT_DAMAGE, 'x');
}

void folder_leave(struct folder *f)
{
	if (f->settled)
		set_byte(f, AT_CRASHES, '0');
	folder_free(f);
}
