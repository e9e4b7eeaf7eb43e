/*
 * From the tenants' clients to the indexes.
 *
 * What surprises: two clients may share a key or a name as long as their names or networks tell
 * them apart.  They tie when everything that both have is the same: for each pair that could be a
 * request's, it would be both.
 */
#include "redirector/http/authorization_state.h"

#include "redirector/call/nets.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct building {
	struct authorization *a;
	client_left_out_h *left_out; /* NULL: a fault of one is a fault of all */
	void *arg;
	char *why;
	bool out_of_memory;
};

/* How much room there must be. */
struct needs {
	size_t clients, keys, names, nets;
};

static bool out_of_memory(struct building *b)
{
	b->out_of_memory = true;
	snprintf(b->why, AUTHORIZATION_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
	return false;
}

/* --- do two tie? --- */

static bool share_text(const struct text_list *a, const struct text_list *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (strcasecmp(a->items[i], b->items[j]) == 0)
				return true;
	return a->count == 0 && b->count == 0;
}

static bool share_net(const struct net_list *a, const struct net_list *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (nets_same(&a->nets[i], &b->nets[j]))
				return true;
	return a->count == 0 && b->count == 0;
}

static bool tie(const struct client_conf *a, const struct client_conf *b)
{
	return share_text(&a->keys, &b->keys) && share_text(&a->tls_names, &b->tls_names) &&
	       share_net(&a->sources, &b->sources);
}

/* May it join those of the chain? */
static bool joins(struct building *b, const struct client_link *chain, const struct client *c)
{
	size_t count = 0;

	for (; chain; chain = chain->next) {
		const struct client *other = chain->client;

		if (!tie(other->set, c->set) && ++count < CLIENTS_ALIKE_MAX)
			continue;
		snprintf(b->why, AUTHORIZATION_WHY_SIZE,
			 count < CLIENTS_ALIKE_MAX
				 ? "clients %.64s/%.64s and %.64s/%.64s: nothing tells their "
				   "requests apart (keys, tls-names, sources)"
				 : "clients %.64s/%.64s and %.64s/%.64s: too many share a key or a "
				   "name",
			 other->tenant->set->name, other->set->name, c->tenant->set->name,
			 c->set->name);
		return false;
	}
	return true;
}

/* --- one client --- */

static struct client_link *link_new(struct authorization *a, const struct client *c,
				    struct client_link *next)
{
	struct client_link *link = &a->links[a->link_count++];

	*link = (struct client_link){ c, next };
	return link;
}

/* @param check  May it?  Else it is done */
static bool add_keys(struct building *b, const struct client *c, bool check)
{
	struct authorization *a = b->a;

	for (size_t i = 0; i < c->set->keys.count; i++) {
		uint8_t hash[KEY_HASH_SIZE];
		struct client_link *chain;
		size_t *value;

		if (!key_hash_read(c->set->keys.items[i], hash)) {
			snprintf(b->why, AUTHORIZATION_WHY_SIZE,
				 "client %.64s/%.64s: keys: no hash of a key (sha256:...)",
				 c->tenant->set->name, c->set->name);
			return false;
		}
		value = key_hashes_at(a->keys, hash);
		if (!value)
			return out_of_memory(b);
		chain = key_clients(a, *value);
		if (check && !joins(b, chain, c))
			return false;
		if (check || (chain && chain->client == c)) /* the same key twice */
			continue;
		*value = key_value((size_t)(link_new(a, c, chain) - a->links) + 1,
				   key_is_viewer(*value));
		a->has_client_keys = true;
	}
	return true;
}

static bool add_names(struct building *b, const struct client *c, bool check)
{
	struct authorization *a = b->a;

	for (size_t i = 0; i < c->set->tls_names.count; i++) {
		char text[NAME_SIZE];
		struct sk_span key;
		struct client_link *chain;

		if (!name_key(sk_span_of(c->set->tls_names.items[i]), text, &key))
			continue; /* no certificate shows it as a name */
		chain = map_get(a->names, key);
		if (check && !joins(b, chain, c))
			return false;
		if (check || (chain && chain->client == c))
			continue;
		if (!map_put(a->names, key, link_new(a, c, chain)))
			return out_of_memory(b);
	}
	return true;
}

/* The longest first. */
static void note_length(struct authorization *a, const struct net *net)
{
	uint8_t *lengths = a->lengths[net->v6];
	size_t *count = &a->length_count[net->v6], i = 0;

	while (i < *count && lengths[i] > net->bits)
		i++;
	if (i < *count && lengths[i] == net->bits)
		return;
	memmove(lengths + i + 1, lengths + i, *count - i);
	lengths[i] = net->bits;
	(*count)++;
}

static bool add_nets(struct building *b, const struct client *c, bool check)
{
	struct authorization *a = b->a;

	for (size_t i = 0; i < c->set->sources.count; i++) {
		const struct net *net = &c->set->sources.nets[i];
		char text[NET_KEY_SIZE];
		struct sk_span key = net_key(net, text);
		struct client_link *chain = map_get(a->nets, key);

		if (check && !joins(b, chain, c))
			return false;
		if (check || chain)
			continue;
		if (!map_put(a->nets, key, link_new(a, c, NULL)))
			return out_of_memory(b);
		note_length(a, net);
	}
	return true;
}

/* A client of nothing is in no index: nobody is it. */
static bool index_client(struct building *b, const struct client *c, bool check)
{
	if (c->set->keys.count > 0)
		return add_keys(b, c, check);
	if (c->set->tls_names.count > 0)
		return add_names(b, c, check);
	return add_nets(b, c, check);
}

static bool find_trunk(struct building *b, struct client *c)
{
	const struct trunk_conf *trunks = c->tenant->set->trunks.items;

	if (!c->set->trunk[0])
		return true;
	for (size_t i = 0; i < c->tenant->set->trunks.count; i++)
		if (strcmp(trunks[i].name, c->set->trunk) == 0)
			c->trunk = &trunks[i];
	if (!c->trunk)
		snprintf(b->why, AUTHORIZATION_WHY_SIZE,
			 "client %.64s/%.64s: trunk: there is no trunk of this name",
			 c->tenant->set->name, c->set->name);
	return c->trunk != NULL;
}

static bool add_client(struct building *b, struct tenant *tenant, const struct client_conf *set)
{
	struct authorization *a = b->a;
	struct client *c = &a->clients[a->count];

	*c = (struct client){ .tenant = tenant, .set = set };
	if (find_trunk(b, c) && index_client(b, c, true)) {
		a->count++;
		return index_client(b, c, false);
	}
	if (b->out_of_memory || !b->left_out)
		return false;
	b->left_out(b->arg, b->why);
	return true;
}

/* --- all of them --- */

static struct tenant *tenant_at(const struct directory *d, size_t i)
{
	return i < directory_count(d) ? directory_at(d, i) : directory_fallback(d);
}

static void count_needs(const struct directory *d, struct needs *n)
{
	for (size_t i = 0; i <= directory_count(d); i++) {
		const struct tenant *tenant = tenant_at(d, i);
		const struct client_conf *all = tenant ? tenant->set->clients.items : NULL;

		for (size_t k = 0; tenant && k < tenant->set->clients.count; k++) {
			n->clients++;
			if (all[k].keys.count > 0)
				n->keys += all[k].keys.count;
			else if (all[k].tls_names.count > 0)
				n->names += all[k].tls_names.count;
			else
				n->nets += all[k].sources.count;
		}
	}
	n->keys += directory_conf(d)->http.viewer_keys.count;
}

static bool make_room(struct building *b, const struct needs *n)
{
	struct authorization *a = b->a;

	a->clients = calloc(n->clients + 1, sizeof(*a->clients));
	a->links = calloc(n->keys + n->names + n->nets + 1, sizeof(*a->links));
	a->keys = key_hashes_new(n->keys);
	a->names = map_new(n->names);
	a->nets = map_new(n->nets);
	return (a->clients && a->links && a->keys && a->names && a->nets) || out_of_memory(b);
}

static bool add_viewer_keys(struct building *b)
{
	const struct text_list *keys = &directory_conf(b->a->directory)->http.viewer_keys;

	for (size_t i = 0; i < keys->count; i++) {
		uint8_t hash[KEY_HASH_SIZE];
		size_t *value;

		if (!key_hash_read(keys->items[i], hash)) {
			snprintf(b->why, AUTHORIZATION_WHY_SIZE,
				 "http.viewer-keys: no hash of a key (sha256:...)");
			return false;
		}
		value = key_hashes_at(b->a->keys, hash);
		if (!value)
			return out_of_memory(b);
		*value = key_value(*value >> 1, true);
	}
	return true;
}

static bool add_tenants(struct building *b)
{
	const struct directory *d = b->a->directory;

	for (size_t i = 0; i <= directory_count(d); i++) {
		struct tenant *tenant = tenant_at(d, i);
		const struct client_conf *all = tenant ? tenant->set->clients.items : NULL;

		for (size_t k = 0; tenant && k < tenant->set->clients.count; k++)
			if (!add_client(b, tenant, &all[k]))
				return false;
	}
	return true;
}

struct authorization *authorization_start(struct directory *directory, client_left_out_h *left_out,
					  void *arg, char why[AUTHORIZATION_WHY_SIZE])
{
	SK_CLEANUP(authorization_unref_p) struct authorization *a = calloc(1, sizeof(*a));
	struct building b = { a, left_out, arg, why, false };
	struct needs needs = { 0 };

	if (!a) {
		(void)out_of_memory(&b);
		return NULL;
	}
	atomic_init(&a->refs, 1);
	a->directory = directory_ref(directory);
	count_needs(directory, &needs);
	if (!make_room(&b, &needs) || !add_viewer_keys(&b) || !add_tenants(&b))
		return NULL;
	return sk_steal(a);
}

struct authorization *authorization_new(struct directory *directory,
					char why[AUTHORIZATION_WHY_SIZE])
{
	return authorization_start(directory, NULL, NULL, why);
}
