/*
 * HEP3 as a collector reads it; what is refused, what is dropped, and that nothing ever waits.
 */
#include "redirector/base/hep.h"

#include "tests/unit/hep_decode.h"
#include "tests/unit/starve.h"

#include <errno.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>

/* --- calls of the kernel that fail when told --- */

int __real_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol);
int __real_connect(int fd, const struct sockaddr *to, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *to, socklen_t len);
ssize_t __real_send(int fd, const void *bytes, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags);

static int socket_error, connect_error, send_error;
static int send_flags;

int __wrap_socket(int family, int type, int protocol)
{
	errno = socket_error;
	return socket_error ? -1 : __real_socket(family, type, protocol);
}

int __wrap_connect(int fd, const struct sockaddr *to, socklen_t len)
{
	errno = connect_error;
	return connect_error ? -1 : __real_connect(fd, to, len);
}

ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags)
{
	send_flags = flags;
	errno = send_error;
	return send_error ? -1 : __real_send(fd, bytes, len, flags);
}

static struct decoded got;

static struct addr address(const char *text)
{
	struct addr addr = { .len = 0 };

	CHECK(addr_parse(sk_span_of(text), &addr), "%s", text);
	return addr;
}

static struct hep *open_hep(const char *collector, int64_t rate)
{
	struct hep_settings settings = { .collector = collector,
					 .id = 2001,
					 .password = SK_SPAN("s3cret"),
					 .node = "node-1",
					 .rate = rate };
	char why[256] = "";
	struct hep *hep = NULL;

	CHECK(hep_new(&settings, &hep, why), "%s: %s", collector, why);
	return hep;
}

static void send_text(struct hep *hep, struct sk_span text)
{
	struct addr from = address("192.0.2.1:5060"), to = address("198.51.100.2:5070");

	hep_send(hep, &(struct hep_packet){ .kind = HEP_SIP,
					    .from = &from,
					    .to = &to,
					    .transport = "udp",
					    .payload = text });
}

/* --- which collectors there may be --- */

static void test_collectors(void)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "udp:192.0.2.9:9060", true },
		{ "udp:[2001:db8::9]:9060", true },
		{ "udp:127.0.0.1:1", true },
		{ "udp:[::1]:65535", true },
		{ "udp:[::ffff:192.0.2.9]:9060", true },
		{ "", false },
		{ "udp:", false },
		{ "192.0.2.9:9060", false },
		{ "tcp:192.0.2.9:9060", false },
		{ "UDP:192.0.2.9:9060", false },
		{ "udp:192.0.2.9", false },
		{ "udp:192.0.2.9:", false },
		{ "udp:192.0.2.9:0", false },
		{ "udp:192.0.2.9:65536", false },
		{ "udp:192.0.2.9:9060 ", false },
		{ "udp:homer.example:9060", false },
		{ "udp::9060", false },
		{ "udp:0.0.0.0:9060", false },
		{ "udp:[::]:9060", false },
		{ "udp:224.0.0.1:9060", false },
		{ "udp:255.255.255.255:9060", false },
		{ "udp:[::ffff:224.0.0.1]:9060", false },
		{ "udp:[ff02::1]:9060", false },
		{ "udp:2001:db8::9:9060", false },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct addr addr = { .len = 77 };
		bool good = hep_collector_parse(rows[i].text, &addr);

		CHECK(good == rows[i].good, "\"%s\"", rows[i].text);
		CHECK(good || addr.len == 77, "\"%s\" leaves what was there", rows[i].text);
	}
}

static void test_settings(void)
{
	static char many[300]; /* filled below */
	const struct {
		const char *what;
		struct hep_settings settings;
		bool good;
		const char *names;
	} rows[] = {
		{ "least", { "udp:127.0.0.1:9", 0, { NULL, 0 }, "", 1 }, true, "" },
		{ "most",
		  { "udp:127.0.0.1:9",
		    4294967295,
		    { many, HEP_PASSWORD_MAX },
		    many + 299 - HEP_NODE_MAX,
		    1000000 },
		  true,
		  "" },
		{ "no collector", { "", 1, { NULL, 0 }, "", 1 }, false, "hep.collector" },
		{ "TCP", { "tcp:127.0.0.1:9", 1, { NULL, 0 }, "", 1 }, false, "hep.collector" },
		{ "a long password",
		  { "udp:127.0.0.1:9", 1, { many, HEP_PASSWORD_MAX + 1 }, "", 1 },
		  false,
		  "hep.password" },
		{ "a long name",
		  { "udp:127.0.0.1:9", 1, { NULL, 0 }, many + 298 - HEP_NODE_MAX, 1 },
		  false,
		  "hep.node" },
		{ "no rate", { "udp:127.0.0.1:9", 1, { NULL, 0 }, "", 0 }, false, "hep.rate" },
		{ "less than none",
		  { "udp:127.0.0.1:9", 1, { NULL, 0 }, "", -1 },
		  false,
		  "hep.rate" },
	};

	memset(many, 'q', sizeof(many) - 1);
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct hep *hep = NULL;
		char why[256] = "";
		bool good = hep_new(&rows[i].settings, &hep, why);

		CHECK(good == rows[i].good, "%s: %s", rows[i].what, why);
		CHECK((hep != NULL) == good, "%s: out", rows[i].what);
		CHECK(strncmp(why, rows[i].names, strlen(rows[i].names)) == 0, "%s: \"%s\"",
		      rows[i].what, why);
		CHECK(!strstr(why, "qqq"), "%s: no secret in \"%s\"", rows[i].what, why);
		hep_free(hep);
	}
	hep_free(NULL);
}

