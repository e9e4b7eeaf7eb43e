/*
 * A packet is printed chunk by chunk into one buffer, which nothing can overfill: each text is cut
 * or refused by its own limit before.
 */
#include "redirector/base/hep.h"

#include "redirector/base/bucket.h"
#include "redirector/base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BURST_MIN = 10,
	INTRO = 6,      /* "HEP3" and the length of all                         */
	CHUNK_HEAD = 6, /* vendor, type, length                                 */
	ADDRESSES = 2 * (CHUNK_HEAD + 16),
	NUMBERS = 7 * (CHUNK_HEAD + 4), /* family to capture agent, at most     */
	PACKET_MAX = INTRO + ADDRESSES + NUMBERS + CHUNK_HEAD + HEP_CORRELATION_MAX + CHUNK_HEAD +
		     HEP_NODE_MAX + CHUNK_HEAD + HEP_PASSWORD_MAX + CHUNK_HEAD + HEP_PAYLOAD_MAX,
};

enum chunk {
	CHUNK_FAMILY = 0x0001,   /* AF_INET or AF_INET6, as Linux numbers them  */
	CHUNK_PROTOCOL = 0x0002, /* of IP                                       */
	CHUNK_FROM_V4 = 0x0003,
	CHUNK_TO_V4 = 0x0004,
	CHUNK_FROM_V6 = 0x0005,
	CHUNK_TO_V6 = 0x0006,
	CHUNK_FROM_PORT = 0x0007,
	CHUNK_TO_PORT = 0x0008,
	CHUNK_SECONDS = 0x0009,
	CHUNK_MICROSECONDS = 0x000a,
	CHUNK_KIND = 0x000b,
	CHUNK_AGENT = 0x000c,
	CHUNK_PASSWORD = 0x000e,
	CHUNK_PAYLOAD = 0x000f,
	CHUNK_CORRELATION = 0x0011,
	CHUNK_NODE = 0x0013,
};

struct packet_text {
	char bytes[PACKET_MAX];
	size_t len;
};

struct hep {
	int fd;
	uint32_t id;
	int64_t rate;
	_Atomic int64_t at; /* the bucket */
	struct hep_counters counters;
	size_t password_len, node_len;
	char password[HEP_PASSWORD_MAX];
	char node[HEP_NODE_MAX];
	struct packet_text text; /* of the packet in hand */
};

static void put(struct packet_text *t, const void *bytes, size_t len)
{
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
}

static void put16(struct packet_text *t, uint16_t number)
{
	uint16_t net = htons(number);

	put(t, &net, sizeof(net));
}

static void put_chunk_head(struct packet_text *t, enum chunk type, size_t len)
{
	put16(t, 0); /* vendor: none, the standard's own types */
	put16(t, (uint16_t)type);
	put16(t, (uint16_t)(CHUNK_HEAD + len));
}

static void put_chunk(struct packet_text *t, enum chunk type, const void *bytes, size_t len)
{
	put_chunk_head(t, type, len);
	put(t, bytes, len);
}

static void put_chunk8(struct packet_text *t, enum chunk type, uint8_t number)
{
	put_chunk(t, type, &number, sizeof(number));
}

static void put_chunk16(struct packet_text *t, enum chunk type, uint16_t number)
{
	uint16_t net = htons(number);

	put_chunk(t, type, &net, sizeof(net));
}

static void put_chunk32(struct packet_text *t, enum chunk type, uint32_t number)
{
	uint32_t net = htonl(number);

	put_chunk(t, type, &net, sizeof(net));
}

/* As IPv6, whatever it is. */
static void put_mapped(struct packet_text *t, enum chunk type, const struct addr *addr)
{
	uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff };
	size_t len;
	const uint8_t *bytes = addr_bytes(addr, &len);

	memcpy(mapped + sizeof(mapped) - len, bytes, len);
	put_chunk(t, type, mapped, sizeof(mapped));
}

