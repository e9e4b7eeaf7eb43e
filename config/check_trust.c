/*
 * The rules of trust.* and certs.*: whom we believe, and whom we ask.
 */
#include "config/check.h"

#include <string.h>

enum {
	HOST_PORT_SIZE = 256 + 6, /* a DNS name, its port and the terminator */
};

static enum sk_url_rules url_rules(const struct conf *conf)
{
	return conf->certs.lab ? SK_URL_LAB : SK_URL_STRICT;
}

static const char *url_form(const struct conf *conf)
{
	return conf->certs.lab ? "https://HOST[:PORT]/PATH without user, query or fragment"
			       : "https://HOST/PATH, port 443 or 8443, without user, query or "
				 "fragment (ATIS-1000074)";
}

void check_url(struct loading *l, const struct conf *conf, const char *path, struct place place,
	       const char *url, const char *what)
{
	if (!sk_url_parse(sk_span_of(url), url_rules(conf), NULL))
		complain(l, place, "%s: \"%.80s\" is no address of %s; allowed: %s", path, url,
			 what, url_form(conf));
}

bool has_anchors(const struct trust_conf *trust)
{
	return trust->anchors.count > 0 || is_set(trust->ca_list) || is_set(trust->ca_list_url);
}

static bool has_word(const struct text_map *map, const char *word)
{
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->values[i], word) == 0)
			return true;
	return false;
}

static bool may_verify(const struct tenant_conf *t)
{
	const struct function_conf *f = &t->function;

	return t->mode == MODE_AUTO || t->mode == MODE_VERIFY || has_word(&f->hosts, "verify") ||
	       has_word(&f->listeners, "verify") || has_word(&f->hosts, "auto") ||
	       has_word(&f->listeners, "auto");
}

/* Signing alone needs nobody's trust, and passing calls on needs nothing. */
void check_anchors(struct loading *l, const struct conf *conf)
{
	const struct verify_conf *verify = &conf->tenant.verify;
	enum conf_mode mode = conf->tenant.mode;

	if (!may_verify(&conf->tenant))
		return;
	if (!has_anchors(&conf->trust) && mode == MODE_VERIFY)
		complain(l, place_of(l, "tenant.mode"),
			 "tenant.mode: \"verify\" needs trust.anchors: without a root every "
			 "PASSporT fails as untrusted");
	else if (!has_anchors(&conf->trust))
		warn(l, place_of(l, "trust.anchors"),
		     "trust.anchors: is empty: every PASSporT will fail as untrusted");
	else if (!verify->fetch && verify->certificates.count == 0)
		warn(l, place_of(l, "verify.fetch"),
		     "verify.fetch: \"no\" with no verify.certificates: no certificate can be had, "
		     "every PASSporT will fail");
}

/* `path` is set and needs `other`, which is not. */
static void needs(struct loading *l, const char *path, const char *value, const char *other,
		  const char *is)
{
	complain(l, place_of(l, path), "%s: \"%.80s\" needs %s, %s", path, value, other, is);
}

static void check_ca_list(struct loading *l, const struct conf *conf)
{
	static const char signers[] = "the certificates of who signs it";
	const struct trust_conf *t = &conf->trust;
	bool list = is_set(t->ca_list), url = is_set(t->ca_list_url);

	if (list && t->administrator.count == 0)
		needs(l, "trust.ca-list", t->ca_list, "trust.administrator", signers);
	if (list && !is_set(t->ca_list_certificate))
		needs(l, "trust.ca-list", t->ca_list, "trust.ca-list-certificate",
		      "its signer's chain, which is not fetched for a file");
	if (url && t->administrator.count == 0)
		needs(l, "trust.ca-list-url", t->ca_list_url, "trust.administrator", signers);
	if (is_set(t->ca_list_certificate) && !list && !url)
		needs(l, "trust.ca-list-certificate", t->ca_list_certificate,
		      "trust.ca-list or trust.ca-list-url", "the list that it is of");
	if (url)
		check_url(l, conf, "trust.ca-list-url", place_of(l, "trust.ca-list-url"),
			  t->ca_list_url, "a list");
}

static void check_login(struct loading *l, const struct conf *conf)
{
	const struct trust_conf *t = &conf->trust;
	bool login = is_set(t->ca_list_login), url = is_set(t->ca_list_login_url);

	if (login && !url)
		needs(l, "trust.ca-list-login", t->ca_list_login, "trust.ca-list-login-url",
		      "where it is exchanged for a token");
	if (url && !login)
		needs(l, "trust.ca-list-login-url", t->ca_list_login_url, "trust.ca-list-login",
		      "the file with user id and password");
	if (login && url && !is_set(t->ca_list_url))
		needs(l, "trust.ca-list-login-url", t->ca_list_login_url, "trust.ca-list-url",
		      "the list that the token is for");
	if (url)
		check_url(l, conf, "trust.ca-list-login-url",
			  place_of(l, "trust.ca-list-login-url"), t->ca_list_login_url, "a login");
}