/* --- the bytes --- */

struct wanted {
	const char *from, *to, *transport;
	unsigned family, protocol;
	unsigned from_type, to_type;
	const char *from_bytes, *to_bytes;
	size_t bytes;
	unsigned from_port, to_port;
};

/* As exact as what is compared with it: time() is behind by up to a tick. */
static int64_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

static void check_one(int fd, struct hep *hep, const struct wanted *w)
{
	struct addr from = address(w->from), to = address(w->to);
	int64_t before = seconds(), at;

	hep_send(hep, &(struct hep_packet){ .kind = HEP_LOG,
					    .from = &from,
					    .to = &to,
					    .transport = w->transport,
					    .correlation = SK_SPAN("call@example.org"),
					    .payload = SK_SPAN("{\"a\":1}") });
	CHECK(collector_next(fd, &got) && !got.fault, "%s: %s", w->from, got.fault);
	CHECK(chunk_number(&got, 1) == w->family, "%s: family", w->from);
	CHECK(chunk_number(&got, 2) == w->protocol, "%s: protocol", w->transport);
	CHECK(chunk_is(&got, w->from_type, w->from_bytes, w->bytes), "%s: from", w->from);
	CHECK(chunk_is(&got, w->to_type, w->to_bytes, w->bytes), "%s: to", w->to);
	for (unsigned type = 3; type <= 6; type++)
		CHECK(got.chunk[type].there == (type == w->from_type || type == w->to_type),
		      "%s: no other address", w->from);
	CHECK(chunk_number(&got, 7) == w->from_port, "%s: port", w->from);
	CHECK(chunk_number(&got, 8) == w->to_port, "%s: port", w->to);
	at = chunk_number(&got, 9);
	CHECK(at >= before && at <= seconds(), "seconds");
	CHECK(chunk_number(&got, 10) >= 0 && chunk_number(&got, 10) < 1000000, "microseconds");
	CHECK(chunk_number(&got, 11) == 100, "kind");
	CHECK(chunk_number(&got, 12) == 2001 && got.chunk[12].len == 4, "agent");
	CHECK(chunk_is(&got, 14, "s3cret", 6), "password");
	CHECK(chunk_is(&got, 15, "{\"a\":1}", 7), "payload");
	CHECK(chunk_is(&got, 17, "call@example.org", 16), "correlation");
	CHECK(chunk_is(&got, 19, "node-1", 6), "node");
	CHECK(!collector_next(fd, &got), "one packet");
}

static void test_bytes(int family)
{
	static const struct wanted rows[] = {
		{ "192.0.2.1:5060", "198.51.100.2:5070", "udp", 2, 17, 3, 4, "\xc0\x00\x02\x01",
		  "\xc6\x33\x64\x02", 4, 5060, 5070 },
		{ "192.0.2.1:65535", "198.51.100.2:1", "tcp", 2, 6, 3, 4, "\xc0\x00\x02\x01",
		  "\xc6\x33\x64\x02", 4, 65535, 1 },
		{ "192.0.2.1:1", "198.51.100.2:1", "tls", 2, 6, 3, 4, "\xc0\x00\x02\x01",
		  "\xc6\x33\x64\x02", 4, 1, 1 },
		{ "192.0.2.1:1", "198.51.100.2:1", "https", 2, 6, 3, 4, "\xc0\x00\x02\x01",
		  "\xc6\x33\x64\x02", 4, 1, 1 },
		{ "[::ffff:192.0.2.1]:1", "[::ffff:198.51.100.2]:2", "udp", 2, 17, 3, 4,
		  "\xc0\x00\x02\x01", "\xc6\x33\x64\x02", 4, 1, 2 },
		{ "[2001:db8::1]:5060", "[::1]:5070", "udp", 10, 17, 5, 6,
		  "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01",
		  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16, 5060, 5070 },
		{ "[2001:db8::1]:1", "198.51.100.2:2", "http", 10, 6, 5, 6,
		  "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01",
		  "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc6\x33\x64\x02", 16, 1, 2 },
	};
	char collector[64];
	int fd = collector_open(family, collector);
	struct hep *hep = open_hep(collector, 1000000);

	for (size_t i = 0; i < SK_COUNT(rows); i++)
		check_one(fd, hep, &rows[i]);
	CHECK(hep_counters(hep)->sent == SK_COUNT(rows) && hep_counters(hep)->dropped == 0, "sent");
	hep_free(hep);
	close(fd);
}

