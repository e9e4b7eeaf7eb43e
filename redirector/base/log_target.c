/*
 * A daemon that goes away takes lines with it: they are counted as lost, and it is looked
 * for again once a second.  Nothing here waits longer than WAIT_MS.
 */
#include "redirector/base/log_target.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	WAIT_MS = 50, /* for a daemon whose queue is full */
	FACILITY_DAEMON = 3 << 3,
};

static const char identifier[] = "shaken-redirector";

/* "syslog" or "syslog:/path"; the path, or NULL when it is another word */
static const char *socket_of(const char *name, const char *word, const char *usual)
{
	size_t len = strlen(word);

	if (strncmp(name, word, len) != 0)
		return NULL;
	if (name[len] == '\0')
		return usual;
	return name[len] == ':' ? name + len + 1 : NULL;
}

/* @return false: it is a file */
static bool is_known(struct log_target *t, const char *name)
{
	*t = (struct log_target){ .kind = LOG_TO_SYSLOG, .fd = -1 };
	t->path = socket_of(name, "syslog", "/dev/log");
	if (t->path)
		return true;
	t->kind = LOG_TO_JOURNAL;
	t->path = socket_of(name, "journal", "/run/systemd/journal/socket");
	if (t->path)
		return true;
	t->kind = LOG_TO_STREAM;
	t->path = "";
	if (strcmp(name, "stderr") == 0)
		t->fd = STDERR_FILENO;
	else if (strcmp(name, "stdout") == 0)
		t->fd = STDOUT_FILENO;
	else
		t->path = name;
	return t->fd >= 0;
}

static bool open_file(struct log_target *t, int how)
{
	t->fd = open(t->path, O_WRONLY | O_APPEND | O_CLOEXEC | how, 0640);
	t->owns_fd = true;
	return t->fd >= 0;
}

bool log_target_open(struct log_target *t, const char *name)
{
	return is_known(t, name) || open_file(t, O_CREAT);
}

void log_target_close(struct log_target *t)
{
	if ((t->owns_fd || t->kind != LOG_TO_STREAM) && t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

bool log_target_reopen(struct log_target *t)
{
	struct log_target fresh;
	bool ok;

	if (!t->owns_fd)
		return true;
	if (!log_target_open(&fresh, t->path))
		return false;
	/* the writer may be in write(): the new file takes over the old number */
	ok = dup3(fresh.fd, t->fd, O_CLOEXEC) >= 0;
	log_target_close(&fresh);
	return ok;
}

static long seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long)ts.tv_sec;
}

static bool connected(struct log_target *t)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int why;

	if (t->fd >= 0)
		return true;
	if (t->retry_known && seconds_now() < t->retry_at)
		return false;
	t->retry_known = true;
	t->retry_at = seconds_now() + 1;
	if (strlen(t->path) >= sizeof(at.sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(at.sun_path, t->path, strlen(t->path));
	t->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (t->fd >= 0 && connect(t->fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return true;
	why = errno;
	log_target_close(t);
	errno = why;
	return false;
}

static bool send_parts(struct log_target *t, struct iovec *parts, size_t count)
{
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };
	struct pollfd room = { .events = POLLOUT };

	for (int i = 0; i < 2 && connected(t); i++) {
		if (sendmsg(t->fd, &message, MSG_NOSIGNAL) >= 0)
			return true;
		if (errno == EMSGSIZE)
			return false;
		if (errno == EAGAIN || errno == ENOBUFS) {
			room.fd = t->fd;
			poll(&room, 1, WAIT_MS);
		} else if (errno != EINTR) {
			/* it went away: perhaps another is there already */
			log_target_close(t);
			t->retry_known = i > 0;
		}
	}
	return false;
}

/* Opened to be looked at: a pipe without a reader would make that wait for one. */
static bool try_file(struct log_target *t)
{
	struct stat st;
	bool there = stat(t->path, &st) == 0;

	if (there && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return access(t->path, W_OK) == 0;
	if (!open_file(t, there ? 0 : O_CREAT | O_EXCL))
		return !there && errno == EEXIST; /* a link to a file that is yet to be made */
	if (!there)
		unlink(t->path);
	return true;
}

bool log_target_try(struct log_target *t, const char *name)
{
	int why = 0;
	bool ok;

	if (!is_known(t, name))
		ok = try_file(t);
	else
		ok = t->kind == LOG_TO_STREAM || connected(t);
	if (!ok)
		why = errno;
	log_target_close(t);
	errno = why;
	return ok;
}

static struct iovec part(const char *text, size_t len)
{
	union {
		const char *text;
		void *bytes;
	} u = { .text = text };

	return (struct iovec){ u.bytes, len };
}

/* RFC 3164, as daemons read it from their local socket: local time, no host name */
static bool send_syslog(struct log_target *t, const struct log_line *line)
{
	char head[96], date[32];
	time_t now = time(NULL);
	struct tm tm;
	int len;

	localtime_r(&now, &tm);
	strftime(date, sizeof(date), "%b %e %H:%M:%S", &tm);
	len = snprintf(head, sizeof(head), "<%d>%s %s[%d]: ", FACILITY_DAEMON | line->priority,
		       date, identifier, (int)getpid());
	return send_parts(
		t,
		(struct iovec[]){ part(head, (size_t)len), part(line->text.ptr, line->text.len) },
		2);
}

/* A field with its value on the same line must not hold an end of line: no line of ours does. */
static bool send_journal(struct log_target *t, const struct log_line *line)
{
	static const char message[] = "\nMESSAGE=", record[] = "\nSHAKEN_RECORD=";
	char head[96];
	int len = snprintf(head, sizeof(head), "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s", line->priority,
			   identifier);
	struct iovec parts[] = {
		part(head, (size_t)len),
		part(message, sizeof(message) - 1),
		part(line->text.ptr, line->text.len),
		part(record, line->record ? sizeof(record) - 1 : 0),
		part(line->text.ptr, line->record ? line->text.len : 0),
		part("\n", 1),
	};

	return send_parts(t, parts, SK_COUNT(parts));
}

bool log_target_send(struct log_target *t, const struct log_line *line)
{
	return t->kind == LOG_TO_JOURNAL ? send_journal(t, line) : send_syslog(t, line);
}
