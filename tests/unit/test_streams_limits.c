/*
 * What a connection may cost: how many there are, how long they may take, how much of them is
 * kept.  Time is the test's own.
 */
#include "tests/check.h"
#include "tests/unit/streams_kit.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char message[KIT_MESSAGE + 1], got[16 << 20];

static void strangers(void)
{
	struct kit k;
	int fd;

	kit_open(&k, "127.0.0.1:0");
	k.admits = false;
	fd = kit_connect(&k, NULL);
	CHECK(kit_state(&k, fd) == 'R', "reset");
	CHECK(k.counts[STREAMS_STRANGERS] == 1 && k.counts[STREAMS_ACCEPTED] == 0, "counted");
	CHECK(streams_count(k.streams) == 0 && k.whole == 0, "nothing is kept");
	close(fd);
	kit_close(&k);
}

/* Each connects and must see that state; a small letter first closes that connection. */
static void caps(void)
{
	struct kit k;
	int fd[5];

	kit_open(&k, "127.0.0.1:0");
	k.limits.connections = 4;
	k.limits.per_source = 2;
	streams_set_limits(k.streams, &k.limits);
	k.open[0] = 1; /* another worker's */
	fd[0] = kit_connect(&k, "127.0.0.1:0");
	fd[1] = kit_connect(&k, "127.0.0.1:0");
	fd[2] = kit_connect(&k, "127.0.0.1:0");
	CHECK(kit_state(&k, fd[1]) == '.' && kit_state(&k, fd[2]) == 'R', "of one address");
	CHECK(k.counts[STREAMS_SOURCE_OVER] == 1, "counted");
	fd[3] = kit_connect(&k, "127.0.0.2:0");
	fd[4] = kit_connect(&k, "127.0.0.3:0");
	CHECK(kit_state(&k, fd[3]) == '.' && kit_state(&k, fd[4]) == 'R', "of all");
	CHECK(k.counts[STREAMS_OVER] == 1 && k.open[1] == 3, "counted");
	close(fd[4]);
	close(fd[0]);
	kit_settle(&k);
	fd[4] = kit_connect(&k, "127.0.0.3:0");
	CHECK(kit_state(&k, fd[4]) == '.', "one went, one comes");
	k.limits.connections = 100;
	k.limits.per_source = 1;
	streams_set_limits(k.streams, &k.limits);
	fd[0] = kit_connect(&k, "127.0.0.3:0");
	CHECK(kit_state(&k, fd[0]) == 'R' && kit_state(&k, fd[4]) == '.', "a smaller limit");
	for (size_t i = 0; i < SK_COUNT(fd); i++)
		close(fd[i]);
	kit_settle(&k);
	CHECK(k.open[1] == 0, "all gone");
	kit_close(&k);
}

/* Together they leave half of all to others. */
static void shares(void)
{
	static const struct {
		int64_t wanted, connections;
		size_t workers;
		int64_t each;
	} rows[] = {
		{ 256, 2048, 1, 256 },   { 256, 2048, 4, 256 }, { 256, 2048, 8, 128 },
		{ 256, 2048, 64, 16 },   { 16, 2048, 8, 16 },   { 4096, 2048, 1, 1024 },
		{ 256, 41, 2, 10 },      { 256, 1, 1, 1 },      { 256, 7, 8, 1 },
		{ 1000000, 1, 1024, 1 }, { 1, 1000000, 1, 1 },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		int64_t each =
			streams_per_source(rows[i].wanted, rows[i].connections, rows[i].workers);

		CHECK(each == rows[i].each, "row %zu: %lld", i, (long long)each);
	}
}

/* Whoever has nothing left is reset, and holds no place. */
static void paid(void)
{
	struct kit k;
	int fd[3];

	kit_open(&k, "127.0.0.1:0");
	fd[0] = kit_connect(&k, NULL);
	CHECK(kit_state(&k, fd[0]) == '.' && k.tcp == 1 && k.tls == 0, "paid once");
	k.broke = true;
	fd[1] = kit_connect(&k, NULL);
	CHECK(kit_state(&k, fd[1]) == 'R' && k.tcp == 2, "reset");
	CHECK(k.counts[STREAMS_SOURCE_OVER] == 1 && k.counts[STREAMS_ACCEPTED] == 1, "counted");
	CHECK(kit_state(&k, fd[0]) == '.' && streams_count(k.streams) == 1, "who is in stays");
	k.admits = false;
	close(kit_connect(&k, NULL));
	CHECK(k.tcp == 2, "a stranger has no bucket");
	k.admits = true;
	k.broke = false;
	k.limits.per_source = 2;
	streams_set_limits(k.streams, &k.limits);
	fd[2] = kit_connect(&k, NULL);
	CHECK(kit_state(&k, fd[2]) == '.', "the one that was refused has no place");
	for (size_t i = 0; i < SK_COUNT(fd); i++)
		close(fd[i]);
	kit_close(&k);
}

