/**
 * @file hep_decode.h  HEP3 read back by the chunk, and a collector that takes it
 *
 * Made from the format alone: no constant, no buffer and no order is shared with redirector/base.
 */
#pragma once

#include "tests/check.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	DECODE_TYPES = 0x20,
	DECODE_ROOM = 70000,
};

struct decoded {
	size_t len;
	unsigned char bytes[DECODE_ROOM];
	struct {
		bool there;
		const unsigned char *at;
		size_t len;
	} chunk[DECODE_TYPES];
	const char *fault; /* NULL: none */
};

static inline unsigned decode16(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/** Fills `chunk` from `bytes`. */
static inline void decode(struct decoded *d)
{
	size_t at = 6;

	memset(d->chunk, 0, sizeof(d->chunk));
	d->fault = NULL;
	if (d->len < 6 || memcmp(d->bytes, "HEP3", 4) != 0)
		d->fault = "no HEP3";
	else if (decode16(d->bytes + 4) != d->len)
		d->fault = "another length than it says";
	while (!d->fault && at < d->len) {
		unsigned type, len;

		if (d->len - at < 6) {
			d->fault = "a chunk without a head";
			break;
		}
		type = decode16(d->bytes + at + 2);
		len = decode16(d->bytes + at + 4);
		if (decode16(d->bytes + at) != 0)
			d->fault = "a vendor's chunk";
		else if (len < 6 || len > d->len - at)
			d->fault = "a chunk's length";
		else if (type == 0 || type >= DECODE_TYPES || d->chunk[type].there)
			d->fault = "an unknown chunk, or one twice";
		if (d->fault)
			break;
		d->chunk[type].there = true;
		d->chunk[type].at = d->bytes + at + 6;
		d->chunk[type].len = len - 6;
		at += len;
	}
}

static inline bool chunk_is(const struct decoded *d, unsigned type, const void *bytes, size_t len)
{
	return d->chunk[type].there && d->chunk[type].len == len &&
	       memcmp(d->chunk[type].at, bytes, len) == 0;
}

/** A number of any width, or -1 when it is not there. */
static inline int64_t chunk_number(const struct decoded *d, unsigned type)
{
	int64_t number = 0;

	if (!d->chunk[type].there)
		return -1;
	for (size_t i = 0; i < d->chunk[type].len; i++)
		number = number << 8 | d->chunk[type].at[i];
	return number;
}

/** A socket bound to a port of the kernel's choice, and its "udp:ADDRESS:PORT". */
static inline int collector_open(int family, char text[64])
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_storage got;
	socklen_t len = sizeof(got);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool bound = family == AF_INET6 ? bind(fd, (void *)&v6, sizeof(v6)) == 0
					: bind(fd, (void *)&v4, sizeof(v4)) == 0;

	CHECK(fd >= 0 && bound && getsockname(fd, (void *)&got, &len) == 0, "a collector");
	snprintf(text, 64, family == AF_INET6 ? "udp:[::1]:%u" : "udp:127.0.0.1:%u",
		 family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&got)->sin6_port)
				    : ntohs(((struct sockaddr_in *)&got)->sin_port));
	return fd;
}

/** What has come, decoded.  On loopback it is there when send() returns.  @return false: nothing */
static inline bool collector_next(int fd, struct decoded *d)
{
	ssize_t n = recv(fd, d->bytes, sizeof(d->bytes), MSG_DONTWAIT);

	if (n < 0)
		return false;
	d->len = (size_t)n;
	decode(d);
	return true;
}
