/*
 * Addresses.  inet_pton() is strict about literals, which is what we want: a
 * text that is not an address is an error, never a name to look up.
 */
#include "redirector/base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>

/* Copies a span into a C string; false when it is too long or holds a NUL. */
static bool to_text(struct sk_span s, char *out, size_t size)
{
	if (s.len == 0 || s.len >= size || memchr(s.ptr, '\0', s.len))
		return false;
	memcpy(out, s.ptr, s.len);
	out[s.len] = '\0';
	return true;
}

static bool parse_number(struct sk_span s, unsigned max, unsigned *out)
{
	unsigned n = 0;

	if (s.len == 0 || s.len > 5)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		n = n * 10 + (unsigned)(s.ptr[i] - '0');
	}
	if (n > max)
		return false;
	*out = n;
	return true;
}

bool addr_parse(struct sk_span text, struct addr *out)
{
	struct addr a = { .len = 0 };
	char host[INET6_ADDRSTRLEN];
	struct sk_span h, p;
	unsigned port;
	size_t colon = text.len;

	while (colon > 0 && text.ptr[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return false;
	h = (struct sk_span){ text.ptr, colon - 1 };
	p = (struct sk_span){ text.ptr + colon, text.len - colon };
	if (!parse_number(p, 65535, &port))
		return false;

	if (h.len > 2 && h.ptr[0] == '[' && h.ptr[h.len - 1] == ']') {
		h = (struct sk_span){ h.ptr + 1, h.len - 2 };
		if (!to_text(h, host, sizeof(host)) ||
		    inet_pton(AF_INET6, host, &a.sa.v6.sin6_addr) != 1)
			return false;
		a.sa.v6.sin6_family = AF_INET6;
		a.len = sizeof(a.sa.v6);
	} else {
		a.sa.v4.sin_family = AF_INET;
		a.len = sizeof(a.sa.v4);
		if (h.len > 0 && (!to_text(h, host, sizeof(host)) ||
				  inet_pton(AF_INET, host, &a.sa.v4.sin_addr) != 1))
			return false;
	}
	addr_set_port(&a, (uint16_t)port);
	*out = a;
	return true;
}

/* At most five digits, and a terminator.  @return the terminator's place */
static char *print_number(char *out, unsigned number)
{
	unsigned unit = 1;

	while (number / unit >= 10)
		unit *= 10;
	for (; unit > 0; unit /= 10)
		*out++ = (char)('0' + number / unit % 10);
	*out = '\0';
	return out;
}

/* By hand: every answer has one, and inet_ntop() goes by way of printf().  @return the terminator's
 * place */
static char *print_v4(const struct in_addr *v4, char *out)
{
	uint8_t bytes[4];

	memcpy(bytes, v4, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		out = print_number(out, bytes[i]);
		if (i + 1 < sizeof(bytes))
			*out++ = '.';
	}
	return out;
}

void addr_print_host(const struct addr *addr, char out[ADDR_TEXT_SIZE])
{
	if (addr->sa.any.sa_family == AF_INET)
		print_v4(&addr->sa.v4.sin_addr, out);
	else if (addr->sa.any.sa_family != AF_INET6 ||
		 !inet_ntop(AF_INET6, &addr->sa.v6.sin6_addr, out, ADDR_TEXT_SIZE))
		memcpy(out, "?", 2);
}

void addr_print(const struct addr *addr, char out[ADDR_TEXT_SIZE])
{
	char host[ADDR_TEXT_SIZE];

	if (addr->sa.any.sa_family == AF_INET) {
		char *end = print_v4(&addr->sa.v4.sin_addr, out);

		*end = ':';
		print_number(end + 1, addr_port(addr));
		return;
	}
	addr_print_host(addr, host);
	snprintf(out, ADDR_TEXT_SIZE,
		 addr->sa.any.sa_family == AF_INET6 ? "[%.45s]:%u" : "%.45s:%u", host,
		 addr_port(addr));
}

uint16_t addr_port(const struct addr *addr)
{
	return ntohs(addr->sa.any.sa_family == AF_INET6 ? addr->sa.v6.sin6_port
							: addr->sa.v4.sin_port);
}

void addr_set_port(struct addr *addr, uint16_t port)
{
	if (addr->sa.any.sa_family == AF_INET6)
		addr->sa.v6.sin6_port = htons(port);
	else
		addr->sa.v4.sin_port = htons(port);
}

const uint8_t *addr_bytes(const struct addr *addr, size_t *len)
{
	if (addr->sa.any.sa_family == AF_INET6) {
		const struct in6_addr *v6 = &addr->sa.v6.sin6_addr;

		*len = IN6_IS_ADDR_V4MAPPED(v6) ? 4 : 16;
		return v6->s6_addr + (16 - *len);
	}
	*len = 4;
	return (const uint8_t *)&addr->sa.v4.sin_addr;
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	size_t la, lb;
	const uint8_t *ba = addr_bytes(a, &la), *bb = addr_bytes(b, &lb);

	return la == lb && memcmp(ba, bb, la) == 0 && addr_port(a) == addr_port(b);
}

/* The first `bits` bits of two byte strings are the same. */
static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

enum {
	MAPPED_BITS = 96
};

/* RFC 4291, 2.5.5.2: ::ffff:0:0/96 holds IPv4 addresses, and they count as such. */
static bool is_mapped(const uint8_t bytes[16])
{
	static const uint8_t prefix[MAPPED_BITS / 8] = { [10] = 0xff, [11] = 0xff };

	return memcmp(bytes, prefix, sizeof(prefix)) == 0;
}

bool net_parse(struct sk_span text, struct net *out)
{
	static const uint8_t zero[16];
	struct net net = { .v6 = memchr(text.ptr ? text.ptr : "", ':', text.len) != NULL };
	unsigned most = net.v6 ? 128 : 32, bits = most;
	const char *slash = text.len ? memchr(text.ptr, '/', text.len) : NULL;
	char host[INET6_ADDRSTRLEN];
	uint8_t masked[16];

	if (slash) {
		size_t at = (size_t)(slash - text.ptr);

		if (!parse_number((struct sk_span){ slash + 1, text.len - at - 1 }, most, &bits))
			return false;
		text.len = at;
	}
	if (!to_text(text, host, sizeof(host)) ||
	    inet_pton(net.v6 ? AF_INET6 : AF_INET, host, net.bytes) != 1)
		return false;

	if (net.v6 && bits >= MAPPED_BITS && is_mapped(net.bytes)) {
		memmove(net.bytes, net.bytes + MAPPED_BITS / 8, 4);
		memset(net.bytes + 4, 0, sizeof(net.bytes) - 4);
		net.v6 = false;
		bits -= MAPPED_BITS;
	}
	/* "192.0.2.1/24" is more likely a slip than a wish */
	memcpy(masked, net.bytes, sizeof(masked));
	for (unsigned i = 0; i < bits; i++)
		masked[i / 8] &= (uint8_t) ~(0x80 >> (i % 8));
	if (memcmp(masked, zero, sizeof(masked)) != 0)
		return false;

	net.bits = (uint8_t)bits;
	*out = net;
	return true;
}

bool net_has(const struct net *net, const struct addr *addr)
{
	size_t len;
	const uint8_t *bytes = addr_bytes(addr, &len);

	return (len == 16) == net->v6 && same_bits(net->bytes, bytes, net->bits);
}

bool net_list_has(const struct net_list *list, const struct addr *addr)
{
	for (size_t i = 0; i < list->count; i++)
		if (net_has(&list->nets[i], addr))
			return true;
	return false;
}
