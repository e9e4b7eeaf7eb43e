/*
 * The rules of http.*, hosting.* and hep.*: who may ask what where.
 */
#include "config/check.h"

#include "redirector/base/hep.h"

#include <string.h>
#include <strings.h>

enum {
	HASH_DIGITS = 64, /* SHA-256 */
};

static const char listen_path[] = "http.listen", health_path[] = "http.health";

static bool is_https(const char *entry)
{
	return strncmp(entry, "https:", 6) == 0;
}

/* The address of an entry of http.listen; false: it is none. */
static bool entry_addr(const char *entry, struct addr *out)
{
	if (is_https(entry))
		return addr_parse(sk_span_of(entry + 6), out);
	return strncmp(entry, "http:", 5) == 0 && addr_parse(sk_span_of(entry + 5), out);
}

bool speaks_https(const struct conf *conf)
{
	for (size_t i = 0; i < conf->http.listen.count; i++)
		if (is_https(conf->http.listen.items[i]))
			return true;
	return false;
}

static bool is_loopback(const struct addr *addr)
{
	static const uint8_t one[16] = { [15] = 1 };
	size_t len;
	const uint8_t *bytes = addr_bytes(addr, &len);

	return len == 4 ? bytes[0] == 127 : memcmp(bytes, one, sizeof(one)) == 0;
}

/* A listener without TLS that other machines reach. */
static bool is_open(const char *entry)
{
	struct addr addr;

	return !is_https(entry) && entry_addr(entry, &addr) && !is_loopback(&addr);
}

bool shows_keys(const struct conf *conf)
{
	for (size_t i = 0; i < conf->http.listen.count; i++)
		if (is_open(conf->http.listen.items[i]))
			return true;
	return false;
}

bool asks_for_names(const struct conf *conf)
{
	return speaks_https(conf) && conf->http.clients != TLS_CLIENTS_ANY &&
	       is_set(conf->http.client_ca);
}

bool is_key_hash(const char *text)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	return strncmp(text, "sha256:", 7) == 0 && strlen(text) == 7 + HASH_DIGITS &&
	       strspn(text + 7, digits) == HASH_DIGITS;
}

/* Two that ask for the same TCP port of the same address. */
static void check_pair(struct loading *l, const char *path, struct place place, const char *text,
		       const struct addr *addr, const char *other_path, const char *other,
		       const struct addr *other_addr)
{
	if (addr_port(addr) == 0 || !addr_meets(addr, other_addr))
		return;
	complain(l, place, "%s: \"%.80s\" and \"%.80s\" of %s cannot be listened on together", path,
		 text, other, other_path);
}

/* sip.listen, where each entry has the TCP port of that number, and the earlier ones of ours. */
static void check_address(struct loading *l, const struct conf *conf, const char *path,
			  struct place place, const char *text, const struct addr *addr,
			  size_t earlier)
{
	struct addr other;

	for (size_t i = 0; i < conf->sip.listen.count; i++) {
		const char *entry = conf->sip.listen.items[i];

		if (strlen(entry) > 4 && addr_parse(sk_span_of(entry + 4), &other))
			check_pair(l, path, place, text, addr, "sip.listen", entry, &other);
	}
	for (size_t i = 0; i < earlier; i++) {
		const char *entry = conf->http.listen.items[i];

		if (entry_addr(entry, &other))
			check_pair(l, path, place, text, addr, listen_path, entry, &other);
	}
}

static void check_listen(struct loading *l, const struct conf *conf)
{
	const struct http_conf *h = &conf->http;

	for (size_t i = 0; i < h->listen.count; i++) {
		struct place place = entry_place(l, listen_path, i);
		const char *entry = h->listen.items[i];
		struct addr addr;

		if (!entry_addr(entry, &addr)) {
			complain(l, place,
				 "%s: \"%.80s\" is no listener; allowed: http: or "
				 "https:ADDRESS:PORT, such as http:127.0.0.1:8080 or "
				 "https:[2001:db8::1]:8443",
				 listen_path, entry);
			continue;
		}
		check_address(l, conf, listen_path, place, entry, &addr, i);
		if (is_https(entry) && (!is_set(h->certificate) || !is_set(h->key)))
			complain(l, place, "%s: \"%.80s\" needs http.certificate and http.key",
				 listen_path, entry);
	}
}

static void check_health(struct loading *l, const struct conf *conf)
{
	const char *text = conf->http.health;
	struct place place = place_of(l, health_path);
	struct addr addr;

	if (!is_set(text))
		return;
	if (!addr_parse(sk_span_of(text), &addr) || !is_loopback(&addr)) {
		complain(l, place,
			 "%s: \"%.80s\" is no loopback address with a port; allowed: such as "
			 "127.0.0.1:8060 or [::1]:8060, and \"\" for none; others reach it by "
			 "http.listen",
			 health_path, text);
		return;
	}
	check_address(l, conf, health_path, place, text, &addr, conf->http.listen.count);
}

/* Who needs no certificate, and why nobody does. */
static void check_certificates_asked(struct loading *l, const struct conf *conf)
{
	const struct http_conf *h = &conf->http;

	if (h->clients != TLS_CLIENTS_ANY && !speaks_https(conf))
		warn(l, place_of(l, "http.clients"),
		     "http.clients: has no effect without an https: listener in http.listen");
	for (size_t i = 0; i < h->listen.count; i++)
		if (h->clients == TLS_CLIENTS_REQUIRED && speaks_https(conf) &&
		    is_open(h->listen.items[i]))
			warn(l, entry_place(l, listen_path, i),
			     "%s: who comes to \"%.80s\" needs no certificate, whatever "
			     "http.clients says",
			     listen_path, h->listen.items[i]);
}