static void check_crls(struct loading *l, const struct conf *conf)
{
	const struct trust_conf *t = &conf->trust;
	const struct text_list *urls = &t->crl_urls;

	for (size_t i = 0; i < urls->count; i++) {
		struct place place = entry_place(l, "trust.crl-urls", i);

		check_url(l, conf, "trust.crl-urls", place, urls->items[i], "a list");
		for (size_t k = 0; k < i; k++)
			if (strcmp(urls->items[i], urls->items[k]) == 0)
				complain(l, place, "trust.crl-urls: \"%.80s\" is there twice",
					 urls->items[i]);
	}
	if (t->crl_grace > 0 && !t->crl_required)
		warn(l, place_of(l, "trust.crl-grace"),
		     "trust.crl-grace: has no effect without trust.crl-required: a list is not "
		     "missed then");
	if (t->crl_required && t->crls.count == 0 && urls->count == 0)
		warn(l, place_of(l, "trust.crl-required"),
		     "trust.crl-required: \"yes\" with no trust.crls and no trust.crl-urls: every "
		     "PASSporT will fail");
}

static void check_policies(struct loading *l, const struct text_list *oids)
{
	struct sk_oid oid;

	for (size_t i = 0; i < oids->count; i++)
		if (!sk_oid_parse(oids->items[i], &oid))
			complain(l, entry_place(l, "trust.policies", i),
				 "trust.policies: \"%.80s\" is no OID; allowed: numbers with dots "
				 "between them, such as 2.16.840.1.114569.1.1.4",
				 oids->items[i]);
}

void check_trust(struct loading *l, const struct conf *conf)
{
	check_policies(l, &conf->trust.policies);
	check_ca_list(l, conf);
	check_login(l, conf);
	check_crls(l, conf);
}

static void check_times(struct loading *l, const struct conf *conf)
{
	if (conf->certs.wait > conf->sip.deadline)
		warn(l, place_of_either(l, "certs.wait", "sip.deadline"),
		     "certs.wait: %lldms is longer than sip.deadline, %lldms: the deadline wins",
		     (long long)conf->certs.wait, (long long)conf->sip.deadline);
	if (conf->certs.per_host > conf->certs.parallel)
		warn(l, place_of_either(l, "certs.per-host", "certs.parallel"),
		     "certs.per-host: %lld is more than certs.parallel, %lld, which wins",
		     (long long)conf->certs.per_host, (long long)conf->certs.parallel);
}

bool is_host(const char *text)
{
	static const char letters[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
	size_t len = strlen(text);
	struct net net;

	if (text[0] == '[')
		return len > 2 && text[len - 1] == ']' && strchr(text, ':') && !strchr(text, '/') &&
		       net_parse((struct sk_span){ text + 1, len - 2 }, &net);
	while (strspn(text, letters) > 0) {
		text += strspn(text, letters);
		if (*text == '\0')
			return true;
		if (*text != '.')
			return false;
		text++;
	}
	return false;
}

/* A name, or all names below one: "*.example.net".  An address in digits is a name here. */
static bool is_host_rule(const char *text)
{
	return text[0] != '[' && is_host(strncmp(text, "*.", 2) == 0 ? text + 2 : text);
}

static void check_hosts(struct loading *l, const struct text_list *hosts)
{
	for (size_t i = 0; i < hosts->count; i++)
		if (!is_host_rule(hosts->items[i]))
			complain(l, entry_place(l, "certs.hosts", i),
				 "certs.hosts: \"%.80s\" is no host; allowed: HOST or *.DOMAIN, "
				 "such "
				 "as cert.example.net or *.example.net, without port or path",
				 hosts->items[i]);
}

/* "host:port", where the host may be an IPv6 address in brackets. */
static bool is_host_port(const char *text)
{
	const char *colon = strrchr(text, ':');
	struct addr port;

	return colon && colon > text && strlen(text) < HOST_PORT_SIZE &&
	       addr_parse(sk_span_of(colon), &port) && addr_port(&port) != 0 &&
	       text[strcspn(text, "/@?# ")] == '\0';
}

/* "192.0.2.1", "2001:db8::1", or with a port, "[2001:db8::1]:8443". */
static bool is_address(const char *text)
{
	struct addr addr;
	struct net net;

	if (addr_parse(sk_span_of(text), &addr))
		return text[0] != ':' && addr_port(&addr) != 0;
	return !strchr(text, '/') && net_parse(sk_span_of(text), &net);
}

static void check_lab(struct loading *l, const struct conf *conf)
{
	const struct text_map *map = &conf->certs.resolve;

	if (conf->certs.lab)
		warn(l, place_of(l, "certs.lab"),
		     "certs.lab: LABORATORY ONLY: certificates are fetched from any address and "
		     "port, also inside your own network, on the word of any caller");
	if (!conf->certs.lab && map->count > 0)
		complain(l, place_of(l, "certs.resolve"),
			 "certs.resolve: \"%.80s\" is for a laboratory; it needs certs.lab: yes",
			 map->keys[0]);
	for (size_t i = 0; i < map->count; i++)
		if (!is_host_port(map->keys[i]) || !is_address(map->values[i]))
			complain(l, entry_place(l, "certs.resolve", i),
				 "certs.resolve: \"%.80s: %.80s\" is no pair; allowed: "
				 "\"HOST:PORT\": ADDRESS or \"ADDRESS:PORT\"",
				 map->keys[i], map->values[i]);
}

void check_certs(struct loading *l, const struct conf *conf)
{
	check_times(l, conf);
	check_hosts(l, &conf->certs.hosts);
	if (!is_set(conf->certs.store) && loading_node(l, "certs.store-size"))
		warn(l, place_of(l, "certs.store-size"),
		     "certs.store-size: has no effect without certs.store");
	check_lab(l, conf);
}
