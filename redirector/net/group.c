/*
 * The first socket is bound without SO_REUSEPORT, which fails when anybody else has the
 * address, and gets the option afterwards; the others join it.  So two instances that start at
 * the same time cannot share an address by accident, and no moment is left between a trial and
 * the real thing.
 */
#include "redirector/net/group.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PORT_TRIES = 20, /* of a port that the kernel chose for the first socket alone */
};

static void set_option(int fd, int level, int name, int value)
{
	/* a refused wish shows in the granted buffer or in the first answer; not fatal */
	if (setsockopt(fd, level, name, &value, sizeof(value)) < 0)
		errno = 0;
}

static bool must_set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/* What begins with "ACK " is dropped: at offset 0 of a socket's filter is the UDP header. */
static bool filter_acks(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 12, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 8),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x41434b20, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
	};
	struct sock_fprog program = { SK_COUNT(code), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

static bool prepare(int fd, const struct addr *at, const struct group_set *set)
{
	int bytes = (int)set->receive_buffer;

	/* RFC 3493, 5.3: the wildcard of IPv6 leaves IPv4 to its own listener */
	if (at->sa.any.sa_family == AF_INET6 && !must_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))
		return false;
	if (set->kind == GROUP_TCP) /* connections of a run before this may still be there */
		return must_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set_option(fd, SOL_SOCKET, SO_RCVBUF, bytes);
	set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes);
	set_option(fd, SOL_SOCKET, SO_SNDBUF, bytes);
	return !set->ack_filter || filter_acks(fd);
}

/* A socket that nothing is bound to.  @return -1: errno says why */
static int open_socket(const struct addr *at, const struct group_set *set)
{
	int type = set->kind == GROUP_UDP ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(at->sa.any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0 || prepare(fd, at, set))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static bool start(int fd, const struct addr *at, const struct group_set *set)
{
	return bind(fd, &at->sa.any, at->len) == 0 &&
	       (set->kind == GROUP_UDP || listen(fd, set->backlog) == 0);
}

static bool open_first(struct group *g, const struct addr *at, const struct group_set *set)
{
	socklen_t len = sizeof(g->local.sa);
	int fd = open_socket(at, set);

	g->fds[0] = fd;
	if (fd < 0 || !start(fd, at, set) || getsockname(fd, &g->local.sa.any, &len) < 0)
		return false;
	g->local.len = len;
	return set->count == 1 || must_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
}

static bool open_next(struct group *g, unsigned i, const struct group_set *set)
{
	int fd = open_socket(&g->local, set);

	g->fds[i] = fd;
	return fd >= 0 && must_set(fd, SOL_SOCKET, SO_REUSEPORT, 1) && start(fd, &g->local, set);
}

static bool open_all(struct group *g, const struct addr *at, const struct group_set *set)
{
	g->kind = set->kind;
	g->count = set->count;
	for (unsigned i = 0; i < GROUP_MAX; i++)
		g->fds[i] = -1;
	if (!open_first(g, at, set))
		return false;
	for (unsigned i = 1; i < set->count; i++)
		if (!open_next(g, i, set))
			return false;
	return true;
}

bool group_open(const struct addr *at, const struct group_set *set, struct group *out,
		char why[256])
{
	char text[ADDR_TEXT_SIZE];
	struct group g;
	int error;

	for (int i = 0; i < PORT_TRIES; i++) {
		if (open_all(&g, at, set)) {
			*out = g;
			return true;
		}
		error = errno;
		group_close(&g);
		if (error != EADDRINUSE || addr_port(at) != 0)
			break;
	}
	addr_print(at, text);
	snprintf(why, 256, "%s:%s: %s", set->kind == GROUP_UDP ? "udp" : "tcp", text,
		 strerror(error));
	errno = error;
	return false;
}

void group_close(struct group *g)
{
	for (unsigned i = 0; i < g->count; i++)
		if (g->fds[i] >= 0)
			close(g->fds[i]);
	g->count = 0;
}

bool group_select(const struct group *g, const bool *live)
{
	struct sock_filter code[GROUP_PROGRAM_MAX];
	struct sock_fprog program = { .filter = code };
	unsigned indexes[GROUP_MAX], count = 0;

	if (g->count < 2)
		return true;
	for (unsigned i = 0; i < g->count; i++)
		if (live[i])
			indexes[count++] = i;
	if (count == 0) /* what comes now waits for whoever lives next */
		for (; count < g->count; count++)
			indexes[count] = count;
	program.len = (unsigned short)group_program(g->kind, indexes, count, code);
	/* of any member for all; the program before it goes in the same moment */
	return setsockopt(g->fds[0], SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
			  sizeof(program)) == 0;
}
