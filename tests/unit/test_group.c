/*
 * The selector as the kernel runs it, and as it is written down here once more; one address,
 * one group; what waits, waits.
 */
#include "redirector/net/group.h"
#include "tests/check.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CALLS = 1000,
	SHARE_OFF = 50, /* of 1,000: what a worker may get more or less than its share */
	SENT = 200,
	LONGEST = 700,
	PATIENCE_MS = 5000,
};

struct machine {
	uint32_t a, x;
	bool failed; /* a load out of range, an unknown instruction, no end */
};

static void load(struct machine *m, const struct sock_filter *i, const char *bytes, size_t len)
{
	const unsigned char *b = (const unsigned char *)bytes + i->k;

	if (BPF_MODE(i->code) == BPF_LEN) {
		m->a = (uint32_t)len;
		return;
	}
	m->failed = m->failed || i->code != (BPF_LD | BPF_W | BPF_ABS) || i->k + 4 > len;
	if (!m->failed)
		m->a = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void compute(struct machine *m, const struct sock_filter *i)
{
	uint32_t by = BPF_SRC(i->code) == BPF_X ? m->x : i->k;

	if (BPF_OP(i->code) == BPF_XOR)
		m->a ^= by;
	else if (BPF_OP(i->code) == BPF_MUL)
		m->a *= by;
	else if (BPF_OP(i->code) == BPF_RSH)
		m->a >>= by;
	else if (BPF_OP(i->code) == BPF_MOD && by > 0)
		m->a %= by;
	else
		m->failed = true;
}

/* Where a jump leads to, behind the next instruction. */
static size_t leap(struct machine *m, const struct sock_filter *i)
{
	if (BPF_OP(i->code) == BPF_JA)
		return i->k;
	if (BPF_OP(i->code) == BPF_JGE)
		return m->a >= i->k ? i->jt : i->jf;
	m->failed = m->failed || BPF_OP(i->code) != BPF_JEQ;
	return m->a == i->k ? i->jt : i->jf;
}

static unsigned run(const struct sock_filter *code, size_t count, const char *bytes, size_t len,
		    bool *failed)
{
	struct machine m = { 0 };

	for (size_t pc = 0; pc < count && !m.failed; pc++) {
		const struct sock_filter *i = &code[pc];

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			load(&m, i, bytes, len);
			break;
		case BPF_ALU:
			compute(&m, i);
			break;
		case BPF_MISC:
			*(BPF_MISCOP(i->code) == BPF_TAX ? &m.x : &m.a) =
				BPF_MISCOP(i->code) == BPF_TAX ? m.a : m.x;
			break;
		case BPF_JMP:
			pc += leap(&m, i);
			break;
		case BPF_RET:
			*failed = false;
			return i->k;
		default:
			m.failed = true;
		}
	}
	*failed = true;
	return 0;
}

/* Requests as proxies send them; what differs from call to call is in one place only. */
static const struct shape {
	const char *name, *text;
} shapes[] = {
	{ "a branch",
	  "INVITE sip:+14045550100@192.0.2.1:5060;user=phone SIP/2.0\r\n"
	  "Via: SIP/2.0/UDP "
	  "192.0.2.7:5060;branch=z9hG4bK%04x.c7b1d2a4000000000000000000000000.0\r\n"
	  "From: <sip:+12155550112@carrier.example>;tag=1\r\nCall-ID: one@lab\r\n\r\n" },
	{ "a number", "INVITE sip:+1404555%04d@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP "
		      "192.0.2.7;branch=1\r\n\r\n" },
	{ "a counter at the end of a branch",
	  "INVITE sip:+14045550100@x SIP/2.0\r\n"
	  "Via: SIP/2.0/UDP 192.0.2.7:5060;rport;branch=z9hG4bK-524287-1---%d;rport\r\nFrom: "
	  "x\r\n\r\n" },
	{ "a branch behind a route",
	  "INVITE sip:+14045550100@192.0.2.1:5060;user=phone SIP/2.0\r\n"
	  "Record-Route: <sip:192.0.2.7;lr;ftag=gK0c5d9b4b;did=c5c.6f81>\r\n"
	  "Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK%08x\r\nFrom: "
	  "x;tag=123456789012345678\r\n" },
	{ "a Call-ID",
	  "INVITE sip:+14045550100@192.0.2.1 SIP/2.0\r\nCall-ID: %d-9134@192.0.2.7\r\n"
	  "Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK\r\nMax-Forwards: 70\r\n\r\n" },
};

