/*
 * The writer sleeps on a condition with a short timeout, so that a line costs
 * its maker a lock and a copy, not a system call; only warnings and errors and a
 * filling ring wake it at once.
 */
#include "redirector/base/log.h"

#include "redirector/base/log_json.h"
#include "redirector/base/log_target.h"

#include <errno.h>
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
	PIECE = 4096,         /* a pipe that polls as writable takes this much without blocking */
	LINE_MAX_SENT = 8192, /* longest line for a daemon; a record is shorter */
	OF_RECORD = 'r',      /* for daemons each line starts with its level or this */
};

struct log {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	char *name;
	const char *origin; /* "": none */
	struct log_target target;
	bool stop;
	bool json;
	bool torn;    /* what was written last is no whole line */
	bool dropped; /* and its rest was thrown away           */
	enum log_level level;
	size_t head, tail; /* bytes ever put in, bytes ever written out */
	uint64_t lost;
	bool failing;
	char ring[LOG_RING];
};

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

static void lose(struct log *log, uint64_t lines)
{
	log->lost += lines;
	log->failing = true;
}

/* Writes one piece without the lock; what cannot be written is gone and counted. */
static void write_piece(struct log *log)
{
	size_t from = log->tail % LOG_RING, len = piece_len(log);
	size_t part = len < LOG_RING - from ? len : LOG_RING - from;
	struct iovec iov[2] = { { log->ring + from, part }, { log->ring, len - part } };
	bool mend = log->torn && log->dropped;
	struct pollfd ready = { .fd = log->target.fd, .events = POLLOUT };
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
		lose(log, lines_in(log, len));
		log->dropped = true;
		n = (ssize_t)len;
	} else if (n > 0) {
		log->failing = false;
		log->torn = at(log, log->tail + (size_t)n - 1) != '\n';
		log->dropped = mend;
	}
	log->tail += (size_t)n;
}

static size_t line_len(const struct log *log)
{
	size_t len = 0;

	while (at(log, log->tail + len) != '\n')
		len++;
	return len + 1;
}

/* The first line in the ring as a datagram.  Only whole lines are ever in it. */
static void send_line(struct log *log)
{
	static const int priorities[] = { 3, 4, 6, 7, 6 };
	char text[LINE_MAX_SENT];
	size_t len = line_len(log), room = len < sizeof(text) ? len : sizeof(text);
	struct log_line line = { .priority = 6 };
	bool sent;

	for (size_t i = 0; i < room; i++)
		text[i] = at(log, log->tail + i);
	line.record = text[0] == OF_RECORD;
	if (!line.record)
		line.priority = priorities[text[0] - '0'];
	line.text = (struct sk_span){ text + 1, room - 1 - (room == len) };
	log->tail += len;
	pthread_mutex_unlock(&log->lock);
	sent = log_target_send(&log->target, &line);
	pthread_mutex_lock(&log->lock);
	if (sent)
		log->failing = false;
	else
		lose(log, 1);
}

static void *writer(void *arg)
{
	struct log *log = arg;
	struct timespec until, last = { 0 };

	pthread_mutex_lock(&log->lock);
	for (;;) {
		if (log->head != log->tail) {
			if (log->target.kind == LOG_TO_STREAM)
				write_piece(log);
			else
				send_line(log);
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
		log->origin = "";
		log->name = strdup(target);
	}
	if (!log || !log->name || !log_target_open(&log->target, log->name) || !start(log)) {
		snprintf(why, 256, "%.150s: %s", target, strerror(errno));
		if (log && log->name)
			log_target_close(&log->target);
		free(log ? log->name : NULL);
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
	log_target_close(&log->target);
	free(log->name);
	free(log);
}

bool log_reopen(struct log *log)
{
	bool ok;

	pthread_mutex_lock(&log->lock);
	ok = log_target_reopen(&log->target);
	pthread_mutex_unlock(&log->lock);
	return ok;
}

void log_set_level(struct log *log, enum log_level level)
{
	log->level = level;
}

void log_set_json(struct log *log, bool json)
{
	log->json = json;
}

void log_set_origin(struct log *log, const char *pairs)
{
	log->origin = pairs;
}

static void put(struct log *log, struct sk_span bytes)
{
	size_t place = log->head % LOG_RING;
	size_t part = bytes.len < LOG_RING - place ? bytes.len : LOG_RING - place;

	memcpy(log->ring + place, bytes.ptr, part);
	memcpy(log->ring, bytes.ptr + part, bytes.len - part);
	log->head += bytes.len;
}

static void put_line(struct log *log, char what, struct sk_span line)
{
	pthread_mutex_lock(&log->lock);
	if (line.len + 1 > LOG_RING - (log->head - log->tail)) {
		lose(log, 1);
	} else {
		if (log->target.kind != LOG_TO_STREAM)
			put(log, (struct sk_span){ &what, 1 });
		put(log, line);
	}
	if (log->head - log->tail > LOG_RING / 2 ||
	    (what != OF_RECORD && what <= '0' + LEVEL_WARNING))
		pthread_cond_signal(&log->wake);
	pthread_mutex_unlock(&log->lock);
}

void log_write(struct log *log, struct sk_span line)
{
	put_line(log, OF_RECORD, line);
}

/* Control characters never reach the log: what came from outside cannot add a line. */
static void clean(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static void print_message(const struct log *log, enum log_level level, const char *text,
			  struct sk_buf *out)
{
	static const char *const names[] = { "error", "warning", "info", "debug", "info" };
	struct timespec ts;
	struct tm tm;
	char time[32];
	const char *space = log->origin[0] ? " " : "";

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!log->json) {
		sk_buf_printf(out, "time=%s level=%s %s%s%s", time, names[level], log->origin,
			      space, text);
		return;
	}
	sk_buf_printf(out, "{\"time\":\"%s\",\"level\":\"%s\"", time, names[level]);
	log_json_pairs(sk_span_of(log->origin), out);
	log_json_pairs(sk_span_of(text), out);
	sk_buf_putc(out, '}');
}

void log_print(struct log *log, enum log_level level, const char *fmt, ...)
{
	char text[LOG_LINE_MAX], line[LINE_MAX_SENT];
	struct sk_buf out;
	va_list args;

	if (level > log->level && level != LEVEL_ASKED)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	clean(text);
	sk_buf_init(&out, line, sizeof(line));
	print_message(log, level, text, &out);
	sk_buf_putc(&out, '\n');
	put_line(log, (char)('0' + level), (struct sk_span){ line, out.len });
}

uint64_t log_lost(struct log *log)
{
	uint64_t lost;

	pthread_mutex_lock(&log->lock);
	lost = log->lost;
	pthread_mutex_unlock(&log->lock);
	return lost;
}

bool log_failing(struct log *log)
{
	bool failing;

	pthread_mutex_lock(&log->lock);
	failing = log->failing;
	pthread_mutex_unlock(&log->lock);
	return failing;
}

enum log_trial log_try(const char *name, char why[256])
{
	struct log_target target;

	if (log_target_try(&target, name))
		return LOG_FINE;
	snprintf(why, 256, "%.150s: %s", target.path, strerror(errno));
	return target.kind == LOG_TO_STREAM ? LOG_REFUSED : LOG_AWAY;
}
