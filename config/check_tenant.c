/*
 * The rules of who a tenant is and what becomes of its calls: match, trunks, function, lists,
 * limits.  What no request could ever meet is refused: it is a mistake, and a silent one.
 */
#include "config/check.h"

#include <string.h>

bool somebody_may_say(const struct tenant_conf *tenant)
{
	const struct trunk_conf *trunks = tenant->trunks.items;

	for (size_t i = 0; i < tenant->trunks.count; i++)
		if (trunks[i].may_say)
			return true;
	return tenant->sign.attest_sources.count > 0;
}

static void check_listener(struct loading *l, const struct conf *conf, const char *path,
			   struct place place, const char *text)
{
	if (!is_listener_of(&conf->sip, text))
		complain(l, place, "%s: \"%.80s\" is not among sip.listen", path, text);
}

static void check_host(struct loading *l, const char *path, struct place place, const char *text)
{
	if (!is_host(text))
		complain(l, place,
			 "%s: \"%.80s\" is no host; allowed: a name or an address, without port, "
			 "such as sbc.example.net, 192.0.2.1 or [2001:db8::1]",
			 path, text);
}

/* An entry that is there twice makes a tenant the rival of itself. */
static void check_twice(struct loading *l, const char *path, const struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcasecmp(list->items[i], list->items[k]) == 0)
				complain(l, entry_place(l, path, i), "%s: \"%.80s\" is there twice",
					 path, list->items[i]);
}

static void check_match(struct loading *l, const struct conf *conf)
{
	const struct match_conf *m = &conf->tenant.match;
	const struct {
		const char *path;
		const struct text_list *list;
	} lists[] = {
		{ "match.listeners", &m->listeners },
		{ "match.hosts", &m->hosts },
		{ "match.tls-names", &m->tls_names },
		{ "match.headers", &m->headers },
	};
	const char *first = m->sources.count > 0 ? "match.sources" : NULL;

	for (size_t i = 0; i < SK_COUNT(lists); i++) {
		check_twice(l, lists[i].path, lists[i].list);
		if (!first && lists[i].list->count > 0)
			first = lists[i].path;
	}
	for (size_t i = 0; i < m->listeners.count; i++)
		check_listener(l, conf, "match.listeners", entry_place(l, "match.listeners", i),
			       m->listeners.items[i]);
	for (size_t i = 0; i < m->hosts.count; i++)
		check_host(l, "match.hosts", entry_place(l, "match.hosts", i), m->hosts.items[i]);
	if (m->headers.count > 0 && !is_set(conf->tenants.header))
		complain(l, place_of(l, "match.headers"),
			 "match.headers: \"%.80s\" needs tenants.header in the main file",
			 m->headers.items[0]);
	for (size_t i = 0; i < m->tls_names.count; i++)
		check_host(l, "match.tls-names", entry_place(l, "match.tls-names", i),
			   m->tls_names.items[i]);
	if (m->tls_names.count > 0 && !speaks_tls(conf))
		warn(l, place_of(l, "match.tls-names"),
		     "match.tls-names: no listener speaks TLS, so no request is this tenant's");
	else if (m->tls_names.count > 0 && conf->tls.clients == TLS_CLIENTS_ANY)
		warn(l, place_of(l, "match.tls-names"),
		     "match.tls-names: tls.clients: any asks nobody for a certificate, so no "
		     "request is this tenant's");
	if (first && !l->main)
		warn(l, place_of(l, first),
		     "match: has no effect in the main file, whose tenant gets what no other does; "
		     "it belongs in a tenant's file");
}

bool nets_cover(const struct net_list *list, const struct net *inner)
{
	struct addr addr = { .len = 0 };

	if (inner->v6) {
		addr.sa.v6.sin6_family = AF_INET6;
		memcpy(&addr.sa.v6.sin6_addr, inner->bytes, 16);
	} else {
		addr.sa.v4.sin_family = AF_INET;
		memcpy(&addr.sa.v4.sin_addr, inner->bytes, 4);
	}
	for (size_t i = 0; i < list->count; i++)
		if (list->nets[i].bits <= inner->bits && net_has(&list->nets[i], &addr))
			return true;
	return false;
}

