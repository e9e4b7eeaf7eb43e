/*
 * Tuple space search: a combination's hash is made of the hashes of its values, so a request
 * hashes each thing it says once, and each shape costs a mix and a probe.  The hash is not
 * keyed: what stands in the table is the operator's, and a request that misses leaves nothing.
 * Whatever the hash says, a hit is compared value by value before a tenant is believed.
 */
#include "redirector/call/match.h"

#include "redirector/call/match_state.h"
#include "redirector/call/match_values.h"

#include <stdlib.h>
#include <string.h>

enum {
	FIRST_SLOTS = 256,
};

struct match *match_new(const struct conf *service)
{
	SK_CLEANUP(match_free_p) struct match *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->service = service;
	m->nets = nets_new();
	m->entries = calloc(FIRST_SLOTS, sizeof(*m->entries));
	m->mask = FIRST_SLOTS - 1;
	if (!m->nets || !m->entries || !nets_add(m->nets, &service->sip.sources, OF_SERVICE) ||
	    !nets_add(m->nets, &service->tenants.header_sources, OF_HEADER))
		return NULL;
	return sk_steal(m);
}

void match_free(struct match *m)
{
	if (!m)
		return;
	nets_free(m->nets);
	free(m->shapes);
	free(m->entries);
	free(m);
}

/* The next way to take one of each list.  @return false: that was the last */
static bool next_combination(const size_t counts[KIND_COUNT], uint16_t at[KIND_COUNT])
{
	for (size_t kind = 0; kind < KIND_COUNT; kind++) {
		if (++at[kind] < counts[kind])
			return true;
		at[kind] = 0;
	}
	return false;
}

/* The same order as in request_hash(). */
static bool entry_of(const struct match_conf *set, const uint16_t at[KIND_COUNT], struct entry *out)
{
	struct entry e = { .set = set, .shape.bits = -1 };
	struct listener listener;

	memcpy(e.at, at, sizeof(e.at));
	if (set->tls_names.count > 0) {
		e.shape.tls = 1;
		e.hash = match_mix(e.hash,
				   hash_host(sk_span_of(set->tls_names.items[at[KIND_TLS]])));
	}
	if (set->headers.count > 0) {
		e.shape.header = 1;
		e.hash = match_mix(e.hash,
				   hash_text(sk_span_of(set->headers.items[at[KIND_HEADER]])));
	}
	if (set->hosts.count > 0) {
		e.shape.host = 1;
		e.hash = match_mix(e.hash, hash_host(sk_span_of(set->hosts.items[at[KIND_HOST]])));
	}
	if (set->listeners.count > 0) {
		if (!listener_parse(sk_span_of(set->listeners.items[at[KIND_LISTENER]]), &listener))
			return false;
		e.shape.listener = (uint8_t)listener.kind;
		e.hash = match_mix(e.hash, listener_hash(&listener));
	}
	if (set->sources.count > 0) {
		const struct net *net = &set->sources.nets[at[KIND_SOURCE]];

		e.shape.v6 = net->v6;
		e.shape.bits = net->bits;
		e.hash = match_mix(e.hash, nets_hash(net));
	}
	*out = e;
	return true;
}

static bool same_values(const struct entry *a, const struct entry *b)
{
	const struct match_conf *x = a->set, *y = b->set;

	if (a->hash != b->hash || match_compare_shapes(&a->shape, &b->shape) != 0)
		return false;
	if (a->shape.tls && !match_host_eq(sk_span_of(x->tls_names.items[a->at[KIND_TLS]]),
					   sk_span_of(y->tls_names.items[b->at[KIND_TLS]])))
		return false;
	if (a->shape.header &&
	    strcmp(x->headers.items[a->at[KIND_HEADER]], y->headers.items[b->at[KIND_HEADER]]) != 0)
		return false;
	if (a->shape.host && !match_host_eq(sk_span_of(x->hosts.items[a->at[KIND_HOST]]),
					    sk_span_of(y->hosts.items[b->at[KIND_HOST]])))
		return false;
	if (a->shape.listener &&
	    !listener_same(sk_span_of(x->listeners.items[a->at[KIND_LISTENER]]),
			   sk_span_of(y->listeners.items[b->at[KIND_LISTENER]])))
		return false;
	return a->shape.bits < 0 || nets_same(&x->sources.nets[a->at[KIND_SOURCE]],
					      &y->sources.nets[b->at[KIND_SOURCE]]);
}

/* The slot with these values, or the free one where they would go. */
static struct entry *find(const struct match *m, const struct entry *wanted)
{
	for (size_t i = wanted->hash & m->mask;; i = (i + 1) & m->mask) {
		struct entry *e = &m->entries[i];

		if (!e->set || same_values(e, wanted))
			return e;
	}
}

