/*
 * Real sockets on 127.0.0.0/8 and ::1: from where an answer leaves, what becomes of
 * datagrams that are too long, and batches larger than one system call.
 */
#include "redirector/net/udp.h"
#include "tests/check.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

struct seen {
	unsigned count, cut;
	size_t last_len;
	struct addr last_local;
	bool silent;
	unsigned copies;
};

/* Echoes what came, `copies` times. */
static void on_datagram(void *arg, const struct packet *d)
{
	struct seen *seen = arg;

	seen->count++;
	seen->cut += d->fault == PACKET_CUT;
	seen->last_len = d->bytes.len;
	seen->last_local = d->local;
	for (unsigned i = 0; !seen->silent && i < seen->copies; i++) {
		char *room = udp_reserve(d->socket, d->bytes.len + 1);

		if (!room)
			exit(1);
		memcpy(room, d->bytes.ptr, d->bytes.len);
		udp_send(d->socket, &d->source, &d->local, d->bytes.len);
	}
}

static struct addr at(const char *text)
{
	struct addr a;

	if (!addr_parse(sk_span_of(text), &a))
		exit(1);
	return a;
}

static struct udp *listen_at(struct loop *loop, const char *text, struct seen *seen)
{
	struct addr a = at(text);
	char why[256] = "";
	struct udp *u = NULL;

	*seen = (struct seen){ .copies = 1 };
	if (!udp_new(loop, &a, 1 << 20, on_datagram, seen, &u, why)) {
		fprintf(stderr, "%s\n", why);
		exit(1);
	}
	return u;
}

/* A client bound to this address. */
static int client(const char *text)
{
	struct addr a = at(text);
	int fd = socket(a.sa.any.sa_family, SOCK_DGRAM, 0), size = 4 << 20;

	if (fd < 0 || bind(fd, &a.sa.any, a.len) < 0)
		exit(1);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

static void send_to(int fd, const char *bytes, size_t len, const char *host, const struct udp *u)
{
	char text[ADDR_TEXT_SIZE + 8];
	struct addr a;

	snprintf(text, sizeof(text), "%s:%u", host, addr_port(udp_local(u)));
	a = at(text);
	if (sendto(fd, bytes, len, 0, &a.sa.any, a.len) != (ssize_t)len)
		exit(1);
}

/* @return bytes of the answer, -1: none within a second */
static ssize_t receive(struct loop *loop, int fd, char *out, size_t size, struct addr *from)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (int i = 0; i < 100 && poll(&p, 1, 0) == 0; i++)
		loop_step(loop, 10);
	from->len = sizeof(from->sa);
	return recvfrom(fd, out, size, MSG_DONTWAIT, &from->sa.any, &from->len);
}

static void answers_from(struct loop *loop, const char *listen, const char *source,
			 const char *host)
{
	struct seen seen;
	struct udp *u = listen_at(loop, listen, &seen);
	char text[ADDR_TEXT_SIZE], want[ADDR_TEXT_SIZE + 8], got[64] = "";
	int fd = client(source);
	struct addr from;
	ssize_t n;

	send_to(fd, "hello", 5, host, u);
	n = receive(loop, fd, got, sizeof(got), &from);
	CHECK(n == 5 && memcmp(got, "hello", 5) == 0, "%s: echoed", listen);
	snprintf(want, sizeof(want), "%s:%u", host, addr_port(udp_local(u)));
	addr_print(&from, text);
	CHECK_STR(text, want, "the answer comes from where the question went");
	addr_print(&seen.last_local, text);
	CHECK_STR(text, want, "and the handler was told");
	CHECK(udp_counters(u)->received == 1 && udp_counters(u)->sent == 1, "counted");
	close(fd);
	udp_free(u);
}

static void long_ones(struct loop *loop)
{
	static const struct {
		size_t len;
		bool cut;
	} rows[] = {
		{ 0, false },
		{ 1, false },
		{ UDP_DATAGRAM_MAX - 1, false },
		{ UDP_DATAGRAM_MAX, false },
		{ UDP_DATAGRAM_MAX + 1, true },
		{ 65507, true },
	};
	static char bytes[65507];
	struct seen seen;
	struct udp *u = listen_at(loop, "127.0.0.1:0", &seen);
	int fd = client("127.0.0.1:0");

	seen.silent = true;
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		unsigned cut = seen.cut;

		send_to(fd, bytes, rows[i].len, "127.0.0.1", u);
		for (int k = 0; k < 100 && seen.count <= i; k++)
			loop_step(loop, 10);
		CHECK(seen.count == i + 1, "%zu bytes arrive", rows[i].len);
		CHECK(seen.cut - cut == rows[i].cut, "%zu bytes: cut", rows[i].len);
		CHECK(seen.last_len == (rows[i].cut ? (size_t)UDP_DATAGRAM_MAX : rows[i].len),
		      "%zu bytes: %zu", rows[i].len, seen.last_len);
	}
	close(fd);
	udp_free(u);
}