static size_t make(const struct shape *s, int n, char out[LONGEST])
{
	/* the only conversion of each is one of an int */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	int len = snprintf(out, LONGEST, s->text, n);
#pragma GCC diagnostic pop

	return (size_t)len;
}

static void spread_one(const struct shape *s, unsigned workers)
{
	unsigned live[GROUP_MAX], got[GROUP_MAX] = { 0 };
	struct sock_filter code[GROUP_PROGRAM_MAX];
	char text[LONGEST];
	size_t count;

	for (unsigned i = 0; i < workers; i++)
		live[i] = i;
	count = group_program(GROUP_UDP, live, workers, code);
	for (int n = 0; n < CALLS; n++) {
		size_t len = make(s, n, text);
		bool failed, again;
		unsigned to = run(code, count, text, len, &failed);

		CHECK(!failed && to < workers, "%s: call %d", s->name, n);
		CHECK(run(code, count, text, len, &again) == to, "%s: repeat %d", s->name, n);
		got[to % GROUP_MAX]++;
	}
	for (unsigned i = 0; i < workers; i++) {
		int off = (int)got[i] * 1000 / CALLS - 1000 / (int)workers;

		CHECK(off <= SHARE_OFF && off >= -SHARE_OFF, "%s: worker %u of %u has %u", s->name,
		      i, workers, got[i]);
	}
}

static void spread(void)
{
	static const unsigned workers[] = { 2, 3, 4, 7, 8, 16 };

	for (size_t i = 0; i < SK_COUNT(shapes); i++)
		for (size_t k = 0; k < SK_COUNT(workers); k++)
			spread_one(&shapes[i], workers[k]);
}

/* Whatever comes, the program reaches its end, and only the living are picked. */
static void any_length(void)
{
	static const unsigned live[] = { 1, 2, 5 };
	struct sock_filter code[GROUP_PROGRAM_MAX];
	unsigned all[GROUP_MAX], seen = 0;
	size_t count = group_program(GROUP_UDP, live, SK_COUNT(live), code);
	char bytes[LONGEST];

	for (size_t len = 0; len <= LONGEST; len++) {
		bool failed;
		unsigned to;

		for (size_t i = 0; i < len; i++)
			bytes[i] = (char)(i * 31 + len * 7);
		to = run(code, count, bytes, len, &failed);
		CHECK(!failed && (to == 1 || to == 2 || to == 5), "%zu bytes: to %u", len, to);
		seen |= 1u << to;
	}
	CHECK(seen == (1u << 1 | 1u << 2 | 1u << 5), "all of them: %x", seen);
	for (unsigned i = 0; i < GROUP_MAX; i++)
		all[i] = i;
	CHECK(group_program(GROUP_UDP, all, GROUP_MAX, code) <= GROUP_PROGRAM_MAX &&
		      group_program(GROUP_TCP, all, GROUP_MAX, code) <= GROUP_PROGRAM_MAX,
	      "there is room for all");
}

static struct group open_group(const char *address, enum group_kind kind, unsigned count)
{
	struct group_set set = {
		.kind = kind, .count = count, .receive_buffer = 1 << 20, .backlog = 256
	};
	struct group group = { .count = 0 };
	struct addr at;
	char why[256] = "no address";

	if (!addr_parse(sk_span_of(address), &at) || !group_open(&at, &set, &group, why)) {
		fprintf(stderr, "%s: %s\n", address, why);
		exit(1);
	}
	return group;
}

static int client(const struct group *g)
{
	int type = g->kind == GROUP_UDP ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(g->local.sa.any.sa_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, &g->local.sa.any, g->local.len) < 0) {
		perror("connect");
		exit(1);
	}
	return fd;
}

