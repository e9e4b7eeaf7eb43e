/*
 * The whole of it, and the rules of sip.* and answer.*.
 */
#include "config/check.h"

#include <string.h>

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
		{ "answer.name-header", answer->name_header },
		{ "answer.priority-header", answer->priority_header },
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

void conf_check(struct loading *l, const struct conf *conf)
{
	check_listen(l, conf);
	check_signing(l, conf);
	check_verifying(l, conf);
	check_trust(l, conf);
	check_contact(l, conf);
	check_headers(l, conf);
	check_certs(l, conf);
}
