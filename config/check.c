/*
 * Rules across settings.  Each names the setting to change and the remedy; its
 * place is the one in the file that made the rule apply.
 */
#include "config/loading.h"

#include <string.h>

enum {
	HOST_PORT_SIZE = 256 + 6, /* a DNS name, its port and the terminator */
};

static bool is_set(const char *text)
{
	return text[0] != '\0';
}

static struct place place_of(const struct loading *l, const char *path)
{
	const struct node *node = loading_node(l, path);

	return node ? node->place : (struct place){ 0, 0 };
}

/* Of two settings that do not go together, the one that the file sets. */
static struct place place_of_either(const struct loading *l, const char *a, const char *b)
{
	return loading_node(l, a) ? place_of(l, a) : place_of(l, b);
}

/* The place of an entry of a list or mapping. */
static struct place entry_place(const struct loading *l, const char *path, size_t i)
{
	const struct node *node = loading_node(l, path);

	return node && i < node->count ? node->items[i]->place : (struct place){ 0, 0 };
}

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

static void check_key(struct loading *l, const struct conf *conf)
{
	const struct sign_conf *sign = &conf->tenant.sign;

	if (is_set(sign->key) && !is_set(sign->x5u))
		complain(l, place_of(l, "sign.key"),
			 "sign.key: \"%.80s\" needs sign.x5u, the URL of its certificate",
			 sign->key);
	if (!is_set(sign->key) && is_set(sign->x5u))
		complain(l, place_of(l, "sign.x5u"),
			 "sign.x5u: \"%.80s\" needs sign.key, the private key", sign->x5u);
	if (!is_set(sign->key) && is_set(sign->certificate))
		complain(l, place_of(l, "sign.certificate"),
			 "sign.certificate: \"%.80s\" needs sign.key, the private key",
			 sign->certificate);
	if (!is_set(sign->key) && conf->tenant.mode == MODE_SIGN)
		complain(l, place_of(l, "tenant.mode"),
			 "tenant.mode: \"sign\" needs sign.key and sign.x5u");
	if (is_set(sign->x5u) && !sk_url_parse(sk_span_of(sign->x5u), url_rules(conf), NULL))
		complain(l, place_of(l, "sign.x5u"),
			 "sign.x5u: \"%.80s\" is no address of a certificate; allowed: %s",
			 sign->x5u, url_form(conf));
}

static void check_attest(struct loading *l, const struct conf *conf)
{
	const struct sign_conf *sign = &conf->tenant.sign;
	bool signs = conf->tenant.mode == MODE_AUTO || conf->tenant.mode == MODE_SIGN;

	if (sign->attest_headers.count > 0 && sign->attest_sources.count == 0)
		complain(l, place_of(l, "sign.attest-headers"),
			 "sign.attest-headers: \"%.80s\" is believed from nobody; name who may say "
			 "it in sign.attest-sources",
			 sign->attest_headers.items[0]);
	if (sign->attest_sources.count > 0 && sign->attest_headers.count == 0)
		warn(l, place_of(l, "sign.attest-sources"),
		     "sign.attest-sources: has no effect without sign.attest-headers");
	if (signs && is_set(sign->key) && sign->attest == CONF_ATTEST_NONE &&
	    sign->attest_headers.count == 0)
		warn(l, place_of(l, "sign.key"),
		     "sign.attest: nothing says an attestation, so nothing will be signed; set it "
		     "to A, B or C, or name sign.attest-headers");
}

static void check_origid(struct loading *l, const struct conf *conf)
{
	const struct sign_conf *sign = &conf->tenant.sign;

	if (sign->origid == ORIGID_FIXED && !is_set(sign->origid_value))
		complain(l, place_of(l, "sign.origid"),
			 "sign.origid: \"fixed\" needs sign.origid-value, a UUID");
	if (sign->origid == ORIGID_HEADER && !is_set(sign->origid_header))
		complain(l, place_of(l, "sign.origid"),
			 "sign.origid: \"header\" needs sign.origid-header, a header name");
}

static void check_certificates(struct loading *l, const struct conf *conf)
{
	const struct text_map *map = &conf->tenant.verify.certificates;

	for (size_t i = 0; i < map->count; i++)
		if (!sk_url_parse(sk_span_of(map->keys[i]), url_rules(conf), NULL))
			complain(l, entry_place(l, "verify.certificates", i),
				 "verify.certificates: \"%.80s\" is no address of a certificate; "
				 "allowed: %s",
				 map->keys[i], url_form(conf));
}

