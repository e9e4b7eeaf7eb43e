/*
 * One thing a request may say several times: the names of its client.  Two tenants can then be
 * meant by combinations of one strength, and it is neither's.
 */
#include "redirector/call/match_state.h"

/* What a request says, hashed once. */
struct asked {
	const struct facts *facts;
	struct sk_span host, header;
	uint64_t header_hash, host_hash;
	uint64_t listener_hash[LISTENER_KINDS]; /* of its own address, and of every address */
	bool v6, known;                         /* known: of sip.sources */
};

static void ask(const struct match *m, const struct facts *facts, struct asked *a)
{
	unsigned marks = nets_marks(m->nets, &facts->source);
	struct listener local;
	size_t len;

	addr_bytes(&facts->source, &len);
	*a = (struct asked){ .facts = facts, .host = match_host(facts), .v6 = len == 16 };
	a->known = marks & OF_SERVICE;
	if (marks & OF_HEADER)
		a->header = only_header(facts, sk_span_of(m->service->tenants.header));
	a->header_hash = hash_text(a->header);
	a->host_hash = hash_host(a->host);
	for (int kind = LISTENER_ANY; kind < LISTENER_KINDS; kind++) {
		listener_of(facts, (enum listener_kind)kind, &local);
		a->listener_hash[kind] = listener_hash(&local);
	}
}

/* @param name  Of the client: one of those that it has, empty when the shape has none
 * @return false: the request lacks something of that shape */
static bool request_hash(const struct asked *a, const struct shape *shape, struct sk_span name,
			 uint64_t *out)
{
	uint64_t hash = 0;

	/* a tenant without networks of its own has those of the service */
	if (shape->bits < 0 ? !a->known : a->v6 != shape->v6)
		return false;
	if ((shape->tls && name.len == 0) || (shape->header && a->header.len == 0) ||
	    (shape->host && a->host.len == 0))
		return false;
	if (shape->tls)
		hash = match_mix(hash, hash_host(name));
	if (shape->header)
		hash = match_mix(hash, a->header_hash);
	if (shape->host)
		hash = match_mix(hash, a->host_hash);
	if (shape->listener)
		hash = match_mix(hash, a->listener_hash[shape->listener]);
	if (shape->bits >= 0) {
		struct net net = nets_of(&a->facts->source, (uint8_t)shape->bits);

		hash = match_mix(hash, nets_hash(&net));
	}
	*out = hash;
	return true;
}

static bool meets(const struct asked *a, const struct entry *e, struct sk_span name)
{
	const struct match_conf *set = e->set;

	return (!e->shape.tls ||
		match_host_eq(sk_span_of(set->tls_names.items[e->at[KIND_TLS]]), name)) &&
	       (!e->shape.header ||
		sk_span_eq(sk_span_of(set->headers.items[e->at[KIND_HEADER]]), a->header)) &&
	       (!e->shape.host ||
		match_host_eq(sk_span_of(set->hosts.items[e->at[KIND_HOST]]), a->host)) &&
	       (!e->shape.listener ||
		match_listener(sk_span_of(set->listeners.items[e->at[KIND_LISTENER]]), a->facts)) &&
	       (e->shape.bits < 0 ||
		net_has(&set->sources.nets[e->at[KIND_SOURCE]], &a->facts->source));
}

static void *find_one(const struct match *m, const struct asked *a, const struct shape *shape,
		      struct sk_span name)
{
	uint64_t hash;

	if (!request_hash(a, shape, name, &hash))
		return NULL;
	for (size_t at = hash & m->mask; m->entries[at].set; at = (at + 1) & m->mask) {
		const struct entry *e = &m->entries[at];

		if (e->hash == hash && match_compare_shapes(&e->shape, shape) == 0 &&
		    meets(a, e, name))
			return e->value;
	}
	return NULL;
}

/* By each of the client's names.  @return false: they mean more than one */
static bool find_by_names(const struct match *m, const struct asked *a, const struct shape *shape,
			  void **out)
{
	void *found = NULL;

	for (size_t i = 0; i < a->facts->tls_name_count; i++) {
		void *value = find_one(m, a, shape, a->facts->tls_names[i]);

		if (found && value && value != found)
			return false;
		if (value)
			found = value;
	}
	*out = found;
	return true;
}

void *match_find(const struct match *m, const struct facts *facts)
{
	static const struct sk_span no_name = { NULL, 0 };
	struct asked a;

	if (m->count == 0)
		return NULL;
	ask(m, facts, &a);
	for (size_t i = 0; i < m->shape_count; i++) {
		const struct shape *shape = &m->shapes[i];
		void *found = NULL;

		if (!shape->tls)
			found = find_one(m, &a, shape, no_name);
		else if (!find_by_names(m, &a, shape, &found))
			return NULL;
		if (found)
			return found;
	}
	return NULL;
}
