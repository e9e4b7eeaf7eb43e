/*
 * IPv4: all but the listed networks.  IPv6: only global unicast, 2000::/3, less
 * the listed networks; the rest of that space is not given out.  The surprise:
 * the forms with an IPv4 address inside (mapped, NAT64) lie outside 2000::/3 and
 * are reachable all the same, so they are unwrapped first.
 */
#include "redirector/certs/address.h"

#include <arpa/inet.h>
#include <string.h>

struct block4 {
	uint32_t net;
	unsigned bits;
};

struct block6 {
	uint8_t net[4]; /* no row needs more than 32 bits */
	unsigned bits;
};

/* clang-format off */
static const struct block4 refused4[] = {
	{ 0x00000000,  8 }, /* 0/8           this network (RFC 791, 3.2)             */
	{ 0x0a000000,  8 }, /* 10/8          private (RFC 1918)                      */
	{ 0x64400000, 10 }, /* 100.64/10     shared by carriers (RFC 6598)           */
	{ 0x7f000000,  8 }, /* 127/8         loopback (RFC 1122, 3.2.1.3)            */
	{ 0xa9fe0000, 16 }, /* 169.254/16    link local (RFC 3927)                   */
	{ 0xac100000, 12 }, /* 172.16/12     private (RFC 1918)                      */
	{ 0xc0000000, 24 }, /* 192.0.0/24    protocol assignments (RFC 6890, 2.1)    */
	{ 0xc0000200, 24 }, /* 192.0.2/24    documentation (RFC 5737)                */
	{ 0xc01fc400, 24 }, /* 192.31.196/24 AS112 (RFC 7535)                        */
	{ 0xc034c100, 24 }, /* 192.52.193/24 AMT (RFC 7450)                          */
	{ 0xc0586300, 24 }, /* 192.88.99/24  6to4 relays (RFC 7526)                  */
	{ 0xc0a80000, 16 }, /* 192.168/16    private (RFC 1918)                      */
	{ 0xc0af3000, 24 }, /* 192.175.48/24 AS112 (RFC 7534)                        */
	{ 0xc6120000, 15 }, /* 198.18/15     benchmarks (RFC 2544)                   */
	{ 0xc6336400, 24 }, /* 198.51.100/24 documentation (RFC 5737)                */
	{ 0xcb007100, 24 }, /* 203.0.113/24  documentation (RFC 5737)                */
	{ 0xe0000000,  3 }, /* 224/3         multicast, reserved, broadcast          */
};

static const struct block6 refused6[] = {
	{ { 0x20, 0x01, 0x00, 0x00 }, 23 }, /* 2001::/23     protocol assignments, Teredo, ORCHID */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* 2001:db8::/32 documentation (RFC 3849)             */
	{ { 0x20, 0x02, 0x00, 0x00 }, 16 }, /* 2002::/16     6to4 (RFC 3056)                      */
	{ { 0x3f, 0xff, 0x00, 0x00 }, 20 }, /* 3fff::/20     documentation (RFC 9637)             */
};
/* clang-format on */

static uint32_t first_word(const uint8_t bytes[4])
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

static bool may_ask4(const uint8_t bytes[4])
{
	uint32_t ip = first_word(bytes);

	for (size_t i = 0; i < SK_COUNT(refused4); i++)
		if ((ip ^ refused4[i].net) >> (32 - refused4[i].bits) == 0)
			return false;
	return true;
}

static bool may_ask6(const uint8_t bytes[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff }; /* RFC 4291, 2.5.5.2 */
	static const uint8_t nat64[12] = { [1] = 0x64, [2] = 0xff, [3] = 0x9b }; /* RFC 6052, 2.1 */
	uint32_t ip = first_word(bytes);

	if (memcmp(bytes, mapped, 12) == 0 || memcmp(bytes, nat64, 12) == 0)
		return may_ask4(bytes + 12);
	if (ip >> 29 != 1)
		return false;
	for (size_t i = 0; i < SK_COUNT(refused6); i++)
		if ((ip ^ first_word(refused6[i].net)) >> (32 - refused6[i].bits) == 0)
			return false;
	return true;
}

bool address_may_ask(const struct addr *addr)
{
	if (addr->sa.any.sa_family == AF_INET)
		return may_ask4((const uint8_t *)&addr->sa.v4.sin_addr);
	if (addr->sa.any.sa_family == AF_INET6)
		return may_ask6(addr->sa.v6.sin6_addr.s6_addr);
	return false;
}
