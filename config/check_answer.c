/*
 * The rules of answer.* and actions.*: what we write into a message must not break it.
 */
#include "config/check.h"

#include <string.h>

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

	if (answer->contact == CONTACT_TEMPLATE && !set && gets_calls(l, conf))
		complain(l, place_of_either(l, "answer.contact", "answer.preset"),
			 "answer.contact: \"template\" needs answer.contact-template");
	if (answer->contact != CONTACT_TEMPLATE && set &&
	    is_wished(l, conf, "answer.contact-template"))
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

/* P-Asserted-Identity is what that header is, by whatever name. */
static bool is_own_name(const char *path, const char *name)
{
	return strcmp(path, "answer.pai-header") == 0 &&
	       strcasecmp(name, "P-Asserted-Identity") == 0;
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
		{ "answer.name-header", answer->name_header },
		{ "answer.priority-header", answer->priority_header },
		{ "answer.pai-header", answer->pai_header },
	};

	for (size_t i = 0; i < SK_COUNT(headers); i++) {
		struct place place = place_of(l, headers[i].path);

		if (is_reserved(headers[i].name) && !is_own_name(headers[i].path, headers[i].name))
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

/* Can our analysis, lists or actions, end a call? */
static bool may_block(const struct tenant_conf *t)
{
	const struct actions_conf *a = &t->actions;

	return t->lists.do_not_originate == LIST_BLOCK || t->lists.block == LIST_BLOCK ||
	       t->lists.allow == ALLOW_ONLY || a->missing == ACTION_BLOCK ||
	       a->passed == ACTION_BLOCK || a->failed == ACTION_BLOCK ||
	       a->unverified == ACTION_BLOCK;
}

/* Characters of a telephone number or a mail address that end nothing in a quoted Reason text
 * whose parts are set off by ";". */
static bool is_plain(const char *text, const char *marks)
{
	for (const char *c = text; *c; c++) {
		bool letter = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
			      (*c >= 'A' && *c <= 'Z');

		if (!letter && !strchr(marks, *c))
			return false;
	}
	return true;
}

static bool is_mail(const char *text)
{
	const char *at = strchr(text, '@');

	return at && at > text && is_host(at + 1) && is_plain(text, "@.-_+");
}

/* Nothing is fetched here, so the port is anybody's. */
static bool is_page(const char *url)
{
	return sk_url_parse(sk_span_of(url), SK_URL_LAB, NULL) &&
	       is_plain(url, ":/.-_~%+=,@!*$&'()[]");
}

static bool is_location(const char *text)
{
	/* ITU-T Q.850, 2.2.3: the location of a cause, by its names in a Reason (RFC 8606, 4) */
	static const char *const known[] = { "U", "LPN", "LN", "TN", "RLN", "RPN", "INTL", "BI" };

	for (size_t i = 0; i < SK_COUNT(known); i++)
		if (strcmp(known[i], text) == 0)
			return true;
	return false;
}

static void check_page(struct loading *l, const char *path, const char *url)
{
	if (is_set(url) && !is_page(url))
		complain(l, place_of(l, path),
			 "%s: \"%.80s\" is no address of a page; allowed: https://HOST[:PORT]/PATH "
			 "without user, query or fragment",
			 path, url);
}

static void check_block(struct loading *l, const struct conf *conf)
{
	const struct tenant_conf *t = &conf->tenant;
	const struct answer_conf *a = &t->answer;

	check_page(l, "answer.block-url", a->block_url);
	check_page(l, "answer.block-card", a->block_card);
	if (!is_plain(a->block_tel, "+-.()*#"))
		complain(l, place_of(l, "answer.block-tel"),
			 "answer.block-tel: \"%.80s\" is no telephone number", a->block_tel);
	if (is_set(a->block_email) && !is_mail(a->block_email))
		complain(l, place_of(l, "answer.block-email"),
			 "answer.block-email: \"%.80s\" is no mail address", a->block_email);
	if (!is_location(a->block_location))
		complain(l, place_of(l, "answer.block-location"),
			 "answer.block-location: \"%s\" is not known; allowed: U | LPN | LN | TN | "
			 "RLN | RPN | INTL | BI",
			 a->block_location);
	if (!may_block(t) || !gets_calls(l, conf))
		return;
	if (a->block == BLOCK_603_PLUS && !is_set(a->block_url) && !is_set(a->block_tel) &&
	    !is_set(a->block_email))
		complain(l, place_of(l, "answer.block"),
			 "answer.block: \"603+\" needs where a blocked caller complains: one of "
			 "answer.block-url, answer.block-tel, answer.block-email (ATIS-1000099)");
	if (a->block == BLOCK_608 && !is_set(a->block_card))
		warn(l, place_of(l, "answer.block"),
		     "answer.block: \"608\" without answer.block-card: a blocked caller is not "
		     "told "
		     "where to complain (RFC 8688)");
}

/* "{name}" once at most, and no other brace: it would be a misspelt {name}. */
static bool is_alert(const char *text)
{
	const char *name = strstr(text, "{name}");
	size_t before = name ? (size_t)(name - text) : strlen(text);

	return strcspn(text, "{}") >= before &&
	       (!name || name[6 + strcspn(name + 6, "{}")] == '\0');
}

static void check_alerts(struct loading *l, const struct actions_conf *actions)
{
	const struct {
		const char *path, *text;
	} rows[] = {
		{ "actions.alert-missing", actions->alert_missing },
		{ "actions.alert-passed", actions->alert_passed },
		{ "actions.alert-failed", actions->alert_failed },
		{ "actions.alert-unverified", actions->alert_unverified },
		{ "actions.alert-listed", actions->alert_listed },
	};

	/* control characters are refused in every value (yaml.c) */
	for (size_t i = 0; i < SK_COUNT(rows); i++)
		if (!is_alert(rows[i].text))
			complain(l, place_of(l, rows[i].path),
				 "%s: \"%.80s\" is no display name; allowed: {name} once, no other "
				 "braces",
				 rows[i].path, rows[i].text);
}

void check_answer(struct loading *l, const struct conf *conf)
{
	check_contact(l, conf);
	check_headers(l, conf);
	check_block(l, conf);
	check_alerts(l, &conf->tenant.actions);
}