/* Signing alone needs nobody's trust, and passing calls on needs nothing. */
static void check_trust(struct loading *l, const struct conf *conf)
{
	const struct verify_conf *verify = &conf->tenant.verify;
	enum conf_mode mode = conf->tenant.mode;

	if (mode != MODE_AUTO && mode != MODE_VERIFY)
		return;
	if (conf->trust.anchors.count == 0 && mode == MODE_VERIFY)
		complain(l, place_of(l, "tenant.mode"),
			 "tenant.mode: \"verify\" needs trust.anchors: without a root every "
			 "PASSporT fails as untrusted");
	else if (conf->trust.anchors.count == 0)
		warn(l, place_of(l, "trust.anchors"),
		     "trust.anchors: is empty: every PASSporT will fail as untrusted");
	else if (!verify->fetch && verify->certificates.count == 0)
		warn(l, place_of(l, "verify.fetch"),
		     "verify.fetch: \"no\" with no verify.certificates: no certificate can be had, "
		     "every PASSporT will fail");
}

/* The length of "{user}", "{host}" or "{port}" at the start of a text, or 0. */
static size_t field_len(const char *text)
{
	static const char *const fields[] = { "{user}", "{host}", "{port}" };

	for (size_t i = 0; i < SK_COUNT(fields); i++)
		if (strncmp(text, fields[i], strlen(fields[i])) == 0)
			return strlen(fields[i]);
	return 0;
}

/* A URI with "{user}@" once, and nothing that ends a Contact's angle brackets (RFC 3261, 25.1). */
static bool is_template(const char *text)
{
	const char *user = strstr(text, "{user}@");

	if (strncmp(text, "sip:{user}@", 11) != 0 && strncmp(text, "sips:{user}@", 12) != 0)
		return false;
	if (user[7] == '\0' || strstr(user + 7, "{user}"))
		return false;
	for (const char *c = text; *c; c++) {
		if (field_len(c) > 0)
			c += field_len(c) - 1;
		else if (*c <= ' ' || *c >= 0x7f || strchr("<>\"\\^`|{}?", *c))
			return false; /* '?': headers of the Contact are ours to put there */
	}
	return true;
}

static void check_contact(struct loading *l, const struct conf *conf)
{
	const struct answer_conf *answer = &conf->tenant.answer;
	bool set = is_set(answer->contact_template);

	if (answer->contact == CONTACT_TEMPLATE && !set)
		complain(l, place_of(l, "answer.contact"),
			 "answer.contact: \"template\" needs answer.contact-template");
	if (answer->contact != CONTACT_TEMPLATE && set)
		complain(l, place_of(l, "answer.contact-template"),
			 "answer.contact-template: \"%.80s\" has no effect without "
			 "answer.contact: template",
			 answer->contact_template);
	if (set && !is_template(answer->contact_template))
		complain(l, place_of(l, "answer.contact-template"),
			 "answer.contact-template: \"%.80s\" is no template; allowed: "
			 "sip:{user}@HOST, such as sip:{user}@next.example.net;user=phone",
			 answer->contact_template);
}

/* Header fields that make or break the answer: they are ours to write. */
static bool is_reserved(const char *name)
{
	static const char *const reserved[] = {
		"Via",
		"v",
		"From",
		"f",
		"To",
		"t",
		"Call-ID",
		"i",
		"CSeq",
		"Contact",
		"m",
		"Content-Length",
		"l",
		"Content-Type",
		"c",
		"Identity",
		"y",
		"X-Identity",
		"P-Asserted-Identity",
		"Reason",
		"Record-Route",
		"Route",
		"Max-Forwards",
		"Require",
		"Supported",
		"k",
		"Allow",
		"Date",
		"Expires",
		"Retry-After",
		"Server",
		"Timestamp",
		"Unsupported",
		"Warning",
	};

	for (size_t i = 0; i < SK_COUNT(reserved); i++)
		if (strcasecmp(reserved[i], name) == 0)
			return true;
	return false;
}

static void check_headers(struct loading *l, const struct conf *conf)
{
	const struct answer_conf *answer = &conf->tenant.answer;
	const struct {
		const char *path, *name;
	} headers[] = {
		{ "answer.verstat-header", answer->verstat_header },
		{ "answer.attest-header", answer->attest_header },
		{ "answer.origid-header", answer->origid_header },
	};

	for (size_t i = 0; i < SK_COUNT(headers); i++) {
		struct place place = place_of(l, headers[i].path);

		if (is_reserved(headers[i].name))
			complain(l, place,
				 "%s: \"%s\" has a meaning of its own in an answer; take "
				 "another name",
				 headers[i].path, headers[i].name);
		for (size_t k = 0; k < i; k++)
			if (is_set(headers[i].name) &&
			    strcasecmp(headers[i].name, headers[k].name) == 0)
				complain(l, place, "%s: \"%s\" is already %s; take another name",
					 headers[i].path, headers[i].name, headers[k].path);
	}
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

void conf_check(struct loading *l, const struct conf *conf)
{
	check_listen(l, conf);
	check_key(l, conf);
	check_attest(l, conf);
	check_origid(l, conf);
	check_certificates(l, conf);
	check_trust(l, conf);
	check_contact(l, conf);
	check_headers(l, conf);
	check_times(l, conf);
	check_lab(l, conf);
}
