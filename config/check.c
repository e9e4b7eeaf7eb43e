/*
 * The whole of it, and the rules of the service's own settings.
 */
#include "config/check.h"

#include <string.h>
#include <sys/stat.h>

struct listener_at {
	const char *text;
	struct addr addr;
};

/* One listener as an address; false when it is none we can serve. */
static bool listener_read(struct loading *l, const char *text, struct place place, struct addr *out)
{
	if ((strncmp(text, "udp:", 4) != 0 && strncmp(text, "tcp:", 4) != 0 &&
	     strncmp(text, "tls:", 4) != 0) ||
	    !addr_parse(sk_span_of(text + 4), out)) {
		complain(l, place,
			 "sip.listen: \"%.80s\" is no listener; allowed: udp:, tcp: or "
			 "tls:ADDRESS:PORT, such as udp:192.0.2.1:5060 or tls:[2001:db8::1]:5061",
			 text);
		return false;
	}
	return true;
}

static bool is_wildcard(const struct addr *addr)
{
	size_t len, zeros = 0;
	const uint8_t *bytes = addr_bytes(addr, &len);

	while (zeros < len && bytes[zeros] == 0)
		zeros++;
	return zeros == len;
}

/* Two that are not the same: has one all addresses, and so the other's, too?  Both listen for
 * TCP, whatever else they do. */
static bool is_within(const struct addr *a, const struct addr *b)
{
	return a->sa.any.sa_family == b->sa.any.sa_family && addr_port(a) == addr_port(b) &&
	       (is_wildcard(a) || is_wildcard(b));
}

bool addr_meets(const struct addr *a, const struct addr *b)
{
	return addr_eq(a, b) || is_within(a, b);
}

/* What it has in common with an earlier one. */
static void check_pair(struct loading *l, struct place place, const struct listener_at *earlier,
		       const struct listener_at *it)
{
	if (addr_port(&it->addr) == 0) /* another port each time */
		return;
	/* udp: has the TCP port of that number, too */
	if (addr_eq(&earlier->addr, &it->addr))
		complain(l, place, "sip.listen: \"%.80s\" is there twice", it->text);
	else if (is_within(&earlier->addr, &it->addr))
		complain(l, place,
			 "sip.listen: \"%.80s\" and \"%.80s\" cannot be listened on together: "
			 "one of them is all addresses of this port",
			 it->text, earlier->text);
}

static void check_listen(struct loading *l, const struct conf *conf)
{
	const struct text_list *list = &conf->sip.listen;
	struct listener_at known[16];
	size_t count = 0;

	for (size_t i = 0; i < list->count && count < SK_COUNT(known); i++) {
		struct place place = entry_place(l, "sip.listen", i);
		struct listener_at *it = &known[count];

		it->text = list->items[i];
		if (!listener_read(l, it->text, place, &it->addr))
			continue;
		for (size_t k = 0; k < count; k++)
			check_pair(l, place, &known[k], it);
		count++;
		if (conf->streams.connections == 0 && strncmp(it->text, "udp:", 4) != 0)
			warn(l, place,
			     "sip.listen: \"%.80s\" has no effect with streams.connections: 0",
			     it->text);
	}
}

/* The first listener that speaks TLS; false: none does. */
static bool find_tls(const struct conf *conf, size_t *at)
{
	const struct text_list *list = &conf->sip.listen;
	struct addr addr;

	for (size_t i = 0; i < list->count; i++)
		if (strncmp(list->items[i], "tls:", 4) == 0 &&
		    addr_parse(sk_span_of(list->items[i] + 4), &addr)) {
			*at = i;
			return true;
		}
	return false;
}

bool speaks_tls(const struct conf *conf)
{
	size_t at;

	return find_tls(conf, &at);
}

/* Names the first setting of `tls` that is not its default: that is in every file that was printed.
 */
static void warn_idle_tls(struct loading *l)
{
	for (size_t i = 0; i < conf_schema_count; i++) {
		const struct conf_item *item = &conf_schema[i];
		const char *dflt = strcmp(item->dflt, "\"\"") == 0 ? "" : item->dflt;
		const struct node *node = loading_node(l, item->path);

		if (strncmp(item->path, "tls.", 4) != 0 || !node || strcmp(node->text, dflt) == 0)
			continue;
		warn(l, node->place, "%s: has no effect without a tls: listener in sip.listen",
		     item->path);
		return;
	}
}

static void check_tls(struct loading *l, const struct conf *conf)
{
	const struct tls_conf *t = &conf->tls;
	bool asked = t->clients != TLS_CLIENTS_ANY;
	size_t at;

	if (!find_tls(conf, &at))
		warn_idle_tls(l);
	else if (!is_set(t->certificate) || !is_set(t->key))
		complain(l, entry_place(l, "sip.listen", at),
			 "sip.listen: \"%.80s\" needs tls.certificate and tls.key",
			 conf->sip.listen.items[at]);
	if (asked && !is_set(t->client_ca))
		complain(l, place_of(l, "tls.clients"),
			 "tls.clients: \"%s\" needs tls.client-ca, the roots of their certificates",
			 t->clients == TLS_CLIENTS_ASKED ? "asked" : "required");
	if (!asked && is_set(t->client_ca) && speaks_tls(conf))
		warn(l, place_of(l, "tls.client-ca"),
		     "tls.client-ca: has no effect with tls.clients: any");
}