/* Without what was not set there are no empty chunks. */
static void test_least(void)
{
	struct hep_settings settings = { .collector = NULL, .node = "", .rate = 10 };
	struct addr from = address("192.0.2.1:5060"), to = address("198.51.100.2:5070");
	char collector[64], why[256];
	int fd = collector_open(AF_INET, collector);
	struct hep *hep = NULL;

	settings.collector = collector;
	CHECK(hep_new(&settings, &hep, why), "least");
	hep_send(hep, &(struct hep_packet){ .kind = HEP_SIP,
					    .from = &from,
					    .to = &to,
					    .transport = "udp",
					    .payload = SK_SPAN("x") });
	CHECK(collector_next(fd, &got) && !got.fault, "least: %s", got.fault);
	CHECK(!got.chunk[14].there && !got.chunk[17].there && !got.chunk[19].there, "no more");
	CHECK(chunk_number(&got, 12) == 0 && chunk_number(&got, 11) == 1, "agent 0, SIP");
	hep_send(NULL, &(struct hep_packet){ .kind = HEP_SIP });
	hep_free(hep);
	close(fd);
}

/* --- limits --- */

static void test_lengths(void)
{
	static char text[HEP_PAYLOAD_MAX + 1];
	static const struct {
		size_t len;
		bool sent;
	} rows[] = {
		{ 0, false },
		{ 1, true },
		{ 1500, true },
		{ HEP_PAYLOAD_MAX, true },
		{ HEP_PAYLOAD_MAX + 1, false },
	};
	struct addr from = address("192.0.2.1:5060"), to = address("198.51.100.2:5070");
	char collector[64];
	int fd = collector_open(AF_INET, collector);
	struct hep *hep = open_hep(collector, 1000000);

	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		uint64_t dropped = hep_counters(hep)->dropped;

		send_text(hep, (struct sk_span){ text, rows[i].len });
		CHECK(collector_next(fd, &got) == rows[i].sent, "%zu bytes", rows[i].len);
		CHECK(!rows[i].sent || chunk_is(&got, 15, text, rows[i].len), "%zu: all of it",
		      rows[i].len);
		CHECK(hep_counters(hep)->dropped == dropped + !rows[i].sent, "%zu: counted",
		      rows[i].len);
	}
	hep_send(hep, &(struct hep_packet){ .kind = HEP_LOG,
					    .from = &from,
					    .to = &to,
					    .transport = "udp",
					    .correlation = { text, sizeof(text) },
					    .payload = { text, HEP_PAYLOAD_MAX } });
	CHECK(collector_next(fd, &got) && !got.fault, "the longest of all: %s", got.fault);
	CHECK(chunk_is(&got, 17, text, HEP_CORRELATION_MAX), "its correlation is cut");
	hep_free(hep);
	close(fd);
}

static void test_rate(void)
{
	char collector[64];
	int fd = collector_open(AF_INET, collector), came = 0;
	struct hep *hep = open_hep(collector, 1);

	/* a second flows by in a slow machine, but never a hundred */
	for (int i = 0; i < 1000; i++)
		send_text(hep, SK_SPAN("x"));
	while (collector_next(fd, &got))
		came++;
	CHECK(came >= 10 && came < 110, "%d came", came);
	CHECK(hep_counters(hep)->sent == (uint64_t)came, "sent");
	CHECK(hep_counters(hep)->dropped == 1000 - (uint64_t)came, "dropped");
	hep_free(hep);
	close(fd);
}

/* --- a collector that is away, and a kernel that will not --- */

static void test_away(void)
{
	char collector[64];
	int fd = collector_open(AF_INET, collector);
	struct hep *hep = open_hep(collector, 1000000);
	const struct hep_counters *c = hep_counters(hep);
	struct sockaddr_in same;
	socklen_t len = sizeof(same);

	CHECK(getsockname(fd, (void *)&same, &len) == 0, "its port");
	close(fd);
	for (int i = 0; i < 100; i++)
		send_text(hep, SK_SPAN("x"));
	CHECK(c->refused > 0 && c->sent > 0 && c->sent + c->refused == 100, "%llu refused",
	      (unsigned long long)c->refused);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(bind(fd, (void *)&same, sizeof(same)) == 0, "it is back");
	send_text(hep, SK_SPAN("x")); /* the last refusal is told now */
	send_text(hep, SK_SPAN("back"));
	while (collector_next(fd, &got) && !chunk_is(&got, 15, "back", 4))
		;
	CHECK(got.chunk[15].there && chunk_is(&got, 15, "back", 4), "and gets its packets");
	hep_free(hep);
	close(fd);
}