static bool make_room(struct match *m, size_t more)
{
	struct match bigger = { .mask = m->mask };

	while ((m->count + more) * 2 > bigger.mask)
		bigger.mask = bigger.mask * 2 + 1;
	if (bigger.mask == m->mask)
		return true;
	bigger.entries = calloc(bigger.mask + 1, sizeof(*bigger.entries));
	if (!bigger.entries)
		return false;
	for (size_t i = 0; i <= m->mask; i++)
		if (m->entries[i].set)
			*find(&bigger, &m->entries[i]) = m->entries[i];
	free(m->entries);
	m->entries = bigger.entries;
	m->mask = bigger.mask;
	return true;
}

/* Sorted in; most tenants bring a shape that is there. */
static bool note_shape(struct match *m, const struct shape *shape)
{
	size_t at = 0;

	while (at < m->shape_count && match_compare_shapes(&m->shapes[at], shape) < 0)
		at++;
	if (at < m->shape_count && match_compare_shapes(&m->shapes[at], shape) == 0)
		return true;
	if (m->shape_count == m->shape_room) {
		size_t room = m->shape_room * 2 + 8;
		struct shape *shapes = realloc(m->shapes, room * sizeof(*shapes));

		if (!shapes)
			return false;
		m->shapes = shapes;
		m->shape_room = room;
	}
	memmove(&m->shapes[at + 1], &m->shapes[at], (m->shape_count - at) * sizeof(*shape));
	m->shapes[at] = *shape;
	m->shape_count++;
	return true;
}

/* Reads every combination, and takes what memory they will need, before the first one goes in. */
static enum match_result may_add(struct match *m, const struct match_conf *set,
				 const size_t counts[KIND_COUNT], void **other)
{
	uint16_t at[KIND_COUNT] = { 0 };

	do {
		struct entry wanted;
		const struct entry *e;

		if (!entry_of(set, at, &wanted))
			return MATCH_LISTENER;
		e = find(m, &wanted);
		if (e->set) {
			*other = e->value;
			return MATCH_CONFLICT;
		}
		if (!note_shape(m, &wanted.shape))
			return MATCH_NO_MEMORY;
	} while (next_combination(counts, at));
	return MATCH_OK;
}

enum match_result match_add(struct match *m, const struct match_conf *set, void *value,
			    void **other)
{
	size_t counts[KIND_COUNT] = { set->tls_names.count, set->headers.count, set->hosts.count,
				      set->listeners.count, set->sources.count };
	uint16_t at[KIND_COUNT] = { 0 };
	size_t combinations = 1, values = 0;
	enum match_result result;

	for (size_t kind = 0; kind < KIND_COUNT; kind++) {
		values += counts[kind];
		counts[kind] += counts[kind] == 0;
		if (counts[kind] > UINT16_MAX)
			return MATCH_TOO_MANY;
		combinations *= counts[kind];
		if (combinations > MATCH_COMBINATIONS_MAX)
			return MATCH_TOO_MANY;
	}
	if (values == 0)
		return MATCH_NO_CRITERIA;
	if (!make_room(m, combinations))
		return MATCH_NO_MEMORY;
	result = may_add(m, set, counts, other);
	if (result)
		return result;
	if (!nets_add(m->nets, &set->sources, OF_TENANT))
		return MATCH_NO_MEMORY;
	do {
		struct entry wanted, *e;

		if (!entry_of(set, at, &wanted))
			return MATCH_LISTENER;
		wanted.value = value;
		e = find(m, &wanted);
		m->count += e->set == NULL; /* else it says a value twice */
		*e = wanted;
	} while (next_combination(counts, at));
	return MATCH_OK;
}

const char *match_text(enum match_result result)
{
	static const char *const texts[] = {
		[MATCH_OK] = "fits",
		[MATCH_NO_CRITERIA] = "match: no criteria: nothing would ever be its",
		[MATCH_TOO_MANY] = "match: too many combinations of its values",
		[MATCH_LISTENER] = "match.listeners: not a listener",
		[MATCH_CONFLICT] = "match: another tenant has the same criteria",
		[MATCH_NO_MEMORY] = "out of memory",
	};

	return texts[result];
}

bool match_admit(struct match *m, const struct net_list *sources)
{
	return nets_add(m->nets, sources, OF_TENANT);
}

bool match_admits(const struct match *m, const struct addr *source)
{
	return nets_marks(m->nets, source) & (OF_SERVICE | OF_TENANT);
}