/* Takes what arrived first.  @return whose socket it was */
static unsigned take(const struct group *g)
{
	struct pollfd fds[GROUP_MAX];
	char byte;

	for (unsigned i = 0; i < g->count; i++)
		fds[i] = (struct pollfd){ .fd = g->fds[i], .events = POLLIN };
	if (poll(fds, g->count, PATIENCE_MS) <= 0)
		return GROUP_MAX;
	for (unsigned i = 0; i < g->count; i++) {
		if (!(fds[i].revents & POLLIN))
			continue;
		if (g->kind == GROUP_UDP)
			(void)!recv(fds[i].fd, &byte, 1, MSG_TRUNC);
		else
			close(accept(fds[i].fd, NULL, NULL));
		return i;
	}
	return GROUP_MAX;
}

static unsigned reach(const struct group *g, const char *text, size_t len)
{
	int fd = client(g);
	unsigned got;

	if (g->kind == GROUP_UDP && send(fd, text, len, 0) != (ssize_t)len)
		exit(1);
	got = take(g);
	close(fd);
	return got;
}

/* The order of the sockets is that of the indexes: what the kernel says to i comes to i. */
static void order(const char *address, enum group_kind kind)
{
	enum {
		COUNT = 5
	};
	struct group g = open_group(address, kind, COUNT);

	for (unsigned i = 0; i < COUNT; i++) {
		bool live[COUNT] = { false };

		live[i] = true;
		CHECK(group_select(&g, live), "%s: %s", address, strerror(errno));
		for (int n = 0; n < 8; n++) {
			char text[LONGEST];
			size_t len = make(&shapes[n % 5], n, text);
			unsigned to = reach(&g, text, len);

			CHECK(to == i, "%s kind %d: %u came to %u", address, (int)kind, i, to);
		}
	}
	group_close(&g);
}

/* The kernel comes to what we come to; a retransmission comes to the same worker, from whatever
 * port; connections come to all. */
static void as_written(const char *address)
{
	enum {
		COUNT = 4
	};
	static const unsigned indexes[] = { 0, 1, 3 };
	const bool live[COUNT] = { true, true, false, true };
	struct group udp = open_group(address, GROUP_UDP, COUNT);
	struct group tcp = open_group(address, GROUP_TCP, COUNT);
	struct sock_filter code[GROUP_PROGRAM_MAX];
	size_t count = group_program(GROUP_UDP, indexes, SK_COUNT(indexes), code);
	unsigned got[GROUP_MAX + 1] = { 0 };

	CHECK(group_select(&udp, live) && group_select(&tcp, live), "%s", strerror(errno));
	for (int n = 0; n < SENT; n++) {
		char text[LONGEST];
		size_t len = n % 10 == 9 ? (size_t)n : make(&shapes[n % 5], n, text);
		bool failed;
		unsigned want;

		if (n % 10 == 9)
			memset(text, n, len);
		want = run(code, count, text, len, &failed);
		for (int twice = 0; twice < 2; twice++) {
			unsigned to = reach(&udp, text, len);

			CHECK(to == want && !failed, "%s: %d: to %u, not %u", address, n, to, want);
		}
		got[reach(&tcp, "", 0)]++;
	}
	CHECK(got[0] > SENT / 6 && got[1] > SENT / 6 && got[3] > SENT / 6 && got[2] == 0,
	      "%s: connections: %u %u %u %u", address, got[0], got[1], got[2], got[3]);
	group_close(&udp);
	group_close(&tcp);
}

static bool opens(const struct addr *at, enum group_kind kind, unsigned count, char why[256])
{
	struct group_set set = { .kind = kind, .count = count, .backlog = 1 };
	struct group g;

	if (!group_open(at, &set, &g, why))
		return false;
	group_close(&g);
	return true;
}

