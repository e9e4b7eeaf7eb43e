/*
 * Sockets of the HTTP side: what is bound, how, and what is said when it cannot be.
 */
#include "redirector/http_sockets.h"
#include "tests/check.h"
#include "tests/unit/confkit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int option(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	if (getsockopt(fd, level, name, &value, &len) < 0)
		return -1;
	return value;
}

static unsigned port_of(int fd)
{
	struct addr at = { .len = sizeof(at.sa) };

	if (getsockname(fd, &at.sa.any, &at.len) < 0)
		return 0;
	return addr_port(&at);
}

static void check_socket(const struct http_socket *socket, enum http_door door, int family)
{
	CHECK(socket->door == door, "door %d", (int)socket->door);
	CHECK(option(socket->fd, SOL_SOCKET, SO_DOMAIN) == family, "family");
	CHECK(option(socket->fd, SOL_SOCKET, SO_ACCEPTCONN) == 1, "it listens");
	CHECK(option(socket->fd, SOL_SOCKET, SO_REUSEADDR) == 1, "a run before it is no hindrance");
	CHECK(option(socket->fd, SOL_SOCKET, SO_REUSEPORT) == 0, "nobody shares it");
	CHECK(fcntl(socket->fd, F_GETFL) & O_NONBLOCK, "it does not block");
	CHECK(fcntl(socket->fd, F_GETFD) & FD_CLOEXEC, "it is not inherited by accident");
	CHECK(port_of(socket->fd) != 0, "it has a port");
	if (family == AF_INET6)
		CHECK(option(socket->fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1, "IPv4 is apart");
}

static void test_all(void)
{
	SK_CLEANUP(conf_unref_p)
	struct conf *conf =
		loaded("http: {listen: [\"http:127.0.0.1:0\", \"https:[::1]:0\", \"http:[::]:0\"], "
		       "health: \"127.0.0.1:0\", certificate: c, key: k}\n");
	struct http_sockets sockets = { .count = 0 };
	char why[256] = "";
	int fd;

	if (!conf)
		return;
	CHECK(http_sockets_wanted(conf), "wanted");
	if (!http_sockets_open(conf, &sockets, why)) {
		CHECK(false, "%s", why);
		return;
	}
	CHECK(sockets.count == 4, "%zu sockets", sockets.count);
	check_socket(&sockets.items[0], DOOR_HTTP, AF_INET);
	check_socket(&sockets.items[1], DOOR_HTTPS, AF_INET6);
	check_socket(&sockets.items[2], DOOR_HTTP, AF_INET6);
	check_socket(&sockets.items[3], DOOR_HEALTH, AF_INET);
	fd = sockets.items[3].fd;
	http_sockets_close(&sockets);
	CHECK(sockets.count == 0 && fcntl(fd, F_GETFD) < 0, "closed");
	http_sockets_close(&sockets); /* nothing more happens */
}

/* Which of the two settings it was; what was bound before it is left to close. */
static void test_in_use(void)
{
	static const struct {
		const char *yaml, *why;
		size_t before;
	} rows[] = {
		{ "http: {listen: [\"http:127.0.0.1:%u\"], health: \"\"}\n",
		  "http.listen: tcp:127.0.0.1:%u: Address already in use", 0 },
		{ "http: {listen: [\"http:127.0.0.1:0\", \"http:127.0.0.1:%u\"], health: \"\"}\n",
		  "http.listen: tcp:127.0.0.1:%u: Address already in use", 1 },
		{ "http: {listen: [\"http:127.0.0.1:0\"], health: \"127.0.0.1:%u\"}\n",
		  "http.health: tcp:127.0.0.1:%u: Address already in use; set another address, or "
		  "\"\" for none",
		  1 },
	};
	SK_CLEANUP(conf_unref_p) struct conf *first = loaded("http: {health: \"127.0.0.1:0\"}\n");
	struct http_sockets taken = { .count = 0 };
	char why[256] = "";
	unsigned port;

	if (!first || !http_sockets_open(first, &taken, why)) {
		CHECK(false, "%s", why);
		return;
	}
	port = port_of(taken.items[0].fd);
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		char yaml[256], want[256];
		struct http_sockets sockets = { .count = 0 };
		struct conf *conf;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(yaml, sizeof(yaml), rows[i].yaml, port);
		snprintf(want, sizeof(want), rows[i].why, port);
#pragma GCC diagnostic pop
		conf = loaded(yaml);
		if (!conf)
			continue;
		CHECK(!http_sockets_open(conf, &sockets, why), "row %zu", i);
		CHECK(errno == EADDRINUSE, "row %zu: errno %d", i, errno);
		CHECK_STR(why, want, yaml);
		CHECK(sockets.count == rows[i].before, "row %zu: %zu", i, sockets.count);
		http_sockets_close(&sockets);
		conf_unref(conf);
	}
	http_sockets_close(&taken);
}

static void test_none(void)
{
	SK_CLEANUP(conf_unref_p) struct conf *off = loaded("http: {health: \"\"}\n");
	SK_CLEANUP(conf_unref_p) struct conf *usual = loaded("log: {level: info}\n");
	struct http_sockets sockets = { .count = 0 };
	char why[256] = "";

	if (!off || !usual)
		return;
	CHECK(!http_sockets_wanted(off), "switched off");
	CHECK(http_sockets_open(off, &sockets, why) && sockets.count == 0, "nothing to bind: %s",
	      why);
	CHECK(http_sockets_wanted(usual), "health is there unless it is switched off");
}

/* Who tries to come in now: 0, or errno. */
static int knock(unsigned port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error = connect(fd, (struct sockaddr *)(void *)&at, sizeof(at)) < 0 ? errno : 0;

	close(fd);
	return error;
}

/* Another process has the socket, too, and does not accept: who comes hears it at once. */
static void test_refuse(void)
{
	SK_CLEANUP(conf_unref_p) struct conf *conf = loaded("http: {health: \"127.0.0.1:0\"}\n");
	struct http_sockets sockets = { .count = 0 };
	char why[256] = "";
	unsigned port;
	int other;

	if (!conf || !http_sockets_open(conf, &sockets, why)) {
		CHECK(false, "%s", why);
		return;
	}
	port = port_of(sockets.items[0].fd);
	other = dup(sockets.items[0].fd);
	CHECK(knock(port) == 0, "nobody accepts, and it waits");
	http_sockets_refuse(&sockets);
	CHECK(knock(port) == ECONNREFUSED, "refused");
	http_sockets_refuse(&sockets); /* nothing more happens */
	CHECK(knock(port) == ECONNREFUSED, "refused");
	http_sockets_close(&sockets);
	close(other);
}

int main(void)
{
	test_all();
	test_refuse();
	test_in_use();
	test_none();
	return check_result();
}
