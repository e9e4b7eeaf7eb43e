/**
 * @file authorization_state.h  What an authorization is made of: for authorization*.c alone
 *
 * A client stands in one index only, that of the strongest it has: each of its keys, or each of its
 * names, or each of its networks.  Clients of one key, one name or one network are a chain.
 */
#pragma once

#include "redirector/base/map.h"
#include "redirector/http/authorization.h"

enum {
	NAME_SIZE = 254,   /* the longest DNS name and a terminator */
	NET_KEY_SIZE = 18, /* a network as bytes                    */
	NET_LENGTHS = 129, /* 0 to 128 bits                         */
};

/* One of a chain. */
struct client_link {
	const struct client *client;
	struct client_link *next;
};

struct authorization {
	_Atomic unsigned refs;
	struct directory *directory;
	struct client *clients;
	size_t count;
	struct client_link *links;
	size_t link_count;
	struct key_hashes *keys;  /* value: key_value()             */
	struct map *names, *nets; /* of struct client_link          */
	bool has_client_keys;
	uint8_t lengths[2][NET_LENGTHS]; /* of v4 and v6: those that occur, the longest first */
	size_t length_count[2];
};

/* What a key is good for: a viewer's, and the place of the first client in links, plus 1. */
static inline size_t key_value(size_t first, bool viewer)
{
	return first << 1 | viewer;
}

static inline bool key_is_viewer(size_t value)
{
	return value & 1;
}

static inline struct client_link *key_clients(const struct authorization *a, size_t value)
{
	return value >> 1 ? &a->links[(value >> 1) - 1] : NULL;
}

/* The name as names have it.  @return false: no name that a client can have */
static inline bool name_key(struct sk_span name, char out[NAME_SIZE], struct sk_span *key)
{
	if (name.len == 0 || name.len >= NAME_SIZE)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (c == '*' || c == '\0')
			return false;
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	*key = (struct sk_span){ out, name.len };
	return true;
}

/* The network as nets have it. */
static inline struct sk_span net_key(const struct net *net, char out[NET_KEY_SIZE])
{
	out[0] = (char)net->v6;
	out[1] = (char)net->bits;
	memcpy(out + 2, net->bytes, sizeof(net->bytes));
	return (struct sk_span){ out, NET_KEY_SIZE };
}
