/*
 * What a key needs to sign with, and what only a key can do.
 */
#include "config/check.h"

#include "config/preset.h"

#include <string.h>

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
	if (!has_key(&conf->tenant) && conf->tenant.mode == MODE_SIGN && gets_calls(l, conf))
		complain(l, place_of(l, "tenant.mode"),
			 "tenant.mode: \"sign\" needs sign.key and sign.x5u");
	if (is_set(sign->x5u))
		check_url(l, conf, "sign.x5u", place_of(l, "sign.x5u"), sign->x5u, "a certificate");
}

/* Believed from nobody: as the file's own wish an error, of a preset or the main file
 * no more than unused. */
static void check_believed(struct loading *l, const struct conf *conf)
{
	const struct tenant_conf *t = &conf->tenant;
	const struct sign_conf *sign = &t->sign;
	const struct {
		const char *path, *header;
	} rows[] = {
		{ "sign.attest-headers",
		  sign->attest_headers.count > 0 ? sign->attest_headers.items[0] : "" },
		{ "sign.credential-header", sign->credential_header },
		{ "sign.spc-header", sign->spc_header },
		{ "sign.orig-header", sign->orig_header },
		{ "sign.dest-header", sign->dest_header },
	};

	if (somebody_may_say(t))
		return;
	for (size_t i = 0; i < SK_COUNT(rows); i++)
		if (is_set(rows[i].header) && is_wished(l, conf, rows[i].path) &&
		    !preset_text(t->answer.preset, rows[i].path))
			complain(l, place_of(l, rows[i].path),
				 "%s: \"%.80s\" is believed from nobody; name who may say it in "
				 "sign.attest-sources, or by may-say of a trunk",
				 rows[i].path, rows[i].header);
}

/* Does anything say an attestation? */
static bool has_attest(const struct tenant_conf *t)
{
	const struct trunk_conf *trunks = t->trunks.items;

	for (size_t i = 0; i < t->trunks.count; i++)
		if (trunks[i].attest != CONF_ATTEST_NONE)
			return true;
	return t->sign.attest != CONF_ATTEST_NONE || t->sign.by_number ||
	       (t->sign.attest_headers.count > 0 && somebody_may_say(t));
}

static void check_attest(struct loading *l, const struct conf *conf)
{
	const struct tenant_conf *t = &conf->tenant;
	const struct sign_conf *sign = &t->sign;
	bool signs = t->mode == MODE_AUTO || t->mode == MODE_SIGN;
	bool read = sign->attest_headers.count > 0 || is_set(sign->credential_header) ||
		    is_set(sign->spc_header) || is_set(sign->orig_header) ||
		    is_set(sign->dest_header);

	check_believed(l, conf);
	if (sign->attest_sources.count > 0 && !read)
		warn(l, place_of(l, "sign.attest-sources"),
		     "sign.attest-sources: has no effect without sign.attest-headers");
	if (signs && has_key(t) && gets_calls(l, conf) && !has_attest(t))
		warn(l, place_of(l, "sign.key"),
		     "sign.attest: nothing says an attestation, so nothing will be signed; set it "
		     "to A, B or C, or name sign.attest-headers");
}

static void check_origid(struct loading *l, const struct conf *conf)
{
	const struct sign_conf *sign = &conf->tenant.sign;

	if (sign->origid == ORIGID_FIXED && !is_set(sign->origid_value) && gets_calls(l, conf))
		complain(l, place_of(l, "sign.origid"),
			 "sign.origid: \"fixed\" needs sign.origid-value, a UUID");
	if (sign->origid == ORIGID_HEADER && sign->origid_headers.count == 0)
		complain(l, place_of(l, "sign.origid"),
			 "sign.origid: \"header\" needs sign.origid-headers, a list of header "
			 "names");
}

bool is_token(const char *text)
{
	return text[strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "-.!%*_+`'~")] == '\0';
}

/* A number in an INVITE to a heartbeat, as it stands there. */
static void check_dummies(struct loading *l, const struct text_list *dummies)
{
	for (size_t i = 0; i < dummies->count; i++) {
		const char *digits = dummies->items[i] + (dummies->items[i][0] == '+');

		if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0')
			complain(l, entry_place(l, "sign.dummies", i),
				 "sign.dummies: \"%.80s\" is no number; allowed: digits, with or "
				 "without a +",
				 dummies->items[i]);
	}
}

