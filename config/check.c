/*
 * The whole of it, and the rules of the service's own settings.
 */
#include "config/check.h"

#include <string.h>
#include <sys/stat.h>

/* One listener as an address; false when it is none we can serve. */
static bool listener_read(struct loading *l, const char *text, struct place place, struct addr *out)
{
	static const char udp[] = "udp:";

	if (strncmp(text, "tcp:", 4) == 0 || strncmp(text, "tls:", 4) == 0) {
		complain(l, place, "sip.listen: \"%.80s\": only udp is served, write udp:%.80s",
			 text, text + 4);
		return false;
	}
	if (strncmp(text, udp, strlen(udp)) != 0 ||
	    !addr_parse(sk_span_of(text + strlen(udp)), out)) {
		complain(l, place,
			 "sip.listen: \"%.80s\" is no listener; allowed: udp:ADDRESS:PORT, such as "
			 "udp:192.0.2.1:5060 or udp:[2001:db8::1]:5060",
			 text);
		return false;
	}
	return true;
}

static void check_listen(struct loading *l, const struct conf *conf)
{
	const struct text_list *list = &conf->sip.listen;
	struct addr earlier[16];
	size_t count = 0;

	for (size_t i = 0; i < list->count && count < SK_COUNT(earlier); i++) {
		struct place place = entry_place(l, "sip.listen", i);
		struct addr *addr = &earlier[count];

		if (!listener_read(l, list->items[i], place, addr))
			continue;
		/* port 0 is another port each time */
		for (size_t k = 0; k < count && addr_port(addr) != 0; k++)
			if (addr_eq(&earlier[k], addr))
				complain(l, place, "sip.listen: \"%.80s\" is there twice",
					 list->items[i]);
		count++;
	}
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
	for (size_t i = 0; i < sip->listen.count; i++) {
		const char *known = sip->listen.items[i];
		struct addr a, b;

		if (strcmp(known, text) == 0)
			return true;
		if (strncmp(known, text, 4) == 0 && addr_parse(sk_span_of(known + 4), &a) &&
		    strlen(text) > 4 && addr_parse(sk_span_of(text + 4), &b) && addr_eq(&a, &b))
			return true;
	}
	return false;
}

void conf_check_tenant(struct loading *l, const struct conf *conf)
{
	check_tenant(l, conf);
	check_signing(l, conf);
	check_credentials(l, conf);
	check_verifying(l, conf);
	check_anchors(l, conf);
	check_answer(l, conf);
}

void conf_check(struct loading *l, const struct conf *conf)
{
	check_listen(l, conf);
	check_service(l, conf);
	check_tenants(l, conf);
	conf_check_tenant(l, conf);
	check_trust(l, conf);
	check_certs(l, conf);
}