/* Nobody joins; also not with one socket, and not for the wildcard of the same port. */
static void one_owner(const char *address, const char *any)
{
	static const enum group_kind kinds[] = { GROUP_UDP, GROUP_TCP };
	struct addr wild;
	char why[256];

	if (!addr_parse(sk_span_of(any), &wild))
		exit(1);
	for (size_t k = 0; k < SK_COUNT(kinds); k++) {
		for (unsigned n = 1; n < 4; n++) {
			struct group g = open_group(address, kinds[k], n);

			addr_set_port(&wild, addr_port(&g.local));
			for (unsigned other = 1; other < 3; other++) {
				CHECK(!opens(&g.local, kinds[k], other, why) &&
					      strstr(why, strerror(EADDRINUSE)),
				      "%s: %u join %u: %s", address, other, n, why);
				CHECK(!opens(&wild, kinds[k], other, why), "%s: %u join %u", any,
				      other, n);
			}
			group_close(&g);
			CHECK(opens(&g.local, kinds[k], n, why), "%s: free again: %s", address,
			      why);
		}
	}
}

/* The wildcards of IPv4 and IPv6 are two addresses. */
static void both_families(void)
{
	struct group v4 = open_group("0.0.0.0:0", GROUP_UDP, 2);
	struct addr v6;
	char why[256];

	if (!addr_parse(SK_SPAN("[::]:0"), &v6))
		exit(1);
	addr_set_port(&v6, addr_port(&v4.local));
	CHECK(opens(&v6, GROUP_UDP, 2, why), "%s", why);
	group_close(&v4);
}

static void acks(void)
{
	static const char *const sent[] = {
		"ACK sip:x SIP/2.0\r\n", "ACK ", "ACK", "", "ACKX sip:x", "OPTIONS sip:x"
	};
	struct group_set set = {
		.kind = GROUP_UDP, .count = 1, .receive_buffer = 65536, .ack_filter = true
	};
	struct group g = { .count = 0 };
	struct addr at;
	char why[256] = "", text[64];
	int fd;

	if (!addr_parse(SK_SPAN("127.0.0.1:0"), &at) || !group_open(&at, &set, &g, why)) {
		fprintf(stderr, "%s\n", why);
		exit(1);
	}
	fd = client(&g);
	for (size_t i = 0; i < SK_COUNT(sent); i++)
		CHECK(send(fd, sent[i], strlen(sent[i]), 0) >= 0, "%s", sent[i]);
	for (size_t i = 2; i < SK_COUNT(sent); i++) {
		ssize_t len = recv(g.fds[0], text, sizeof(text) - 1, MSG_DONTWAIT);

		text[len > 0 ? len : 0] = '\0';
		CHECK_STR(text, sent[i], "what is no ACK");
	}
	CHECK(recv(g.fds[0], text, sizeof(text), MSG_DONTWAIT) < 0, "nothing else came");
	close(fd);
	group_close(&g);
}

/* What lies in a socket stays there when its worker gets nothing more; with nobody alive, what
 * comes waits as well. */
static void waits(void)
{
	struct group g = open_group("127.0.0.1:0", GROUP_UDP, 2);
	const bool first[] = { true, false }, second[] = { false, true }, none[] = { false, false };
	int fd = client(&g);

	CHECK(group_select(&g, first) && send(fd, "1", 1, 0) == 1, "to the first");
	CHECK(group_select(&g, second) && send(fd, "2", 1, 0) == 1, "to the second");
	CHECK(group_select(&g, none) && send(fd, "3", 1, 0) == 1, "to either");
	CHECK(take(&g) == 0, "the first has what came to it");
	CHECK(take(&g) < 2 && take(&g) < 2, "and nothing is lost");
	close(fd);
	group_close(&g);
}

int main(void)
{
	static const char *const addresses[] = { "127.0.0.1:0", "[::1]:0", "0.0.0.0:0" };

	spread();
	any_length();
	for (size_t i = 0; i < SK_COUNT(addresses); i++) {
		order(addresses[i], GROUP_UDP);
		order(addresses[i], GROUP_TCP);
		as_written(addresses[i]);
	}
	one_owner("127.0.0.1:0", "0.0.0.0:0");
	one_owner("[::1]:0", "[::]:0");
	both_families();
	acks();
	waits();
	return check_result();
}