static void idle(void)
{
	struct kit k;
	int quiet, pings, talks;

	kit_open(&k, "127.0.0.1:0");
	k.limits.idle = 1000;
	streams_set_limits(k.streams, &k.limits);
	quiet = kit_connect(&k, NULL);
	pings = kit_connect(&k, NULL);
	talks = kit_connect(&k, NULL);
	kit_pass(&k, 600);
	kit_write(pings, "\r\n\r\n", 4);
	kit_write(quiet, "\r\n", 2); /* is not a keep-alive */
	kit_write(talks, message, KIT_MESSAGE);
	kit_pass(&k, 399);
	CHECK(kit_state(&k, quiet) == '.', "not yet");
	kit_pass(&k, 1);
	CHECK(kit_state(&k, quiet) == 'E' && k.counts[STREAMS_IDLE] == 1, "idle");
	CHECK(streams_count(k.streams) == 2, "others are not");
	kit_pass(&k, 599);
	CHECK(streams_count(k.streams) == 2, "their time began anew");
	kit_pass(&k, 1);
	CHECK(streams_count(k.streams) == 0 && k.counts[STREAMS_IDLE] == 3, "and ends too");
	close(quiet);
	close(pings);
	close(talks);
	kit_close(&k);
}

/* A byte now and then does not help. */
static void drip(void)
{
	struct kit k;
	int fd, other;

	kit_open(&k, "127.0.0.1:0");
	k.limits.message_time = 1000;
	streams_set_limits(k.streams, &k.limits);
	fd = kit_connect(&k, NULL);
	other = kit_connect(&k, NULL);
	for (size_t i = 0; i < 10; i++) {
		kit_write(fd, message + i, 1);
		kit_pass(&k, 99);
	}
	kit_write(other, message, KIT_MESSAGE - 1);
	CHECK(streams_count(k.streams) == 2, "not yet");
	kit_pass(&k, 10);
	CHECK(kit_state(&k, fd) == 'E' && k.counts[STREAMS_SLOW] == 1, "too slow");
	/* whole in time, and the next one's time begins with its own first byte */
	kit_pass(&k, 980);
	kit_write(other, message + KIT_MESSAGE - 1, 1);
	kit_write(other, message, 1);
	kit_pass(&k, 999);
	CHECK(streams_count(k.streams) == 1 && k.whole == 1, "in time");
	kit_pass(&k, 1);
	CHECK(streams_count(k.streams) == 0 && k.counts[STREAMS_SLOW] == 2, "too slow");
	close(fd);
	close(other);
	kit_close(&k);
}

/* A client with a small window that does not read. */
static int deaf(struct kit *k)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), size = 4096;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (fd < 0 || connect(fd, &k->at.sa.any, k->at.len) < 0)
		exit(1);
	kit_settle(k);
	return fd;
}

/* More than it may leave unread: gone at once. */
static void floods(void)
{
	struct kit k;
	int fd;

	kit_open(&k, "127.0.0.1:0");
	k.mode = KIT_FLOOD;
	fd = deaf(&k);
	kit_write(fd, message, KIT_MESSAGE);
	kit_settle(&k);
	CHECK(streams_count(k.streams) == 0 && k.counts[STREAMS_UNREAD] == 1, "closed");
	close(fd);
	kit_close(&k);
}

/* Asks without reading, until nothing more is taken of it.  @return bytes that were sent, with the
 * `sent` ones before */
