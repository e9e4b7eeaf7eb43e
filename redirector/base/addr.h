/**
 * @file addr.h  Socket addresses and networks: text to struct, struct to text
 *
 * IPv4 and IPv6, literal addresses only: no name is ever resolved here.  An
 * IPv4 address mapped into IPv6 counts as the IPv4 address.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
	ADDR_TEXT_SIZE = 64, /**< "[v6]:port" and its terminator */
};

struct addr {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} sa;
	socklen_t len;
};

/** A network: the first `bits` bits of an address count. */
struct net {
	bool v6;
	uint8_t bytes[16]; /**< bits behind the first `bits` are 0 */
	uint8_t bits;
};

struct net_list {
	struct net *nets; /**< owned */
	size_t count;
};

/** "192.0.2.1:5060", "[2001:db8::1]:5060", ":5060" (any IPv4).  Port 1 to 65535; 0 allowed for
 * tests. */
SK_MUSTCHECK
bool addr_parse(struct sk_span text, struct addr *out);

/** "192.0.2.1:5060" or "[2001:db8::1]:5060". */
void addr_print(const struct addr *addr, char out[ADDR_TEXT_SIZE]);

/** The same without the port and the brackets. */
void addr_print_host(const struct addr *addr, char out[ADDR_TEXT_SIZE]);

uint16_t addr_port(const struct addr *addr);
void addr_set_port(struct addr *addr, uint16_t port);

/** The bytes that count, in the order of the network: 4 for IPv4, also when mapped into IPv6, else
 * 16.  They live as long as the address. */
const uint8_t *addr_bytes(const struct addr *addr, size_t *len);

/** Same address and same port. */
SK_MUSTCHECK
bool addr_eq(const struct addr *a, const struct addr *b);

/** "192.0.2.0/24", "2001:db8::/32", or one address.  Bits set behind the mask are refused. */
SK_MUSTCHECK
bool net_parse(struct sk_span text, struct net *out);

SK_MUSTCHECK
bool net_has(const struct net *net, const struct addr *addr);

SK_MUSTCHECK
bool net_list_has(const struct net_list *list, const struct addr *addr);
