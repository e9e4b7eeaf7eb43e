/*
 * UDP: one socket is one 4-tuple, which is what a single proxy looks like to the
 * kernel of the server.  Each has a batch of its own, since a batch is one call
 * of sendmmsg().
 */
#include "bench/blast.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	SOCKET_BUFFER = 8 << 20
};

struct batch {
	struct mmsghdr heads[BATCH];
	struct iovec vectors[BATCH];
	char bytes[BATCH][MESSAGE_SIZE];
	size_t count;
};

struct socket_lane {
	int fd;
	struct batch *out; /* owned */
};

struct sockets {
	struct lanes head;
	struct batch *in; /* owned */
	bool broken;      /* errno of a send that failed is in `fault` */
	int fault;
	struct socket_lane lanes[];
};

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int blast_socket(const struct wish *wish, int type)
{
	int size = SOCKET_BUFFER;
	int fd = socket(wish->to.sa.any.sa_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (type == SOCK_DGRAM &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, &wish->from.sa.any, wish->from.len) == 0 &&
	    connect(fd, &wish->to.sa.any, wish->to.len) == 0)
		return fd;
	close(fd);
	return -1;
}

static struct batch *batch_new(void)
{
	struct batch *b = calloc(1, sizeof(*b));

	for (size_t i = 0; b && i < BATCH; i++) {
		b->vectors[i] = (struct iovec){ b->bytes[i], MESSAGE_SIZE };
		b->heads[i].msg_hdr = (struct msghdr){ .msg_iov = &b->vectors[i], .msg_iovlen = 1 };
	}
	return b;
}

/* A full buffer is waited out: what we do not send, the server cannot lose.  A server that
 * was just killed makes the kernel refuse: those calls are lost, which is for others to count. */
static void batch_send(struct sockets *s, struct socket_lane *lane)
{
	struct batch *b = lane->out;

	for (size_t sent = 0; sent < b->count;) {
		int n = sendmmsg(lane->fd, b->heads + sent, (unsigned)(b->count - sent), 0);

		if (n > 0) {
			sent += (size_t)n;
		} else if (errno == ECONNREFUSED) {
			sent++;
		} else if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR) {
			s->broken = true;
			s->fault = errno;
			break;
		}
	}
	b->count = 0;
}

static char *sockets_room(struct lanes *lanes, size_t lane, bool urgent)
{
	struct sockets *s = (struct sockets *)lanes;
	struct batch *b = s->lanes[lane].out;

	(void)urgent;
	if (b->count == BATCH)
		batch_send(s, &s->lanes[lane]);
	return b->bytes[b->count];
}

static void sockets_put(struct lanes *lanes, size_t lane, size_t len)
{
	struct sockets *s = (struct sockets *)lanes;
	struct batch *b = s->lanes[lane].out;

	b->vectors[b->count++].iov_len = len;
}

static bool sockets_work(struct lanes *lanes, take_fn *take, void *arg)
{
	struct sockets *s = (struct sockets *)lanes;

	for (size_t lane = 0; lane < lanes->count; lane++) {
		uint64_t now;
		int n;

		if (s->lanes[lane].out->count > 0)
			batch_send(s, &s->lanes[lane]);
		n = recvmmsg(s->lanes[lane].fd, s->in->heads, BATCH, MSG_DONTWAIT, NULL);
		if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED)
			return false;
		now = now_ns();
		for (int i = 0; i < n; i++)
			take(arg, lane,
			     (struct sk_span){ s->in->bytes[i], s->in->heads[i].msg_len }, now);
	}
	errno = s->fault;
	return !s->broken;
}

static void sockets_free(struct lanes *lanes)
{
	struct sockets *s = (struct sockets *)lanes;

	for (size_t i = 0; i < lanes->count; i++) {
		if (s->lanes[i].fd >= 0)
			close(s->lanes[i].fd);
		free(s->lanes[i].out);
	}
	free(s->in);
	free(s);
}

static bool sockets_open(const struct wish *wish, struct lanes **out)
{
	static const struct lanes_class class = { sockets_room, sockets_put, sockets_work,
						  sockets_free };
	struct sockets *s = calloc(1, sizeof(*s) + wish->lanes * sizeof(s->lanes[0]));

	if (!s)
		return false;
	s->head.class = &class;
	s->in = batch_new();
	for (size_t i = 0; i < wish->lanes; i++, s->head.count++) {
		s->lanes[i].fd = blast_socket(wish, SOCK_DGRAM);
		s->lanes[i].out = batch_new();
		if (s->lanes[i].fd < 0 || !s->lanes[i].out || !s->in) {
			fprintf(stderr, "blast: a socket: %s\n", strerror(errno));
			s->head.count++;
			sockets_free(&s->head);
			return false;
		}
	}
	s->head.local = wish->from;
	(void)getsockname(s->lanes[0].fd, &s->head.local.sa.any, &s->head.local.len);
	*out = &s->head;
	return true;
}

bool lanes_open(const struct wish *wish, struct lanes **out)
{
	return wish->transport == OVER_UDP ? sockets_open(wish, out) : streams_open(wish, out);
}

void lanes_free(struct lanes *lanes)
{
	if (lanes)
		lanes->class->free(lanes);
}