/* One that takes nothing out of its buffer: packets are lost there, nobody waits. */
static void test_slow(void)
{
	static char text[HEP_PAYLOAD_MAX];
	char collector[64];
	int fd = collector_open(AF_INET, collector), least = 1;
	struct hep *hep = open_hep(collector, 1000000);
	uint64_t all;

	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)) == 0, "a small buffer");
	for (int i = 0; i < 1000; i++)
		send_text(hep, (struct sk_span){ text, sizeof(text) });
	all = hep_counters(hep)->sent + hep_counters(hep)->dropped;
	CHECK(all == 1000, "%llu", (unsigned long long)all);
	hep_free(hep);
	close(fd);
}

/* What a collector sends is not read, and does no harm. */
static void test_talkative(void)
{
	char collector[64];
	int fd = collector_open(AF_INET, collector);
	struct hep *hep = open_hep(collector, 1000000);
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char byte;

	send_text(hep, SK_SPAN("x"));
	CHECK(recvfrom(fd, &byte, 1, MSG_DONTWAIT, (void *)&from, &len) == 1, "came");
	for (int i = 0; i < 1000; i++)
		if (sendto(fd, "noise", 5, MSG_DONTWAIT, (void *)&from, len) < 0)
			break;
	send_text(hep, SK_SPAN("x"));
	CHECK(hep_counters(hep)->sent == 2 && collector_next(fd, &got), "goes on");
	hep_free(hep);
	close(fd);
}

static void test_errors(void)
{
	static const struct {
		int error;
		bool refused;
	} rows[] = {
		{ EAGAIN, false },      { ENOBUFS, false },      { EMSGSIZE, false },
		{ ENETUNREACH, false }, { EHOSTUNREACH, false }, { EPERM, false },
		{ EINVAL, false },      { ECONNREFUSED, true },  { ENOMEM, false },
		{ EINTR, false },
	};
	char collector[64];
	int fd = collector_open(AF_INET, collector);
	struct hep *hep = open_hep(collector, 1000000);

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct hep_counters before = *hep_counters(hep);

		send_error = rows[i].error;
		send_text(hep, SK_SPAN("x"));
		send_error = 0;
		CHECK(hep_counters(hep)->sent == before.sent, "%s", strerror(rows[i].error));
		CHECK(hep_counters(hep)->refused == before.refused + rows[i].refused, "%s: refused",
		      strerror(rows[i].error));
		CHECK(hep_counters(hep)->dropped == before.dropped + !rows[i].refused,
		      "%s: dropped", strerror(rows[i].error));
		CHECK(!collector_next(fd, &got), "%s: nothing came", strerror(rows[i].error));
	}
	send_text(hep, SK_SPAN("x"));
	CHECK(collector_next(fd, &got), "then as before");
	CHECK(send_flags & MSG_DONTWAIT && send_flags & MSG_NOSIGNAL, "never waits");
	hep_free(hep);
	close(fd);
}

static void test_starts(void)
{
	struct hep_settings settings = { .collector = "udp:127.0.0.1:9", .node = "", .rate = 1 };
	int *const errors[] = { &socket_error, &connect_error };
	struct hep *hep = NULL;
	char why[256];

	for (size_t i = 0; i < SK_COUNT(errors); i++) {
		*errors[i] = EMFILE;
		CHECK(!hep_new(&settings, &hep, why) && !hep, "call %zu fails", i);
		CHECK_STR(why, "hep.collector: Too many open files", "why");
		*errors[i] = 0;
	}
	budget = 0;
	CHECK(!hep_new(&settings, &hep, why) && !hep, "no memory");
	budget = -1;
	CHECK(hit && strstr(why, "memory"), "\"%s\"", why);
	CHECK(hep_new(&settings, &hep, why), "and then");
	hep_free(hep);
}

int main(void)
{
	(void)crypto_malloc;
	(void)crypto_realloc;
	(void)crypto_free;
	test_collectors();
	test_settings();
	test_bytes(AF_INET);
	test_bytes(AF_INET6);
	test_least();
	test_lengths();
	test_rate();
	test_away();
	test_slow();
	test_talkative();
	test_errors();
	test_starts();
	return check_result();
}
