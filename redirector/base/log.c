/*
 * The writer sleeps on a condition with a short timeout, so that a line costs
 * its maker a lock and a copy, not a system call; only warnings and errors and a
 * filling ring wake it at once.
 */
#include "redirector/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
	NAP_MS = 50,
	PIECE = 4096, /* a pipe that polls as writable takes this much without blocking */
};

struct log {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	char *target;
	int fd;
	bool owns_fd;
	bool stop;
	bool torn;    /* what was written last is no whole line */
	bool dropped; /* and its rest was thrown away           */
	enum log_level level;
	size_t head, tail; /* bytes ever put in, bytes ever written out */
	uint64_t lost;
	char ring[LOG_RING];
};

static int open_target(const char *target)
{
	if (strcmp(target, "stderr") == 0)
		return STDERR_FILENO;
	if (strcmp(target, "stdout") == 0)
		return STDOUT_FILENO;
	return open(target, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

static void deadline_in(long ms, struct timespec *ts)
{
	clock_gettime(CLOCK_MONOTONIC, ts);
	ts->tv_nsec += ms * 1000000;
	ts->tv_sec += ts->tv_nsec / 1000000000;
	ts->tv_nsec %= 1000000000;
}

static char at(const struct log *log, size_t pos)
{
	return log->ring[pos % LOG_RING];
}

/* Whole lines, as many as fit into one piece: what one write() takes or refuses. */
static size_t piece_len(const struct log *log)
{
	size_t len = log->head - log->tail;

	if (len <= PIECE)
		return len;
	for (len = PIECE; len > 0 && at(log, log->tail + len - 1) != '\n'; len--)
		;
	return len ? len : PIECE;
}

static uint64_t lines_in(const struct log *log, size_t len)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < len; i++)
		lines += at(log, log->tail + i) == '\n';
	return lines;
}

/* Writes one piece without the lock; what cannot be written is gone and counted. */
static void write_piece(struct log *log)
{
	size_t from = log->tail % LOG_RING, len = piece_len(log);
	size_t part = len < LOG_RING - from ? len : LOG_RING - from;
	struct iovec iov[2] = { { log->ring + from, part }, { log->ring, len - part } };
	bool mend = log->torn && log->dropped;
	struct pollfd ready = { .fd = log->fd, .events = POLLOUT };
	ssize_t n = 0;

	pthread_mutex_unlock(&log->lock);
	if (poll(&ready, 1, NAP_MS) > 0) {
		/* half a line stands in the file and its rest is gone: end it before the next one
		 */
		if (mend)
			mend = write(ready.fd, "\n", 1) != 1;
		n = writev(ready.fd, iov, part < len ? 2 : 1);
	}
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		n = 0;
	pthread_mutex_lock(&log->lock);
	if (n < 0) {
		log->lost += lines_in(log, len);
		log->dropped = true;
		n = (ssize_t)len;
	} else if (n > 0) {
		log->torn = at(log, log->tail + (size_t)n - 1) != '\n';
		log->dropped = mend;
	}
	log->tail += (size_t)n;
}

static void *writer(void *arg)
{
	struct log *log = arg;
	struct timespec until, last = { 0 };

	pthread_mutex_lock(&log->lock);
	for (;;) {
		if (log->head != log->tail) {
			write_piece(log);
			if (log->stop && last.tv_sec == 0)
				deadline_in(1000, &last);
			deadline_in(0, &until);
			if (!last.tv_sec || until.tv_sec <= last.tv_sec)
				continue;
		}
		if (log->stop)
			break;
		deadline_in(NAP_MS, &until);
		pthread_cond_timedwait(&log->wake, &log->lock, &until);
	}
	pthread_mutex_unlock(&log->lock);
	return NULL;
}

