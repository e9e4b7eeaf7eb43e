/*
 * Messages are lines "NAME=value" in one datagram to a socket of the manager (sd_notify(3) has the
 * protocol, and that it is stable).  libsystemd would do it too, but its send waits while the
 * manager's queue is full, and a manager that hangs must not hang us.
 */
#include "redirector/base/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	STATUS_SIZE = 256, /* one line of a terminal, and some */
};

/* "/path", or "@name" for an abstract socket.  @return its length, 0: none */
static socklen_t address(struct sockaddr_un *out)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t len = name ? strlen(name) : 0;

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (len < 2 || len >= sizeof(out->sun_path) || (name[0] != '/' && name[0] != '@'))
		return 0;
	memcpy(out->sun_path, name, len);
	if (name[0] == '@')
		out->sun_path[0] = '\0'; /* unix(7): no terminator belongs to such a name */
	else
		len++;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static void tell(const char *message)
{
	struct sockaddr_un to;
	socklen_t len = address(&to);
	int fd;

	if (len == 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	sendto(fd, message, strlen(message), MSG_NOSIGNAL, (const struct sockaddr *)&to, len);
	close(fd);
}

void notify_ready(void)
{
	tell("READY=1");
}

void notify_reloading(void)
{
	struct timespec now = { 0 };
	char message[64];

	/* Type=notify-reload of systemd 253 tells by the time that this is the answer to its own
	 * SIGHUP; others pass over it */
	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%lld",
		 (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	tell(message);
}

void notify_stopping(void)
{
	tell("STOPPING=1");
}

void notify_status(const char *text)
{
	static const char name[] = "STATUS=";
	char message[sizeof(name) + STATUS_SIZE];

	snprintf(message, sizeof(message), "%s%.*s", name, STATUS_SIZE - 1, text);
	for (unsigned char *p = (unsigned char *)message; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = ' ';
	tell(message);
}

void notify_alive(void)
{
	if (notify_watchdog_ms() > 0)
		tell("WATCHDOG=1");
}

/* A whole number and nothing else, from 1 on; 0: it is none. */
static int64_t number(const char *text)
{
	char *end = NULL;
	long long n;

	if (!text || text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	n = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0' ? n : 0;
}

int64_t notify_watchdog_ms(void)
{
	int64_t us = number(getenv("WATCHDOG_USEC"));
	const char *pid = getenv("WATCHDOG_PID");

	/* a worker inherits the variables and is not meant */
	if (us == 0 || (pid && number(pid) != getpid()))
		return 0;
	return us < 1000 ? 1 : us / 1000;
}