static void put_addresses(struct packet_text *t, const struct hep_packet *p)
{
	size_t from_len, to_len;
	const uint8_t *from = addr_bytes(p->from, &from_len), *to = addr_bytes(p->to, &to_len);
	bool v4 = from_len == 4 && to_len == 4;

	put_chunk8(t, CHUNK_FAMILY, v4 ? AF_INET : AF_INET6);
	put_chunk8(t, CHUNK_PROTOCOL, strcmp(p->transport, "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP);
	if (v4) {
		put_chunk(t, CHUNK_FROM_V4, from, from_len);
		put_chunk(t, CHUNK_TO_V4, to, to_len);
	} else {
		put_mapped(t, CHUNK_FROM_V6, p->from);
		put_mapped(t, CHUNK_TO_V6, p->to);
	}
	put_chunk16(t, CHUNK_FROM_PORT, addr_port(p->from));
	put_chunk16(t, CHUNK_TO_PORT, addr_port(p->to));
}

static void put_time(struct packet_text *t)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	put_chunk32(t, CHUNK_SECONDS, (uint32_t)now.tv_sec);
	put_chunk32(t, CHUNK_MICROSECONDS, (uint32_t)(now.tv_nsec / 1000));
}

static void print(struct hep *hep, const struct hep_packet *p)
{
	struct packet_text *t = &hep->text;
	size_t correlation =
		p->correlation.len < HEP_CORRELATION_MAX ? p->correlation.len : HEP_CORRELATION_MAX;
	uint16_t all;

	t->len = 0;
	put(t, "HEP3", 4);
	put16(t, 0); /* the length of all, known at the end */
	put_addresses(t, p);
	put_time(t);
	put_chunk8(t, CHUNK_KIND, (uint8_t)p->kind);
	put_chunk32(t, CHUNK_AGENT, hep->id);
	if (correlation > 0)
		put_chunk(t, CHUNK_CORRELATION, p->correlation.ptr, correlation);
	if (hep->node_len > 0)
		put_chunk(t, CHUNK_NODE, hep->node, hep->node_len);
	if (hep->password_len > 0)
		put_chunk(t, CHUNK_PASSWORD, hep->password, hep->password_len);
	put_chunk(t, CHUNK_PAYLOAD, p->payload.ptr, p->payload.len);
	all = htons((uint16_t)t->len);
	memcpy(t->bytes + 4, &all, sizeof(all));
}

/* So many at once that the few packets of one call pass at any rate. */
static int64_t burst(const struct hep *hep)
{
	return hep->rate / 10 > BURST_MIN ? hep->rate / 10 : BURST_MIN;
}

void hep_send(struct hep *hep, const struct hep_packet *p)
{
	if (!hep)
		return;
	if (p->payload.len == 0 || p->payload.len > HEP_PAYLOAD_MAX ||
	    !bucket_take(&hep->at, 1000, hep->rate, burst(hep), clock_us())) {
		hep->counters.dropped++;
		return;
	}
	print(hep, p);
	if (send(hep->fd, hep->text.bytes, hep->text.len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		hep->counters.sent++;
	else if (errno == ECONNREFUSED)
		hep->counters.refused++;
	else
		hep->counters.dropped++;
}

static bool is_one_host(const struct addr *a)
{
	size_t len;
	const uint8_t *bytes = addr_bytes(a, &len);
	static const uint8_t nobody[16];

	if (memcmp(bytes, nobody, len) == 0)
		return false;
	return len == 4 ? bytes[0] < 224 : bytes[0] != 0xff; /* multicast and beyond */
}

bool hep_collector_parse(const char *text, struct addr *out)
{
	struct addr addr;

	if (strncmp(text, "udp:", 4) != 0 || !addr_parse(sk_span_of(text + 4), &addr) ||
	    addr_port(&addr) == 0 || !is_one_host(&addr))
		return false;
	*out = addr;
	return true;
}

static bool open_socket(const struct addr *to, int *out, char why[256])
{
	int fd = socket(to->sa.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int least = 1;

	/* nothing is read: what a collector sends must not lie about */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)) != 0 ||
	    connect(fd, &to->sa.any, to->len) != 0) {
		snprintf(why, 256, "hep.collector: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	*out = fd;
	return true;
}

/* Room for all of them was looked at before. */
static void take_settings(struct hep *hep, const struct hep_settings *s)
{
	hep->id = s->id;
	hep->rate = s->rate;
	hep->node_len = strlen(s->node);
	memcpy(hep->node, s->node, hep->node_len);
	hep->password_len = s->password.len;
	if (s->password.len > 0)
		memcpy(hep->password, s->password.ptr, s->password.len);
}

static const char *fault_of(const struct hep_settings *s, struct addr *to)
{
	if (!hep_collector_parse(s->collector, to))
		return "hep.collector: not udp:ADDRESS:PORT of one host";
	if (s->password.len > HEP_PASSWORD_MAX)
		return "hep.password: longer than a password may be";
	if (strlen(s->node) > HEP_NODE_MAX)
		return "hep.node: longer than a name may be";
	return s->rate < 1 ? "hep.rate: less than 1" : NULL;
}

bool hep_new(const struct hep_settings *settings, struct hep **out, char why[256])
{
	SK_CLEANUP(hep_free_p) struct hep *hep = NULL;
	struct addr to;
	const char *fault = fault_of(settings, &to);

	if (!fault) {
		hep = calloc(1, sizeof(*hep));
		fault = hep ? NULL : strerror(ENOMEM);
	}
	if (fault) {
		snprintf(why, 256, "%s", fault);
		return false;
	}
	hep->fd = -1;
	if (!open_socket(&to, &hep->fd, why))
		return false;
	take_settings(hep, settings);
	*out = sk_steal(hep);
	return true;
}

void hep_free(struct hep *hep)
{
	if (!hep)
		return;
	if (hep->fd >= 0)
		close(hep->fd);
	explicit_bzero(hep->password, sizeof(hep->password));
	explicit_bzero(&hep->text, sizeof(hep->text)); /* the password, and numbers */
	free(hep);
}

const struct hep_counters *hep_counters(const struct hep *hep)
{
	return &hep->counters;
}