/* 200 datagrams in the queue, then one look: all are answered, each once, in order. */
static void batches(struct loop *loop, unsigned copies, size_t len)
{
	static char bytes[4096], got[4096];
	struct seen seen;
	struct udp *u = listen_at(loop, "127.0.0.1:0", &seen);
	int fd = client("127.0.0.1:0");
	unsigned answers = 0, wrong = 0;
	struct addr from;

	seen.copies = copies;
	for (unsigned i = 0; i < 200; i++) {
		snprintf(bytes, sizeof(bytes), "%u", i);
		send_to(fd, bytes, len, "127.0.0.1", u);
	}
	while (answers < 200 * copies && receive(loop, fd, got, sizeof(got), &from) == (ssize_t)len)
		wrong += strtoul(got, NULL, 10) != answers++ / copies;
	CHECK(answers == 200 * copies && wrong == 0, "%u answers, %u wrong", answers, wrong);
	CHECK(seen.count == 200 && udp_counters(u)->failed == 0, "%u seen", seen.count);
	CHECK(udp_counters(u)->sent == 200 * copies, "counted");
	close(fd);
	udp_free(u);
}

/* Outside of a handler an answer leaves at once; one that cannot leave is counted. */
static void later(struct loop *loop)
{
	struct seen seen;
	struct udp *u = listen_at(loop, "127.0.0.1:0", &seen);
	int fd = client("127.0.0.1:0");
	struct addr to = { .len = sizeof(to.sa) }, from, bad = at("[2001:db8::1]:5060");
	char got[16], *room = udp_reserve(u, 4);

	getsockname(fd, &to.sa.any, &to.len);
	memcpy(room, "late", 4);
	udp_send(u, &to, udp_local(u), 4);
	CHECK(receive(loop, fd, got, sizeof(got), &from) == 4, "sent at once");
	room = udp_reserve(u, 4);
	memcpy(room, "none", 4);
	udp_send(u, &bad, udp_local(u), 4);
	CHECK(udp_counters(u)->failed == 1 && udp_counters(u)->sent == 1, "refused and counted");
	CHECK(udp_reserve(u, UDP_SEND_BUFFER) && !udp_reserve(u, UDP_SEND_BUFFER + 1), "room");
	close(fd);
	udp_free(u);
}

static void cannot_bind(struct loop *loop)
{
	struct seen seen;
	struct udp *u = listen_at(loop, "127.0.0.1:0", &seen), *other = NULL;
	struct addr taken = *udp_local(u), far = at("192.0.2.1:0");
	char why[256] = "";

	CHECK(!udp_new(loop, &taken, 65536, on_datagram, &seen, &other, why) && !other, "taken");
	CHECK(strstr(why, "udp:127.0.0.1:") && strstr(why, "in use"), "%s", why);
	CHECK(!udp_new(loop, &far, 65536, on_datagram, &seen, &other, why) && !other, "not ours");
	CHECK(strstr(why, "udp:192.0.2.1:0"), "%s", why);
	CHECK(udp_receive_buffer(u) >= 65536, "receive buffer %d", udp_receive_buffer(u));
	udp_free(u);
	udp_free(NULL);
}

int main(void)
{
	struct loop *loop = loop_new();

	if (!loop)
		return 1;
	answers_from(loop, "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1");
	answers_from(loop, "0.0.0.0:0", "127.0.0.1:0", "127.0.0.1");
	answers_from(loop, "0.0.0.0:0", "127.0.0.1:0", "127.0.0.7");
	answers_from(loop, "[::1]:0", "[::1]:0", "[::1]");
	answers_from(loop, "[::]:0", "[::1]:0", "[::1]");
	long_ones(loop);
	batches(loop, 1, 50);
	batches(loop, 3, 2000);
	later(loop);
	cannot_bind(loop);
	loop_free(loop);
	return check_result();
}
