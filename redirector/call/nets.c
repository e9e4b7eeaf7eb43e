/*
 * A network is found by what it is, so an address is looked up once for each length of prefix
 * that occurs: a handful in practice, 33 and 129 at most.
 */
#include "redirector/call/nets.h"

#include <stdlib.h>
#include <string.h>

enum {
	FIRST_SLOTS = 64,
	LENGTHS = 129, /* 0 to 128 bits */
};

struct slot {
	struct net net;
	unsigned marks; /* 0: free */
};

struct nets {
	struct slot *slots;
	size_t mask, count;
	uint8_t lengths[2][LENGTHS]; /* of v4 and v6: those that occur */
	size_t length_count[2];
};

struct nets *nets_new(void)
{
	SK_CLEANUP(nets_free_p) struct nets *nets = calloc(1, sizeof(*nets));

	if (!nets)
		return NULL;
	nets->slots = calloc(FIRST_SLOTS, sizeof(*nets->slots));
	nets->mask = FIRST_SLOTS - 1;
	return nets->slots ? sk_steal(nets) : NULL;
}

void nets_free(struct nets *nets)
{
	if (!nets)
		return;
	free(nets->slots);
	free(nets);
}

struct net nets_of(const struct addr *addr, uint8_t bits)
{
	struct net net = { .bits = bits };
	size_t len, whole = bits / 8;
	const uint8_t *bytes = addr_bytes(addr, &len);

	net.v6 = len == 16;
	memcpy(net.bytes, bytes, whole);
	if (bits % 8)
		net.bytes[whole] = (uint8_t)(bytes[whole] & (0xff00 >> bits % 8));
	return net;
}

uint64_t nets_hash(const struct net *net)
{
	uint64_t half[2], hash;

	memcpy(half, net->bytes, sizeof(half));
	hash = (half[0] ^ (uint64_t)net->bits << 56 ^ net->v6) * 0x9e3779b97f4a7c15u;
	hash = (hash ^ hash >> 29 ^ half[1]) * 0xbf58476d1ce4e5b9u;
	return hash ^ hash >> 32;
}

bool nets_same(const struct net *a, const struct net *b)
{
	return a->v6 == b->v6 && a->bits == b->bits &&
	       memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* The slot of the network, or the free one where it would go. */
static struct slot *find(const struct nets *nets, const struct net *net)
{
	for (size_t i = nets_hash(net) & nets->mask;; i = (i + 1) & nets->mask) {
		struct slot *s = &nets->slots[i];

		if (!s->marks || nets_same(&s->net, net))
			return s;
	}
}

static bool grow(struct nets *nets)
{
	struct nets bigger = { .mask = nets->mask * 2 + 1 };

	bigger.slots = calloc(bigger.mask + 1, sizeof(*bigger.slots));
	if (!bigger.slots)
		return false;
	for (size_t i = 0; i <= nets->mask; i++)
		if (nets->slots[i].marks)
			*find(&bigger, &nets->slots[i].net) = nets->slots[i];
	free(nets->slots);
	nets->slots = bigger.slots;
	nets->mask = bigger.mask;
	return true;
}

static void note_length(struct nets *nets, const struct net *net)
{
	uint8_t *lengths = nets->lengths[net->v6];

	if (!memchr(lengths, net->bits, nets->length_count[net->v6]))
		lengths[nets->length_count[net->v6]++] = net->bits;
}

bool nets_add(struct nets *nets, const struct net_list *list, unsigned marks)
{
	for (size_t i = 0; i < list->count; i++) {
		struct slot *s;

		if (nets->count * 2 > nets->mask && !grow(nets))
			return false;
		s = find(nets, &list->nets[i]);
		nets->count += !s->marks;
		s->net = list->nets[i];
		s->marks |= marks;
		note_length(nets, &list->nets[i]);
	}
	return true;
}

unsigned nets_marks(const struct nets *nets, const struct addr *addr)
{
	unsigned marks = 0;
	size_t len;
	bool v6;

	addr_bytes(addr, &len);
	v6 = len == 16;
	for (size_t i = 0; i < nets->length_count[v6]; i++) {
		struct net net = nets_of(addr, nets->lengths[v6][i]);

		marks |= find(nets, &net)->marks;
	}
	return marks;
}
