/*
 * From root to a user, once.  The order is what surprises: groups go first, since only root may
 * change them, and "not dumpable" comes last, since a change of user ids sets it anew.
 */
#include "redirector/privileges.h"

#include "redirector/base/rank.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum {
	OTHER_FILES = 1000,          /* sockets, logs, fetches, tokens */
	NICE_LIMIT = 20 - RANK_HTTP, /* as the kernel counts it        */
};

struct person {
	uid_t uid;
	gid_t gid;
};

__attribute__((format(printf, 2, 3))) static bool refuse(char why[PRIVILEGES_WHY_SIZE],
							 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, PRIVILEGES_WHY_SIZE, format, args);
	va_end(args);
	return false;
}

static bool find(const char *user, struct person *out, char why[PRIVILEGES_WHY_SIZE])
{
	const struct passwd *found;

	errno = 0;
	found = getpwnam(user);
	if (!found && errno != 0 && errno != ENOENT && errno != ESRCH)
		return refuse(why, "service.user: %.64s: %s", user, strerror(errno));
	if (!found)
		return refuse(why, "service.user: there is no user \"%.64s\"", user);
	if (found->pw_uid == 0)
		return refuse(why,
			      "service.user: \"%.64s\" is root; name another user, or leave "
			      "it out to stay root",
			      user);
	*out = (struct person){ found->pw_uid, found->pw_gid };
	return true;
}

/* Are all three of both ids those? */
static bool is(const struct person *person)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;

	return getresuid(&r, &e, &s) == 0 && getresgid(&gr, &ge, &gs) == 0 && r == person->uid &&
	       e == person->uid && s == person->uid && gr == person->gid && ge == person->gid &&
	       gs == person->gid;
}

/* The C library's capset() has no header of its own without libcap. */
static bool has_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &head, data) != 0 || data[0].effective || data[1].effective ||
	       data[0].permitted || data[1].permitted || data[0].inheritable || data[1].inheritable;
}

static bool clear_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (!has_capabilities()) /* a unit's filter of system calls may refuse the next ones */
		return true;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &head, none) == 0 && !has_capabilities();
}

/* Root's group among the others would be a way to root's files; it may stand in the list of
 * somebody who is in it on purpose, so ours is compared with what the system says. */
static bool groups_are(const char *user, const struct person *person)
{
	gid_t listed[256], ours[256];
	int count = 256, have = getgroups(256, ours);

	if (getgrouplist(user, person->gid, listed, &count) < 0 || have < 0)
		return false;
	for (int i = 0; i < have; i++) {
		bool known = false;

		for (int k = 0; k < count && !known; k++)
			known = ours[i] == listed[k];
		if (!known)
			return false;
	}
	return true;
}

/* Tried, because a forgotten saved id or capability would let it through.  Group 0 by itself is
 * no power, and container platforms give it to users of theirs. */
static bool no_way_back(char why[PRIVILEGES_WHY_SIZE])
{
	gid_t r, e, s;

	if (setuid(0) == 0 || seteuid(0) == 0 || getresgid(&r, &e, &s) != 0 ||
	    (r != 0 && e != 0 && s != 0 && setgid(0) == 0))
		return refuse(why, "service.user: there is a way back to root");
	return true;
}

static bool become(const char *user, const struct person *person, char why[PRIVILEGES_WHY_SIZE])
{
	prctl(PR_SET_KEEPCAPS, 0);
	if (initgroups(user, person->gid) != 0)
		return refuse(why, "service.user: groups of \"%.64s\": %s", user, strerror(errno));
	if (setresgid(person->gid, person->gid, person->gid) != 0 ||
	    setresuid(person->uid, person->uid, person->uid) != 0)
		return refuse(why, "service.user: \"%.64s\": %s", user, strerror(errno));
	if (!is(person) || !groups_are(user, person))
		return refuse(why, "service.user: this process is not all \"%.64s\"", user);
	return true;
}

/* The sockets are bound: nothing here needs a capability from now on, wherever it came from
 * (AmbientCapabilities= of a unit, say). */
static bool keep_nothing(char why[PRIVILEGES_WHY_SIZE])
{
	if (!clear_capabilities())
		return refuse(why, "capabilities cannot be given up: %s", strerror(errno));
	return no_way_back(why);
}

/* Connections are descriptors; the soft limit is low for programs with select(), which is not
 * used here. */
static void raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

/* The loop of the web process goes behind everybody only where it may come back
 * (base/rank.c).  Only root can raise a hard limit; a unit says LimitNICE=. */
static void raise_niceness(void)
{
	const struct rlimit wanted = { NICE_LIMIT, NICE_LIMIT };
	struct rlimit nice;

	if (getrlimit(RLIMIT_NICE, &nice) != 0 || nice.rlim_cur >= NICE_LIMIT)
		return;
	nice.rlim_cur = NICE_LIMIT;
	if (nice.rlim_max < NICE_LIMIT)
		nice = wanted;
	setrlimit(RLIMIT_NICE, &nice);
}

void privileges_guard_secrets(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

bool privileges_known(const char *user, char why[PRIVILEGES_WHY_SIZE])
{
	struct person person;

	return user[0] == '\0' || find(user, &person, why);
}

bool privileges_drop(const char *user, char why[PRIVILEGES_WHY_SIZE])
{
	struct person person;

	raise_files();
	raise_niceness();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return refuse(why, "no new privileges: %s", strerror(errno));
	if (user[0] != '\0' && !find(user, &person, why))
		return false;
	if (user[0] != '\0' && geteuid() == 0 && !become(user, &person, why))
		return false;
	if (geteuid() != 0 && !keep_nothing(why))
		return false;
	privileges_guard_secrets();
	return true;
}

bool privileges_check(const char *user, char why[PRIVILEGES_WHY_SIZE])
{
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return refuse(why, "this process may gain privileges");
	if (geteuid() == 0)
		return user[0] == '\0' || refuse(why, "service.user: this process still is root");
	if (has_capabilities())
		return refuse(why, "this process has capabilities");
	return no_way_back(why);
}

bool privileges_warning(const char *user, char why[PRIVILEGES_WHY_SIZE])
{
	struct person person;

	if (geteuid() == 0) {
		snprintf(why, PRIVILEGES_WHY_SIZE, "runs as root; set service.user");
		return true;
	}
	if (user[0] == '\0' || (find(user, &person, why) && geteuid() == person.uid))
		return false;
	snprintf(why, PRIVILEGES_WHY_SIZE,
		 "service.user: \"%.64s\" has no effect: only root becomes another user, and this "
		 "is user id %u",
		 user, (unsigned)geteuid());
	return true;
}

bool privileges_few_files(int64_t connections, char why[PRIVILEGES_WHY_SIZE])
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY ||
	    (int64_t)files.rlim_cur >= connections + OTHER_FILES)
		return false;
	snprintf(why, PRIVILEGES_WHY_SIZE,
		 "each process may open %lld files, few for streams.connections: %lld and what "
		 "else it opens; %lld are enough (ulimit -n, LimitNOFILE= of the unit)",
		 (long long)files.rlim_cur, (long long)connections,
		 (long long)(connections + OTHER_FILES));
	return true;
}
