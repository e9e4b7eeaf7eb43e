/*
 * The rules of `clients`: who asks for a tenant by HTTP.  Clients of two tenants that nothing tells
 * apart are found when all tenants are read.
 */
#include "config/check.h"

#include <string.h>
#include <strings.h>

static const struct client_conf *client_at(const struct conf *conf, size_t i)
{
	return (const struct client_conf *)conf->tenant.clients.items + i;
}

static bool has_trunk(const struct tenant_conf *t, const char *name)
{
	const struct trunk_conf *trunks = t->trunks.items;

	for (size_t i = 0; i < t->trunks.count; i++)
		if (strcmp(trunks[i].name, name) == 0)
			return true;
	return false;
}

/* The one that has this key before that entry; NULL: nobody. */
static const struct client_conf *holder(const struct conf *conf, size_t client, size_t entry)
{
	const char *key = client_at(conf, client)->keys.items[entry];

	for (size_t i = 0; i <= client; i++) {
		const struct client_conf *c = client_at(conf, i);

		for (size_t k = 0; k < c->keys.count && (i < client || k < entry); k++)
			if (strcasecmp(c->keys.items[k], key) == 0)
				return c;
	}
	return NULL;
}

static void check_keys(struct loading *l, const struct conf *conf, size_t i)
{
	const struct client_conf *c = client_at(conf, i);
	char path[CONF_NAME_SIZE + 32];

	snprintf(path, sizeof(path), "clients.%s.keys", c->name);
	for (size_t k = 0; k < c->keys.count; k++) {
		struct place place = member_entry_place(l, "clients.*.keys", c->name, k);
		const struct client_conf *other = holder(conf, i, k);

		if (!is_key_hash(c->keys.items[k]))
			complain_of_key(l, place, path);
		else if (other == c)
			complain(l, place, "%s: entry %zu is there twice", path, k + 1);
		else if (other)
			complain(l, place,
				 "%s: entry %zu is a key of clients.%s; a key may have one client",
				 path, k + 1, other->name);
	}
	if (c->keys.count > 0 && shows_keys(conf))
		warn(l, member_place(l, "clients.*.keys", c->name),
		     "%s: keys travel readable by http.listen without https", path);
}

static void check_names(struct loading *l, const struct conf *conf, const struct client_conf *c)
{
	for (size_t k = 0; k < c->tls_names.count; k++)
		if (!is_host(c->tls_names.items[k]))
			complain(l, member_entry_place(l, "clients.*.tls-names", c->name, k),
				 "clients.%s.tls-names: \"%.80s\" is no name; allowed: such as "
				 "client.example.net",
				 c->name, c->tls_names.items[k]);
	if (c->tls_names.count > 0 && conf->http.listen.count > 0 && !asks_for_names(conf))
		warn(l, member_place(l, "clients.*.tls-names", c->name),
		     "clients.%s.tls-names: needs an https: listener in http.listen, "
		     "http.client-ca, and http.clients: asked or required; so nobody is this "
		     "client",
		     c->name);
}

/* Who is not in http.sources is reset, whatever stands here. */
static void check_sources(struct loading *l, const struct conf *conf, const struct client_conf *c)
{
	if (conf->http.listen.count == 0)
		return; /* that nobody can ask is said */
	for (size_t i = 0; i < c->sources.count; i++)
		if (!nets_cover(&conf->http.sources, &c->sources.nets[i]))
			warn(l, member_place(l, "clients.*.sources", c->name),
			     "clients.%s.sources: entry %zu is not within http.sources: who is "
			     "only there cannot connect",
			     c->name, i + 1);
}

static void check_client(struct loading *l, const struct conf *conf, size_t i)
{
	const struct client_conf *c = client_at(conf, i);

	if (c->keys.count == 0 && c->tls_names.count == 0 && c->sources.count == 0)
		complain(l, member_place(l, "clients.*.keys", c->name),
			 "clients.%s: anybody would be this client; set keys, tls-names or sources",
			 c->name);
	check_keys(l, conf, i);
	check_names(l, conf, c);
	check_sources(l, conf, c);
	if (is_set(c->trunk) && !has_trunk(&conf->tenant, c->trunk))
		complain(l, member_place(l, "clients.*.trunk", c->name),
			 "clients.%s.trunk: \"%.80s\" is not among `trunks`", c->name, c->trunk);
	if (!c->sign && !c->verify)
		warn(l, member_place(l, "clients.*.sign", c->name),
		     "clients.%s: may ask for nothing, with sign: no and verify: no", c->name);
}

void check_clients(struct loading *l, const struct conf *conf)
{
	size_t count = conf->tenant.clients.count;

	if (count > 0 && conf->http.listen.count == 0)
		warn(l, member_place(l, "clients.*.keys", client_at(conf, 0)->name),
		     "clients: nobody can ask without http.listen");
	for (size_t i = 0; i < count; i++)
		check_client(l, conf, i);
}
