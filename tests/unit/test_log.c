/*
 * The log under a reader that sleeps, goes away, or never was: a caller is never
 * held up, what is lost is counted, and what is written is whole lines in order.
 */
#include "redirector/base/log.h"
#include "shaken/macro.h"
#include "tests/check.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LINE = 100,
	LINES = 30000, /* three rings full */
};

static char folder[512];
static char written[8 << 20];

static const char *named(const char *name)
{
	static char path[600];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static size_t read_file(const char *name)
{
	FILE *f = fopen(named(name), "r");
	size_t len = f ? fread(written, 1, sizeof(written) - 1, f) : 0;

	if (f)
		fclose(f);
	written[len] = '\0';
	return len;
}

static struct log *opened(const char *target, enum log_level level)
{
	char why[256] = "";
	struct log *log = NULL;

	if (!log_open(target, level, &log, why)) {
		fprintf(stderr, "%s\n", why);
		exit(1);
	}
	return log;
}

static void write_numbered(struct log *log, unsigned number)
{
	char line[LINE + 1];

	snprintf(line, sizeof(line), "%08u %0*u\n", number, LINE - 10, 7);
	log_write(log, (struct sk_span){ line, LINE });
}

/* Whole lines with rising numbers.  @return how many; -1: something else */
static int count_lines(const char *text, size_t len)
{
	int count = 0;
	long last = -1;

	if (len % LINE != 0)
		return -1;
	for (size_t i = 0; i < len; i += LINE, count++) {
		long number = strtol(text + i, NULL, 10);

		if (number <= last || text[i + LINE - 1] != '\n' ||
		    memchr(text + i, '\n', LINE) != text + i + LINE - 1)
			return -1;
		last = number;
	}
	return count;
}

static void to_file(void)
{
	struct log *log = opened(named("log"), LEVEL_INFO);
	struct stat st;
	uint64_t lost;

	for (unsigned i = 0; i < 5000; i++)
		write_numbered(log, i);
	lost = log_lost(log);
	log_close(log);
	CHECK(count_lines(written, read_file("log")) == 5000 && lost == 0, "all is there");
	CHECK(stat(named("log"), &st) == 0 && (st.st_mode & 0777 & ~0640u) == 0, "mode");
	unlink(named("log"));
}

static void messages(void)
{
	struct log *log = opened(named("log"), LEVEL_WARNING);
	char huge[5000];

	memset(huge, 'z', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	log_print(log, LEVEL_INFO, "too quiet");
	log_print(log, LEVEL_ERROR, "one=%d two=%s", 1, "a\r\nlevel=error b\t\x1b\x7f");
	log_print(log, LEVEL_WARNING, "%s", huge);
	log_set_level(log, LEVEL_DEBUG);
	log_print(log, LEVEL_DEBUG, "loud");
	log_set_origin(log, "worker=1");
	log_print(log, LEVEL_INFO, "event=here");
	log_set_json(log, true);
	log_print(log, LEVEL_INFO, "event=there");
	log_close(log);
	read_file("log");
	CHECK(!strstr(written, "quiet") && strstr(written, "level=debug loud\n"), "%s", written);
	CHECK(strstr(written, "Z level=error one=1 two=a??level=error b????\n") != NULL ||
		      strstr(written, "Z level=error one=1 two=a??level=error b???\n") != NULL,
	      "control characters: %s", written);
	CHECK(strncmp(written, "time=20", 7) == 0, "%s", written);
	CHECK(strstr(written, "Z level=info worker=1 event=here\n"), "%s", written);
	CHECK(strstr(written, "\"level\":\"info\",\"worker\":1,\"event\":\"there\"}\n") ||
		      strstr(written, "\"level\":\"info\",\"worker\":\"1\",\"event\":\"there\"}\n"),
	      "%s", written);
	CHECK(strcspn(strstr(written, "zzz"), "\n") < LOG_LINE_MAX, "a long one is cut");
	unlink(named("log"));
}

/* A pipe that nobody reads; LINES lines go in without waiting. */
static void blocked_pipe(void)
{
	struct log *log;
	uint64_t lost;
	size_t len = 0;
	int fd, count;

	if (mkfifo(named("pipe"), 0600) != 0)
		exit(1);
	fd = open(named("pipe"), O_RDONLY | O_NONBLOCK);
	log = opened(named("pipe"), LEVEL_INFO);
	for (unsigned i = 0; i < LINES; i++)
		write_numbered(log, i);
	lost = log_lost(log);
	CHECK(lost > LINES / 2 && lost < LINES, "%llu lost", (unsigned long long)lost);
	for (int idle = 0; idle < 20;) { /* now somebody reads */
		ssize_t n = read(fd, written + len, sizeof(written) - len);
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (n > 0) {
			len += (size_t)n;
			idle = 0;
			if (len / LINE + lost >= LINES)
				break;
		} else {
			poll(&p, 1, 100);
			idle++;
		}
	}
	count = count_lines(written, len);
	CHECK(count + (long long)lost == LINES, "%d lines and %llu lost", count,
	      (unsigned long long)lost);
	log_close(log);
	close(fd);
	unlink(named("pipe"));
}

static void closed_while_blocked(void)
{
	struct log *log;
	int fd;

	if (mkfifo(named("pipe"), 0600) != 0)
		exit(1);
	fd = open(named("pipe"), O_RDONLY | O_NONBLOCK);
	log = opened(named("pipe"), LEVEL_INFO);
	for (unsigned i = 0; i < LINES; i++)
		write_numbered(log, i);
	log_close(log); /* ends, though nobody reads */
	CHECK(read(fd, written, sizeof(written)) > 0, "what fitted was written");
	close(fd);
	unlink(named("pipe"));
}

static void reader_goes(void)
{
	struct log *log;
	int fd;

	if (mkfifo(named("pipe"), 0600) != 0)
		exit(1);
	fd = open(named("pipe"), O_RDONLY | O_NONBLOCK);
	log = opened(named("pipe"), LEVEL_INFO);
	close(fd);
	for (unsigned i = 0; i < 500; i++)
		write_numbered(log, i);
	log_print(log, LEVEL_ERROR, "wake");
	for (int i = 0; i < 100 && log_lost(log) < 501; i++)
		usleep(20000);
	CHECK(log_lost(log) == 501, "each line counted, and no signal: %llu",
	      (unsigned long long)log_lost(log));
	log_close(log);
	unlink(named("pipe"));
}

static void rotated(void)
{
	struct log *log = opened(named("log"), LEVEL_INFO), *err = opened("stderr", LEVEL_ERROR);
	char old[600], now[600];

	log_print(log, LEVEL_ERROR, "before");
	for (int i = 0; i < 100 && read_file("log") == 0; i++)
		usleep(20000);
	snprintf(old, sizeof(old), "%s/log.1", folder);
	snprintf(now, sizeof(now), "%s/log", folder);
	CHECK(rename(now, old) == 0, "rotated");
	CHECK(log_reopen(log), "opened anew");
	log_print(log, LEVEL_ERROR, "behind");
	log_close(log);
	read_file("log.1");
	CHECK(strstr(written, "before") && !strstr(written, "behind"), "%s", written);
	read_file("log");
	CHECK(strstr(written, "behind") && !strstr(written, "before"), "%s", written);
	CHECK(log_reopen(err), "stderr needs no opening");
	log_close(err);
	unlink(old);
	unlink(now);
}

static void cannot_reopen(void)
{
	struct log *log = opened(named("log"), LEVEL_INFO), *none = NULL;
	char why[256] = "";

	unlink(named("log"));
	if (mkdir(named("log"), 0700) != 0)
		exit(1);
	CHECK(!log_reopen(log), "a folder is no log");
	log_print(log, LEVEL_ERROR, "still works");
	log_close(log);
	CHECK(!log_open(named("log"), LEVEL_INFO, &none, why) && !none, "nor at the start");
	CHECK(strstr(why, "directory"), "%s", why);
	CHECK(!log_open(named("none/log"), LEVEL_INFO, &none, why) && !none, "no such folder");
	log_close(NULL);
	rmdir(named("log"));
}

int main(void)
{
	const char *base = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%.400s/log-XXXXXX", base ? base : P_tmpdir);
	if (!mkdtemp(folder))
		return 1;
	to_file();
	messages();
	blocked_pipe();
	closed_while_blocked();
	reader_goes();
	rotated();
	cannot_reopen();
	rmdir(folder);
	return check_result();
}
