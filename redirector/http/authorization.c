/*
 * Who is asked first: the key, then the names of the certificate, then the address.  Each finds a
 * chain of clients, and of those that hold in it the one with most about it is it.
 */
#include "redirector/http/authorization_state.h"

#include "redirector/call/nets.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
	RANK_NAMED = 1000, /* above every length of a network */
};

struct authorization *authorization_ref(struct authorization *a)
{
	atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
	return a;
}

void authorization_unref(struct authorization *a)
{
	if (!a || atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) > 1)
		return;
	key_hashes_free(a->keys);
	map_free(a->names, NULL);
	map_free(a->nets, NULL);
	free(a->links);
	free(a->clients);
	directory_unref(a->directory);
	free(a);
}

static bool listed(const struct text_list *list, struct sk_span name)
{
	for (size_t i = 0; i < list->count; i++)
		if (sk_span_eq_nocase(sk_span_of(list->items[i]), name))
			return true;
	return false;
}

static bool shows_name(const struct credentials *shown, const struct text_list *list)
{
	char text[NAME_SIZE];
	struct sk_span key;

	for (size_t i = 0; i < shown->tls_name_count; i++)
		if (name_key(shown->tls_names[i], text, &key) && listed(list, key))
			return true;
	return false;
}

/* The length of the longest network that has it, plus 1; 0: none has. */
static int length_of(const struct net_list *list, const struct addr *source)
{
	int longest = 0;

	for (size_t i = 0; i < list->count; i++)
		if (net_has(&list->nets[i], source) && list->nets[i].bits + 1 > longest)
			longest = list->nets[i].bits + 1;
	return longest;
}

/* How much about it holds; -1: it does not hold. */
static int rank_of(const struct authorization *a, const struct client_conf *set,
		   const struct credentials *shown)
{
	int length = length_of(&set->sources, shown->source);

	if (set->tls_names.count > 0 && !shows_name(shown, &set->tls_names))
		return -1;
	if (set->sources.count > 0
		    ? length == 0
		    : !net_list_has(&directory_conf(a->directory)->http.sources, shown->source))
		return -1;
	return length + (set->tls_names.count > 0 ? RANK_NAMED : 0);
}

/* The best of a chain, if it is better than what there is. */
static void choose(const struct authorization *a, const struct client_link *chain,
		   const struct credentials *shown, int *best, const struct client **client)
{
	for (; chain; chain = chain->next) {
		int rank = rank_of(a, chain->client->set, shown);

		if (rank <= *best)
			continue;
		*best = rank;
		*client = chain->client;
	}
}

static enum authorized by_key(const struct authorization *a, const struct credentials *shown,
			      const struct client **client)
{
	size_t value = 0;
	int best = -1;

	if (shown->bearer.len == 0 || shown->bearer.len > BEARER_MAX)
		return AUTHORIZED_UNKNOWN;
	if (key_hashes_find(a->keys, shown->bearer, &value) != SK_OK)
		return AUTHORIZED_FAULT;
	if (value == 0)
		return AUTHORIZED_UNKNOWN;
	choose(a, key_clients(a, value), shown, &best, client);
	return best < 0 ? AUTHORIZED_REFUSED : AUTHORIZED;
}

/* @param known  Set when a client has one of the names */
static bool by_name(const struct authorization *a, const struct credentials *shown, bool *known,
		    const struct client **client)
{
	char text[NAME_SIZE];
	struct sk_span key;
	int best = -1;

	for (size_t i = 0; i < shown->tls_name_count; i++) {
		const struct client_link *chain =
			name_key(shown->tls_names[i], text, &key) ? map_get(a->names, key) : NULL;

		*known = *known || chain;
		choose(a, chain, shown, &best, client);
	}
	return best >= 0;
}

static bool by_address(const struct authorization *a, const struct credentials *shown,
		       const struct client **client)
{
	size_t len;
	bool v6;

	addr_bytes(shown->source, &len);
	v6 = len == 16;
	for (size_t i = 0; i < a->length_count[v6]; i++) {
		struct net net = nets_of(shown->source, a->lengths[v6][i]);
		char text[NET_KEY_SIZE];
		const struct client_link *link = map_get(a->nets, net_key(&net, text));

		if (!link)
			continue;
		*client = link->client;
		return true;
	}
	return false;
}

enum authorized authorization_client(const struct authorization *a, const struct credentials *shown,
				     const struct client **client)
{
	bool known = false;

	if (shown->bearer.ptr)
		return by_key(a, shown, client);
	if (by_name(a, shown, &known, client) || by_address(a, shown, client))
		return AUTHORIZED;
	return known || !a->has_client_keys ? AUTHORIZED_REFUSED : AUTHORIZED_UNKNOWN;
}

static enum authorized viewer_by_key(const struct authorization *a, const struct credentials *shown)
{
	size_t value = 0;

	if (shown->bearer.len == 0 || shown->bearer.len > BEARER_MAX)
		return AUTHORIZED_UNKNOWN;
	if (key_hashes_find(a->keys, shown->bearer, &value) != SK_OK)
		return AUTHORIZED_FAULT;
	if (key_is_viewer(value))
		return AUTHORIZED;
	return value > 0 ? AUTHORIZED_REFUSED : AUTHORIZED_UNKNOWN;
}

enum authorized authorization_viewer(const struct authorization *a, const struct credentials *shown)
{
	const struct http_conf *set = &directory_conf(a->directory)->http;

	if (shown->bearer.ptr)
		return viewer_by_key(a, shown);
	if (shows_name(shown, &set->viewer_names) ||
	    net_list_has(&set->viewer_sources, shown->source))
		return AUTHORIZED;
	return set->viewer_keys.count > 0 ? AUTHORIZED_UNKNOWN : AUTHORIZED_REFUSED;
}