static size_t ask(struct kit *k, int fd, const char *long_one, size_t len, size_t sent)
{
	for (int silent = 0; silent < 20;) {
		size_t at = sent % len;
		ssize_t n = send(fd, long_one + at, len - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		silent = n > 0 ? 0 : silent + 1;
		loop_step(k->loop, n > 0 ? 0 : 1);
	}
	return sent;
}

static void unread(void)
{
	static char long_one[10001];
	unsigned handled;
	size_t sent;
	struct kit k;
	int fd;

	memset(long_one, 'x', sizeof(long_one) - 1);
	memcpy(long_one, "INVITE sip:a SIP/2.0\r\nl: 9968\r\n\r\n", 33);
	long_one[32] = '\n';
	kit_open(&k, "127.0.0.1:0");
	fd = deaf(&k);
	sent = ask(&k, fd, long_one, 10000, 0);
	handled = k.whole;
	CHECK(handled > 0 && (size_t)handled * 10000 < sent, "no more is read: %u of %zu bytes",
	      handled, sent);
	kit_pass(&k, k.limits.send_time - 1);
	CHECK(streams_count(k.streams) == 1 && k.whole == handled, "not yet");
	/* it reads on, in time: all is answered in order */
	for (size_t at = 0; at < sent / 10000 * 10000; at += 10000) {
		size_t n = kit_read(&k, fd, got, 10000);

		if (n != 10000 || memcmp(got, long_one, 10000) != 0) {
			CHECK(false, "at %zu: %zu bytes", at, n);
			break;
		}
	}
	CHECK(streams_count(k.streams) == 1 && k.whole == sent / 10000, "all answered");
	kit_pass(&k, 1);
	CHECK(streams_count(k.streams) == 1, "and no longer late");
	ask(&k, fd, long_one, 10000, sent);
	kit_pass(&k, k.limits.send_time);
	CHECK(streams_count(k.streams) == 0, "too long unread");
	CHECK(k.counts[STREAMS_UNREAD] == 1, "counted");
	close(fd);
	kit_close(&k);
}

static unsigned open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

/* In a process of its own: as many descriptors as there are, and two. */
static void shortage(void)
{
	enum {
		CLIENTS = 10
	};
	struct rlimit few;
	int fd[CLIENTS];
	struct kit k;
	uint64_t full;

	kit_open(&k, "127.0.0.1:0");
	for (int i = 0; i < CLIENTS; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd[i] < 0)
			exit(1);
	}
	few.rlim_cur = few.rlim_max = (rlim_t)fd[CLIENTS - 1] + 3;
	setrlimit(RLIMIT_NOFILE, &few);
	for (int i = 0; i < CLIENTS; i++)
		if (connect(fd[i], &k.at.sa.any, k.at.len) < 0)
			exit(1);
	kit_settle(&k);
	CHECK(streams_count(k.streams) == 2, "%zu fit", streams_count(k.streams));
	for (int i = 2; i < CLIENTS; i++)
		CHECK(kit_state(&k, fd[i]) == 'R', "%d is turned away", i);
	full = k.counts[STREAMS_FULL];
	CHECK(full == 1, "%llu times", (unsigned long long)full);

	/* while accepting pauses nothing happens, however often the loop looks */
	close(fd[2]);
	fd[2] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	connect(fd[2], &k.at.sa.any, k.at.len);
	for (int i = 0; i < 1000; i++)
		loop_step(k.loop, 0);
	CHECK(k.counts[STREAMS_FULL] == full && kit_state(&k, fd[2]) == '.', "no spin");
	kit_pass(&k, 99);
	CHECK(k.counts[STREAMS_FULL] == full, "not yet");
	kit_pass(&k, 1);
	CHECK(k.counts[STREAMS_FULL] == full + 1 && kit_state(&k, fd[2]) == 'R', "tried again");

	/* one who goes makes room at once */
	close(fd[3]);
	fd[3] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	connect(fd[3], &k.at.sa.any, k.at.len);
	close(fd[0]);
	kit_settle(&k);
	CHECK(streams_count(k.streams) == 2 && kit_state(&k, fd[3]) == '.', "room again");
	kit_write(fd[3], message, KIT_MESSAGE);
	CHECK(kit_read(&k, fd[3], got, KIT_MESSAGE) == KIT_MESSAGE, "and answers");
	for (int i = 1; i < CLIENTS; i++)
		close(fd[i]);
	kit_close(&k);
}

static void shortage_apart(void)
{
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		check_passed = check_failed = 0;
		shortage();
		_exit(check_failed > 0 || check_passed == 0);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "no descriptors left");
}

int main(void)
{
	unsigned before = open_descriptors();

	kit_message(1, message);
	strangers();
	caps();
	shares();
	paid();
	idle();
	drip();
	floods();
	unread();
	shortage_apart();
	CHECK(open_descriptors() == before, "every descriptor is closed");
	return check_result();
}
