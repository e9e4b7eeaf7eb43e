/*
 * What may be written in two ways (upper case, a dot at the end, an IPv4 address mapped into
 * IPv6) is hashed and compared as one.
 */
#include "redirector/call/match_values.h"

#include "redirector/call/match.h"
#include "redirector/call/uri.h"

#include <string.h>

/* RFC 1034, 3.1: a dot at the end only says that the name is whole. */
static struct sk_span undot(struct sk_span host)
{
	if (host.len > 1 && host.ptr[host.len - 1] == '.')
		host.len--;
	return host;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 1099511628211u;
	return hash;
}

static const uint64_t hash_begin = 14695981039346656037u;

uint64_t hash_host(struct sk_span host)
{
	uint64_t hash = hash_begin;

	host = undot(host);
	for (size_t i = 0; i < host.len; i++)
		hash = (hash ^ (unsigned char)lower(host.ptr[i])) * 1099511628211u;
	return hash;
}

uint64_t hash_text(struct sk_span text)
{
	return hash_bytes(hash_begin, text.ptr, text.len);
}

bool match_host_eq(struct sk_span a, struct sk_span b)
{
	return sk_span_eq_nocase(undot(a), undot(b));
}

/* RFC 3261, 19.1.1: the port is no part of the host; a tel URI has none. */
struct sk_span match_host(const struct facts *facts)
{
	struct uri uri;

	if (!facts_target(facts, &uri))
		return (struct sk_span){ NULL, 0 };
	return uri.host;
}

struct sk_span only_header(const struct facts *facts, struct sk_span name)
{
	struct sk_span found = { NULL, 0 };

	for (size_t i = 0; name.len > 0 && i < facts->header_count; i++) {
		if (!sk_span_eq_nocase(facts->headers[i].name, name))
			continue;
		if (found.ptr)
			return (struct sk_span){ NULL, 0 };
		found = facts->headers[i].value;
	}
	return found;
}

static bool is_wildcard(const struct addr *addr)
{
	static const uint8_t zero[16];
	size_t len;
	const uint8_t *bytes = addr_bytes(addr, &len);

	return memcmp(bytes, zero, len) == 0;
}

bool listener_parse(struct sk_span text, struct listener *out)
{
	const char *colon = text.len ? memchr(text.ptr, ':', text.len) : NULL;
	struct listener l = { .kind = LISTENER_ONE };

	if (!colon)
		return false;
	l.transport = (struct sk_span){ text.ptr, (size_t)(colon - text.ptr) };
	if (!addr_parse((struct sk_span){ colon + 1, text.len - l.transport.len - 1 }, &l.addr))
		return false;
	if (is_wildcard(&l.addr))
		l.kind = LISTENER_ANY;
	*out = l;
	return true;
}

void listener_of(const struct facts *facts, enum listener_kind kind, struct listener *out)
{
	*out = (struct listener){ kind, sk_span_of(facts->transport), facts->local };
}

uint64_t listener_hash(const struct listener *l)
{
	uint16_t port = addr_port(&l->addr);
	size_t len;
	const uint8_t *bytes = addr_bytes(&l->addr, &len);
	uint64_t hash = hash_host(l->transport);

	hash = hash_bytes(hash, &port, sizeof(port));
	if (l->kind == LISTENER_ONE)
		return hash_bytes(hash, bytes, len);
	return hash_bytes(hash, len == 16 ? "6" : "4", 1);
}

bool listener_same(struct sk_span a, struct sk_span b)
{
	struct listener x, y;

	return listener_parse(a, &x) && listener_parse(b, &y) &&
	       sk_span_eq_nocase(x.transport, y.transport) && addr_eq(&x.addr, &y.addr);
}

bool match_listener(struct sk_span text, const struct facts *facts)
{
	struct listener l;
	size_t local, own;

	if (!listener_parse(text, &l) ||
	    !sk_span_eq_nocase(l.transport, sk_span_of(facts->transport)) ||
	    addr_port(&l.addr) != addr_port(&facts->local))
		return false;
	if (l.kind == LISTENER_ONE)
		return addr_eq(&l.addr, &facts->local);
	addr_bytes(&l.addr, &own);
	addr_bytes(&facts->local, &local);
	return own == local;
}

static bool any_host(const struct text_list *list, struct sk_span host)
{
	for (size_t i = 0; i < list->count; i++)
		if (host.len > 0 && match_host_eq(sk_span_of(list->items[i]), host))
			return true;
	return list->count == 0;
}

static bool any_name(const struct text_list *list, const struct facts *facts)
{
	for (size_t i = 0; i < facts->tls_name_count; i++)
		if (any_host(list, facts->tls_names[i]))
			return true;
	return list->count == 0;
}

static bool any_listener(const struct text_list *list, const struct facts *facts)
{
	for (size_t i = 0; i < list->count; i++)
		if (match_listener(sk_span_of(list->items[i]), facts))
			return true;
	return list->count == 0;
}

static bool any_header(const struct conf *service, const struct text_list *list,
		       const struct facts *facts)
{
	struct sk_span value;

	if (list->count == 0)
		return true;
	if (!net_list_has(&service->tenants.header_sources, &facts->source))
		return false;
	value = only_header(facts, sk_span_of(service->tenants.header));
	for (size_t i = 0; i < list->count; i++)
		if (value.len > 0 && sk_span_eq(sk_span_of(list->items[i]), value))
			return true;
	return false;
}

bool match_holds(const struct conf *service, const struct match_conf *set,
		 const struct facts *facts)
{
	const struct net_list *sources = set->sources.count ? &set->sources : &service->sip.sources;

	return net_list_has(sources, &facts->source) && any_listener(&set->listeners, facts) &&
	       any_host(&set->hosts, match_host(facts)) && any_name(&set->tls_names, facts) &&
	       any_header(service, &set->headers, facts);
}