static bool start(struct log *log)
{
	pthread_condattr_t attr;
	sigset_t all, old;
	bool ok;

	pthread_mutex_init(&log->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&log->wake, &attr);
	pthread_condattr_destroy(&attr);
	/* signals are the loop's; this thread sees none */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	ok = pthread_create(&log->thread, NULL, writer, log) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ok;
}

bool log_open(const char *target, enum log_level level, struct log **out, char why[256])
{
	struct log *log = calloc(1, sizeof(*log));

	if (log) {
		/* touched now, so that the memory does not grow with traffic */
		memset(log->ring, ' ', sizeof(log->ring));
		log->level = level;
		log->target = strdup(target);
		log->fd = open_target(target);
		log->owns_fd = log->fd > STDERR_FILENO;
	}
	if (!log || !log->target || log->fd < 0 || !start(log)) {
		snprintf(why, 256, "log.target: %.150s: %s", target, strerror(errno));
		if (log && log->fd > STDERR_FILENO)
			close(log->fd);
		free(log ? log->target : NULL);
		free(log);
		return false;
	}
	*out = log;
	return true;
}

void log_close(struct log *log)
{
	if (!log)
		return;
	pthread_mutex_lock(&log->lock);
	log->stop = true;
	pthread_cond_signal(&log->wake);
	pthread_mutex_unlock(&log->lock);
	pthread_join(log->thread, NULL);
	pthread_cond_destroy(&log->wake);
	pthread_mutex_destroy(&log->lock);
	if (log->owns_fd)
		close(log->fd);
	free(log->target);
	free(log);
}

bool log_reopen(struct log *log)
{
	int fd;

	if (!log->owns_fd)
		return true;
	fd = open_target(log->target);
	if (fd < 0)
		return false;
	pthread_mutex_lock(&log->lock);
	/* the writer may be in write(): the new file takes over the old number */
	if (dup3(fd, log->fd, O_CLOEXEC) < 0)
		log->lost++;
	pthread_mutex_unlock(&log->lock);
	close(fd);
	return true;
}

void log_set_level(struct log *log, enum log_level level)
{
	log->level = level;
}

void log_write(struct log *log, struct sk_span line)
{
	size_t place, part;

	pthread_mutex_lock(&log->lock);
	if (line.len > LOG_RING - (log->head - log->tail)) {
		log->lost++;
	} else {
		place = log->head % LOG_RING;
		part = line.len < LOG_RING - place ? line.len : LOG_RING - place;
		memcpy(log->ring + place, line.ptr, part);
		memcpy(log->ring, line.ptr + part, line.len - part);
		log->head += line.len;
	}
	if (log->head - log->tail > LOG_RING / 2)
		pthread_cond_signal(&log->wake);
	pthread_mutex_unlock(&log->lock);
}

/* Control characters never reach the log: what came from outside cannot add a line. */
static void clean(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

void log_print(struct log *log, enum log_level level, const char *fmt, ...)
{
	static const char *const names[] = { "error", "warning", "info", "debug", "info" };
	char text[LOG_LINE_MAX], line[LOG_LINE_MAX + 96];
	struct timespec ts;
	struct tm tm;
	va_list args;
	size_t len;

	if (level > log->level && level != LEVEL_ASKED)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	clean(text);
	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	len = strftime(line, sizeof(line), "time=%Y-%m-%dT%H:%M:%SZ ", &tm);
	len += (size_t)snprintf(line + len, sizeof(line) - len, "level=%s %s\n", names[level],
				text);
	log_write(log, (struct sk_span){ line, len < sizeof(line) ? len : sizeof(line) - 1 });
	if (level <= LEVEL_WARNING) {
		pthread_mutex_lock(&log->lock);
		pthread_cond_signal(&log->wake);
		pthread_mutex_unlock(&log->lock);
	}
}

uint64_t log_lost(struct log *log)
{
	uint64_t lost;

	pthread_mutex_lock(&log->lock);
	lost = log->lost;
	pthread_mutex_unlock(&log->lock);
	return lost;
}