/* Where this tenant's requests come from. */
static const struct net_list *sources_of(const struct conf *conf)
{
	const struct net_list *own = &conf->tenant.match.sources;

	return own->count > 0 ? own : &conf->sip.sources;
}

static bool is_credential(const struct tenant_conf *t, const char *name)
{
	const struct credential_conf *items = t->credentials.items;

	for (size_t i = 0; i < t->credentials.count; i++)
		if (strcmp(items[i].name, name) == 0)
			return true;
	return strcmp(name, "default") == 0 && is_set(t->sign.key);
}

static void check_trunk_origin(struct loading *l, const struct conf *conf,
			       const struct trunk_conf *trunk)
{
	const struct tenant_conf *t = &conf->tenant;

	for (size_t i = 0; i < trunk->sources.count; i++)
		if (!nets_cover(sources_of(conf), &trunk->sources.nets[i])) {
			complain(l, member_place(l, "trunks.*.sources", trunk->name),
				 "trunks.%s.sources: entry %zu is not within %s", trunk->name,
				 i + 1,
				 t->match.sources.count > 0 ? "match.sources" : "sip.sources");
			return;
		}
	if (trunk->groups.count > 0 && !is_set(t->trunk_parameter) && !is_set(t->trunk_header))
		complain(l, member_place(l, "trunks.*.groups", trunk->name),
			 "trunks.%s.groups: \"%.80s\" needs tenant.trunk-parameter or "
			 "tenant.trunk-header, where it is read",
			 trunk->name, trunk->groups.items[0]);
}

static void check_trunk(struct loading *l, const struct conf *conf, const struct trunk_conf *trunk,
			bool last)
{
	const struct tenant_conf *t = &conf->tenant;

	check_trunk_origin(l, conf, trunk);
	for (size_t i = 0; i < trunk->listeners.count; i++)
		check_listener(l, conf, "trunks.*.listeners",
			       member_place(l, "trunks.*.listeners", trunk->name),
			       trunk->listeners.items[i]);
	if (!last && trunk->sources.count == 0 && trunk->groups.count == 0 &&
	    trunk->listeners.count == 0)
		complain(
			l, member_place(l, "trunks.*", trunk->name),
			"trunks.%s: without sources and groups it takes every call; it must be the "
			"last one",
			trunk->name);
	if (is_set(trunk->customer) && !t->sign.by_number)
		complain(l, member_place(l, "trunks.*.customer", trunk->name),
			 "trunks.%s.customer: \"%.80s\" needs sign.by-number: yes and "
			 "authority.store, where its numbers are",
			 trunk->name, trunk->customer);
	if (is_set(trunk->credential) && !is_credential(t, trunk->credential))
		complain(l, member_place(l, "trunks.*.credential", trunk->name),
			 "trunks.%s.credential: \"%.80s\" is none of `credentials`", trunk->name,
			 trunk->credential);
	if (is_set(trunk->spc) && !is_spc_of(t, trunk->spc))
		complain(l, member_place(l, "trunks.*.spc", trunk->name),
			 "trunks.%s.spc: \"%.80s\" is the spc of none of `credentials`",
			 trunk->name, trunk->spc);
	if (is_set(trunk->spc) && is_set(trunk->credential))
		warn(l, member_place(l, "trunks.*.spc", trunk->name),
		     "trunks.%s.spc: has no effect beside its credential", trunk->name);
	if (trunk->rate == 0 && loading_member(l, "trunks.*.burst", trunk->name) &&
	    trunk->burst != 100)
		warn(l, member_place(l, "trunks.*.burst", trunk->name),
		     "trunks.%s.burst: has no effect without rate", trunk->name);
}