bool is_wished(const struct loading *l, const struct conf *conf, const char *path)
{
	const struct conf_item *item = conf_item_find(path);

	return loading_node(l, path) && (!l->main || conf_item_differs(item, conf, l->main));
}

void check_burst(struct loading *l, const char *burst, const char *rate, int64_t per_second)
{
	const struct node *node = loading_node(l, burst);

	/* the default is in every file that was printed */
	if (per_second == 0 && node && strcmp(node->text, conf_item_find(burst)->dflt) != 0)
		warn(l, node->place, "%s: has no effect without %s", burst, rate);
}

/* Settings of the service that need each other. */
static void check_service(struct loading *l, const struct conf *conf)
{
	check_burst(l, "sip.source-burst", "sip.source-rate", conf->sip.source_rate);
	if (conf->sip.overload_age >= conf->sip.queue_age)
		warn(l, place_of_either(l, "sip.overload-age", "sip.queue-age"),
		     "sip.overload-age: is not below sip.queue-age, so what is too much is dropped "
		     "and "
		     "never gets what sip.overload says");
	if (conf->authority.warm && !is_set(conf->authority.store))
		warn(l, place_of(l, "authority.warm"),
		     "authority.warm: has no effect without authority.store");
	if (is_set(conf->hsm.pin_file) && !is_set(conf->hsm.module))
		complain(l, place_of(l, "hsm.pin-file"),
			 "hsm.pin-file: \"%.80s\" needs hsm.module, the library of the token",
			 conf->hsm.pin_file);
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A tenant's match.sources may let it in, which is not known here. */
static void check_header_sources(struct loading *l, const struct conf *conf)
{
	const struct net_list *list = &conf->tenants.header_sources;

	for (size_t i = 0; i < list->count; i++)
		if (!nets_cover(&conf->sip.sources, &list->nets[i]))
			warn(l, entry_place(l, "tenants.header-sources", i),
			     "tenants.header-sources: entry %zu is not within sip.sources: nobody "
			     "there "
			     "is heard, unless match.sources of a tenant has it",
			     i + 1);
}

static void check_tenants(struct loading *l, const struct conf *conf)
{
	const struct tenants_conf *t = &conf->tenants;

	if (is_set(t->folder) && !is_folder(t->folder))
		complain(l, place_of(l, "tenants.folder"),
			 "tenants.folder: \"%.200s\" is no folder", t->folder);
	if (t->fallback && !is_set(t->folder))
		warn(l, place_of(l, "tenants.fallback"),
		     "tenants.fallback: has no effect without tenants.folder");
	if (is_set(t->header) && t->header_sources.count == 0)
		complain(
			l, place_of(l, "tenants.header"),
			"tenants.header: \"%.80s\" is believed from nobody; name who may say it in "
			"tenants.header-sources",
			t->header);
	if (!is_set(t->header) && t->header_sources.count > 0)
		warn(l, place_of(l, "tenants.header-sources"),
		     "tenants.header-sources: has no effect without tenants.header");
	check_header_sources(l, conf);
	if (!gets_calls(l, conf) && has_key(&conf->tenant))
		warn(l, place_of(l, "tenants.folder"),
		     "tenants.folder: without tenants.fallback the keys of this file sign nothing");
}

bool is_listener_of(const struct sip_conf *sip, const char *text)
{
	bool tcp = strncmp(text, "tcp:", 4) == 0;

	for (size_t i = 0; i < sip->listen.count; i++) {
		const char *known = sip->listen.items[i];
		struct addr a, b;

		if (strcmp(known, text) == 0)
			return true;
		/* udp: listens for TCP, too */
		if (strncmp(known, text, 4) != 0 && !(tcp && strncmp(known, "udp:", 4) == 0))
			continue;
		if (addr_parse(sk_span_of(known + 4), &a) && strlen(text) > 4 &&
		    addr_parse(sk_span_of(text + 4), &b) && addr_eq(&a, &b))
			return true;
	}
	return false;
}

void conf_check_tenant(struct loading *l, const struct conf *conf)
{
	check_tenant(l, conf);
	check_clients(l, conf);
	check_signing(l, conf);
	check_credentials(l, conf);
	check_verifying(l, conf);
	check_anchors(l, conf);
	check_answer(l, conf);
}

void conf_check(struct loading *l, const struct conf *conf)
{
	check_listen(l, conf);
	check_tls(l, conf);
	check_service(l, conf);
	check_tenants(l, conf);
	conf_check_tenant(l, conf);
	check_trust(l, conf);
	check_certs(l, conf);
	check_http(l, conf);
}
