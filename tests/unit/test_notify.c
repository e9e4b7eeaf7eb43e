/*
 * The service manager, played by a socket: with a name in a folder, abstract, and none at all.
 */
#include "redirector/base/notify.h"

#include "tests/check.h"

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* longer than an address may be */
#define LONG_NAME \
	"/tmp/" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static char got[4096];

/* A socket at that address; "@" stands for the NUL of an abstract one. */
static int listen_at(const char *address)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	size_t len = strlen(address);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(at.sun_path, address, len);
	if (address[0] == '@')
		at.sun_path[0] = '\0';
	if (fd < 0 || bind(fd, (struct sockaddr *)&at,
			   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) != 0) {
		perror(address);
		exit(1);
	}
	return fd;
}

/* The next datagram, or "" when there is none. */
static const char *next(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n = poll(&p, 1, 0) > 0 ? recv(fd, got, sizeof(got) - 1, 0) : 0;

	got[n > 0 ? n : 0] = '\0';
	return got;
}

static void test_messages(int fd)
{
	long long us = 0;
	char rest = 0;

	notify_ready();
	CHECK_STR(next(fd), "READY=1", "ready");
	notify_stopping();
	CHECK_STR(next(fd), "STOPPING=1", "stopping");
	notify_alive();
	CHECK_STR(next(fd), "", "nobody asked for a sign of life");
	setenv("WATCHDOG_USEC", "20000000", 1);
	notify_alive();
	CHECK_STR(next(fd), "WATCHDOG=1", "a sign of life");
	unsetenv("WATCHDOG_USEC");
	notify_reloading();
	CHECK(sscanf(next(fd), "RELOADING=1\nMONOTONIC_USEC=%lld%c", &us, &rest) == 1 && us > 0,
	      "reloading: %s", got);
	CHECK_STR(next(fd), "", "one message each");
}

static void test_status(int fd)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "4 workers", "STATUS=4 workers" },
		{ "", "STATUS=" },
		{ "100 % of %s", "STATUS=100 % of %s" },
		{ "reload failed\nREADY=1", "STATUS=reload failed READY=1" },
		{ "a\r\n\tb\x7f\xc3\xa4", "STATUS=a   b   " },
	};
	char longest[1000];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		notify_status(rows[i].text);
		CHECK_STR(next(fd), rows[i].want, rows[i].text);
	}
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	notify_status(longest);
	CHECK(strlen(next(fd)) == strlen("STATUS=") + 255, "a long status: %zu", strlen(got));
}

static void test_manager(const char *address)
{
	int fd = listen_at(address);

	setenv("NOTIFY_SOCKET", address, 1);
	test_messages(fd);
	test_status(fd);
	close(fd);
	notify_ready(); /* it is gone: nobody's business */
	CHECK(getenv("NOTIFY_SOCKET") != NULL, "it may come back");
	if (address[0] == '/')
		unlink(address);
}

/* A manager that hangs: its queue is full, and nobody here waits for it. */
static void test_hanging(const char *address)
{
	int fd = listen_at(address), count = 0;

	setenv("NOTIFY_SOCKET", address, 1);
	for (int i = 0; i < 100000; i++)
		notify_status("does it hang?");
	while (next(fd)[0] != '\0')
		count++;
	CHECK(count > 0 && count < 100000, "what fits arrives: %d", count);
	notify_ready();
	CHECK_STR(next(fd), "READY=1", "it is back");
	close(fd);
	unlink(address);
}

static void test_nobody(void)
{
	static const char *const rows[] = { "",         "nonsense", "/nonexistent/notify", "@", "/",
					    "relative", LONG_NAME };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setenv("NOTIFY_SOCKET", rows[i], 1);
		notify_ready();
		notify_status("nobody hears it");
		notify_alive();
	}
	unsetenv("NOTIFY_SOCKET");
	notify_ready();
	notify_reloading();
	notify_stopping();
	CHECK(1, "without a manager nothing happens");
}

static void test_watchdog(void)
{
	static const struct {
		const char *us, *pid;
		int64_t ms;
	} rows[] = {
		{ NULL, NULL, 0 },
		{ "20000000", NULL, 20000 },
		{ "20000000", "self", 20000 },
		{ "20000000", "1", 0 }, /* somebody else's: the supervisor's, seen by a worker */
		{ "1", NULL, 1 },
		{ "0", NULL, 0 },
		{ "-5", NULL, 0 },
		{ "soon", NULL, 0 },
		{ "", NULL, 0 },
		{ "20000000", "me", 0 },
		{ "18446744073709551615", NULL, 0 },
	};
	char self[32];

	snprintf(self, sizeof(self), "%d", (int)getpid());
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsetenv("WATCHDOG_USEC");
		unsetenv("WATCHDOG_PID");
		if (rows[i].us)
			setenv("WATCHDOG_USEC", rows[i].us, 1);
		if (rows[i].pid)
			setenv("WATCHDOG_PID", strcmp(rows[i].pid, "self") ? rows[i].pid : self, 1);
		CHECK(notify_watchdog_ms() == rows[i].ms, "row %zu: %lld", i,
		      (long long)notify_watchdog_ms());
	}
}

int main(void)
{
	char folder[] = "/tmp/notify-XXXXXX", address[64];

	if (!mkdtemp(folder))
		return 1;
	snprintf(address, sizeof(address), "%s/socket", folder);
	test_manager(address);
	test_hanging(address);
	snprintf(address, sizeof(address), "@shaken-notify-%d", (int)getpid());
	test_manager(address);
	test_nobody();
	test_watchdog();
	rmdir(folder);
	return check_result();
}