static void check_trunks(struct loading *l, const struct conf *conf)
{
	const struct members *trunks = &conf->tenant.trunks;
	const struct trunk_conf *items = trunks->items;

	for (size_t i = 0; i < trunks->count; i++)
		check_trunk(l, conf, &items[i], i + 1 == trunks->count);
}

static void check_word(struct loading *l, const struct conf *conf, const char *path,
		       struct place place, const char *word)
{
	static const char *const words[] = { "sign", "verify", "auto", "pass" };

	for (size_t i = 0; i < SK_COUNT(words); i++) {
		if (strcmp(words[i], word) != 0)
			continue;
		if (i == 0 && !has_key(&conf->tenant) && gets_calls(l, conf))
			warn(l, place,
			     "%s: \"sign\" has no effect without sign.key, the private key", path);
		return;
	}
	complain(l, place, "%s: \"%.80s\" is not known; allowed: sign | verify | auto | pass", path,
		 word);
}

static void check_function(struct loading *l, const struct conf *conf)
{
	const struct function_conf *f = &conf->tenant.function;

	for (size_t i = 0; i < f->hosts.count; i++) {
		struct place place = entry_place(l, "function.hosts", i);

		check_host(l, "function.hosts", place, f->hosts.keys[i]);
		check_word(l, conf, "function.hosts", place, f->hosts.values[i]);
	}
	for (size_t i = 0; i < f->listeners.count; i++) {
		struct place place = entry_place(l, "function.listeners", i);

		check_listener(l, conf, "function.listeners", place, f->listeners.keys[i]);
		check_word(l, conf, "function.listeners", place, f->listeners.values[i]);
	}
}

static void check_tokens(struct loading *l, const struct tenant_conf *t)
{
	const struct {
		const char *path, *text;
	} rows[] = {
		{ "function.parameter", t->function.parameter },
		{ "tenant.trunk-parameter", t->trunk_parameter },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++)
		if (!is_token(rows[i].text))
			complain(
				l, place_of(l, rows[i].path),
				"%s: \"%.80s\" is no name of a parameter; allowed: letters, digits "
				"and -.!%%*_+`'~ (RFC 3261)",
				rows[i].path, rows[i].text);
	if (is_set(t->function.parameter) &&
	    strcasecmp(t->function.parameter, t->trunk_parameter) == 0)
		complain(l, place_of_either(l, "function.parameter", "tenant.trunk-parameter"),
			 "function.parameter: \"%.80s\" is already tenant.trunk-parameter; take "
			 "another name",
			 t->function.parameter);
}

/* What needs the store of numbers. */
static void check_authority(struct loading *l, const struct conf *conf)
{
	const struct tenant_conf *t = &conf->tenant;
	const struct {
		const char *path;
		bool on;
	} rows[] = {
		{ "sign.by-number", t->sign.by_number },
		{ "lists.do-not-originate", t->lists.do_not_originate != LIST_OFF },
		{ "lists.block", t->lists.block != LIST_OFF },
		{ "lists.allow", t->lists.allow != ALLOW_OFF },
	};

	for (size_t i = 0; i < SK_COUNT(rows) && !is_set(conf->authority.store); i++)
		if (rows[i].on)
			complain(l, place_of(l, rows[i].path),
				 "%s: needs authority.store, the folder with numbers and lists",
				 rows[i].path);
	/* in the store it stands for all of them */
	if (strchr(t->name, '/'))
		complain(l, place_of(l, "tenant.name"),
			 "tenant.name: \"%.64s\" has a \"/\": a tenant and its trunk are counted "
			 "so; "
			 "take another name",
			 t->name);
	if (strcmp(t->name, "*") == 0)
		complain(l, place_of(l, "tenant.name"),
			 "tenant.name: \"*\" means every tenant in the number store; take another "
			 "name");
}

void check_tenant(struct loading *l, const struct conf *conf)
{
	check_match(l, conf);
	check_trunks(l, conf);
	check_function(l, conf);
	check_tokens(l, &conf->tenant);
	check_authority(l, conf);
	check_burst(l, "limits.burst", "limits.rate", conf->tenant.limits.rate);
}