static void check_tls(struct loading *l, const struct conf *conf)
{
	const struct http_conf *h = &conf->http;
	bool asked = h->clients != TLS_CLIENTS_ANY;

	if (asked && !is_set(h->client_ca))
		complain(l, place_of(l, "http.clients"),
			 "http.clients: \"%s\" needs http.client-ca, the roots of their "
			 "certificates",
			 h->clients == TLS_CLIENTS_ASKED ? "asked" : "required");
	check_certificates_asked(l, conf);
	if (!asked && is_set(h->client_ca) && speaks_https(conf))
		warn(l, place_of(l, "http.client-ca"),
		     "http.client-ca: has no effect with http.clients: any");
	if (is_set(h->certificate) && !speaks_https(conf))
		warn(l, place_of(l, "http.certificate"),
		     "http.certificate: has no effect without an https: listener in http.listen");
}

static void check_viewers(struct loading *l, const struct conf *conf)
{
	const struct http_conf *h = &conf->http;

	for (size_t i = 0; i < h->viewer_keys.count; i++)
		if (!is_key_hash(h->viewer_keys.items[i]))
			complain_of_key(l, entry_place(l, "http.viewer-keys", i),
					"http.viewer-keys");
	if (h->viewer_keys.count > 0 && shows_keys(conf))
		warn(l, place_of(l, "http.viewer-keys"),
		     "http.viewer-keys: keys travel readable by http.listen without https");
	for (size_t i = 0; i < h->viewer_sources.count; i++) {
		struct place place = entry_place(l, "http.viewer-sources", i);

		if (place.line > 0 && !nets_cover(&h->sources, &h->viewer_sources.nets[i]))
			warn(l, place,
			     "http.viewer-sources: entry %zu is not within http.sources: who is "
			     "only there cannot connect",
			     i + 1);
	}
	if (h->viewer_names.count > 0 && !asks_for_names(conf))
		complain(l, place_of(l, "http.viewer-names"),
			 "http.viewer-names: needs an https: listener in http.listen, "
			 "http.client-ca, and http.clients: asked or required");
}

/* The key itself may stand there by mistake: it is not repeated. */
void complain_of_key(struct loading *l, struct place place, const char *path)
{
	complain(l, place,
		 "%s: is no hash of a key; allowed: sha256: and 64 hexadecimal digits, as `shaken "
		 "key` prints them",
		 path);
}

/* Of the characters that need no escape (RFC 3986, 2.3), in parts that are not empty. */
static bool is_root(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-._~/";
	size_t len = strlen(text);

	if (len == 0)
		return true;
	return text[0] == '/' && text[len - 1] != '/' && !strstr(text, "//") &&
	       !strstr(text, "/.") && strspn(text, allowed) == len;
}

static void check_interfaces(struct loading *l, const struct conf *conf)
{
	const struct http_conf *h = &conf->http;
	bool known = !is_set(conf->tenants.folder); /* what a tenant's file has is not known here */

	if (!is_root(h->ms_root))
		complain(l, place_of(l, "http.ms-root"),
			 "http.ms-root: \"%.80s\" is no root of a path; allowed: \"\", or parts "
			 "that "
			 "begin with / such as /ms or /3gpp/ms, of letters, digits and -._~",
			 h->ms_root);
	else if (strcmp(h->ms_root, "/stir/v1") == 0)
		complain(l, place_of(l, "http.ms-root"),
			 "http.ms-root: \"%s\" is the root of ATIS-1000082; take another one",
			 h->ms_root);
	else if (strcmp(h->ms_root, "/v1/pub") == 0)
		complain(l, place_of(l, "http.ms-root"),
			 "http.ms-root: \"%s\" is where certificates are served; take another one",
			 h->ms_root);
	if (h->listen.count > 0 && h->apis != 0 && known && conf->tenant.clients.count == 0)
		warn(l, place_of_either(l, "http.apis", listen_path),
		     "http.apis: nobody may ask: there are no `clients`; with http.apis: [] the "
		     "interfaces are not there");
	check_burst(l, "http.burst", "http.rate", h->rate);
}

static void check_others(struct loading *l, const struct conf *conf)
{
	struct addr addr;

	if (conf->hosting.serve && conf->http.listen.count == 0)
		complain(l, place_of(l, "hosting.serve"),
			 "hosting.serve: needs http.listen, the address where others fetch them");
	if (is_set(conf->hep.collector) && !hep_collector_parse(conf->hep.collector, &addr))
		complain(
			l, place_of(l, "hep.collector"),
			"hep.collector: \"%.80s\" is no collector; allowed: udp:ADDRESS:PORT, such "
			"as udp:192.0.2.9:9060 or udp:[2001:db8::9]:9060",
			conf->hep.collector);
}

void check_http(struct loading *l, const struct conf *conf)
{
	check_listen(l, conf);
	check_health(l, conf);
	check_tls(l, conf);
	check_viewers(l, conf);
	check_interfaces(l, conf);
	check_others(l, conf);
}