/* "esnet.0" or "ets.*": a namespace and a priority, each a token without a dot (RFC 4412, 3.1). */
static bool is_priority(const char *text)
{
	static const char letters[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-!%_+`'~";
	size_t space = strspn(text, letters);
	const char *value = text + space + 1;

	if (space == 0 || text[space] != '.')
		return false;
	if (strcmp(value, "*") == 0)
		return true;
	return value[0] != '\0' && value[strspn(value, letters)] == '\0';
}

/* A picture is shown by a telephone: nothing is fetched here, so the port is anybody's. */
static bool is_picture(const char *url)
{
	return sk_url_parse(sk_span_of(url), SK_URL_LAB, NULL);
}

static void check_rcd(struct loading *l, const struct conf *conf)
{
	const struct sign_conf *sign = &conf->tenant.sign;
	const struct {
		const char *path, *text;
	} parts[] = {
		{ "sign.rcd-name", sign->rcd_name },
		{ "sign.rcd-icon", sign->rcd_icon },
		{ "sign.rcd-reason", sign->rcd_reason },
	};

	for (size_t i = 0; i < SK_COUNT(parts) && sign->rcd == RCD_NONE; i++)
		if (is_set(parts[i].text) && is_wished(l, conf, parts[i].path))
			complain(l, place_of(l, parts[i].path),
				 "%s: \"%.80s\" has no effect without sign.rcd: passport or shaken",
				 parts[i].path, parts[i].text);
	if (is_set(sign->rcd_icon) && !is_picture(sign->rcd_icon))
		complain(l, place_of(l, "sign.rcd-icon"),
			 "sign.rcd-icon: \"%.80s\" is no address of a picture; allowed: "
			 "https://HOST[:PORT]/PATH without user, query or fragment",
			 sign->rcd_icon);
}

/* May somebody have a div signed by /ms/signing?  It is asked for there whatever tenant.mode says.
 */
static bool signs_by_ms(const struct conf *conf)
{
	const struct client_conf *clients = conf->tenant.clients.items;

	for (size_t i = 0; i < conf->tenant.clients.count; i++)
		if (clients[i].sign)
			return conf->http.listen.count > 0 && (conf->http.apis & API_MS);
	return false;
}

static void check_extras(struct loading *l, const struct conf *conf)
{
	const struct sign_conf *sign = &conf->tenant.sign;
	const struct {
		const char *path;
		bool on;
	} switches[] = {
		{ "sign.div", sign->div },
		{ "sign.rph", sign->rph.count > 0 },
		{ "sign.rcd", sign->rcd != RCD_NONE },
	};

	for (size_t i = 0; i < SK_COUNT(switches); i++)
		if (switches[i].on && !has_key(&conf->tenant) && gets_calls(l, conf) &&
		    is_wished(l, conf, switches[i].path))
			warn(l, place_of(l, switches[i].path),
			     "%s: has no effect without sign.key, the private key",
			     switches[i].path);
	if (sign->div && has_key(&conf->tenant) && gets_calls(l, conf) &&
	    conf->tenant.mode != MODE_SIGN && !signs_by_ms(conf))
		warn(l, place_of(l, "sign.div"),
		     "sign.div: has no effect without tenant.mode: sign: elsewhere a call that has "
		     "a PASSporT is not signed");
	for (size_t i = 0; i < sign->rph.count; i++)
		if (!is_priority(sign->rph.items[i]))
			complain(l, entry_place(l, "sign.rph", i),
				 "sign.rph: \"%.80s\" is no priority; allowed: NAMESPACE.VALUE or "
				 "NAMESPACE.*, such as esnet.0 or ets.* (RFC 4412)",
				 sign->rph.items[i]);
	if (!is_token(sign->bypass_value))
		complain(l, place_of(l, "sign.bypass-value"),
			 "sign.bypass-value: \"%.80s\" is no token; allowed: letters, digits and "
			 "-.!%%*_+`'~ (RFC 3261)",
			 sign->bypass_value);
}

void check_signing(struct loading *l, const struct conf *conf)
{
	check_key(l, conf);
	check_attest(l, conf);
	check_origid(l, conf);
	check_dummies(l, &conf->tenant.sign.dummies);
	check_extras(l, conf);
	check_rcd(l, conf);
}
