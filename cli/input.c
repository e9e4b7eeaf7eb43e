/*
 * Standard input is read only when nobody sits in front of it, or when `-` asks
 * for it: a forgotten argument is then a message and not a program that waits.
 */
#include "cli/input.h"

#include "cli/out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_digits(const char *text, size_t max)
{
	size_t len = strlen(text);

	return len <= max && strspn(text, "0123456789") == len;
}

int input_plan(const struct command *self, const char *country, const char *international,
	       const char *trunk, struct sk_dialplan *out)
{
	struct sk_dialplan plan = { .digits_are_tn = true, .min_digits = 7 };

	if (country && (!is_digits(country, 3) || country[0] == '\0' || country[0] == '0'))
		return args_wrong(self, "--country: \"%s\" is no country code of 1 to 3 digits",
				  country);
	if (international && !is_digits(international, SK_PREFIX_SIZE - 1))
		return args_wrong(self, "--international: \"%s\" is not 0 to %d digits",
				  international, SK_PREFIX_SIZE - 1);
	if (trunk && !is_digits(trunk, SK_PREFIX_SIZE - 1))
		return args_wrong(self, "--trunk: \"%s\" is not 0 to %d digits", trunk,
				  SK_PREFIX_SIZE - 1);

	snprintf(plan.country, sizeof(plan.country), "%s", country ? country : "");
	snprintf(plan.international, sizeof(plan.international), "%s",
		 international ? international : "");
	snprintf(plan.trunk, sizeof(plan.trunk), "%s", trunk ? trunk : "");
	*out = plan;
	return CLI_YES;
}

int input_number(const struct command *self, const char *option, const char *text,
		 const struct sk_dialplan *plan, enum sk_role role, struct sk_party *out)
{
	struct sk_span span = sk_span_trim(sk_span_of(text));
	struct sk_party party = { 0 };
	enum sk_err err = memchr(text, ':', span.len)
				  ? sk_party_from_uri(span, plan, role, &party)
				  : sk_party_from_number(span, plan, role, &party);

	const bool urn = role == SK_ROLE_DEST && strncasecmp(party.text, "urn:", 4) == 0;

	if (err || (party.kind != SK_PARTY_TN && !urn))
		return args_wrong(self,
				  "%s: \"%s\" is no telephone number; allowed is +12155551212, "
				  "and with --country a national one",
				  option, text);
	*out = party;
	return CLI_YES;
}

int input_ppt(const struct command *self, const char *text, enum sk_ppt *out)
{
	static const enum sk_ppt types[] = { SK_PPT_SHAKEN, SK_PPT_DIV, SK_PPT_RPH, SK_PPT_RCD };
	const enum sk_ppt ppt = sk_ppt_parse(sk_span_of(text));

	for (size_t i = 0; i < SK_COUNT(types); i++) {
		if (ppt != types[i])
			continue;
		*out = ppt;
		return CLI_YES;
	}
	return args_wrong(self, "--ppt: \"%s\" is none of shaken, div, rph, rcd", text);
}

int input_attest(const struct command *self, const char *text, enum sk_attest *out)
{
	enum sk_attest attest = sk_attest_parse(sk_span_of(text));

	if (attest == SK_ATTEST_BAD || attest == SK_ATTEST_NONE)
		return args_wrong(self, "--attest: \"%s\" is none of A, B, C", text);
	*out = attest;
	return CLI_YES;
}

int input_rules(const struct command *self, const struct input_rules *said,
		struct sk_trust_rules *out)
{
	static const struct {
		const char *word;
		enum sk_profile_mode mode;
	} modes[] = {
		{ "off", SK_PROFILE_OFF },
		{ "warn", SK_PROFILE_WARN },
		{ "strict", SK_PROFILE_STRICT },
	};
	const char *profile = said->profile ? said->profile : "warn";

	for (size_t i = 0; i < SK_COUNT(modes); i++) {
		if (strcmp(profile, modes[i].word) != 0)
			continue;
		*out = (struct sk_trust_rules){
			.profile = modes[i].mode,
			.allow_p384_issuers = !said->no_p384,
			.allow_delegates = said->delegates,
			.crl_required = said->crl_required,
		};
		return CLI_YES;
	}
	return args_wrong(self, "--profile: \"%s\" is none of off, warn, strict", profile);
}

ssize_t input_stdin(char *text, size_t size)
{
	size_t len = 0;

	while (len <= size) {
		ssize_t n = read(STDIN_FILENO, text + len, size + 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* People paste the whole line of a message. */
static struct sk_span without_name(struct sk_span text)
{
	static const char *const names[] = { "Identity", "y" }; /* RFC 8224, section 4: y */

	for (size_t i = 0; i < SK_COUNT(names); i++) {
		size_t len = strlen(names[i]);
		struct sk_span rest = { text.ptr + len, text.len - len };

		if (text.len <= len || strncasecmp(text.ptr, names[i], len) != 0)
			continue;
		rest = sk_span_trim(rest);
		if (rest.len > 0 && rest.ptr[0] == ':')
			return sk_span_trim((struct sk_span){ rest.ptr + 1, rest.len - 1 });
	}
	return text;
}

/* A header field goes on in lines that begin with white space (RFC 3261, 7.3.1) */
static struct sk_span take_field(struct sk_span *rest)
{
	size_t len = 0;

	while (len < rest->len) {
		const char c = rest->ptr[len++];
		const char next = len < rest->len ? rest->ptr[len] : '\0';

		if (c == '\n' && next != ' ' && next != '\t')
			break;
	}

	const struct sk_span field = { rest->ptr, len };

	*rest = (struct sk_span){ rest->ptr + len, rest->len - len };
	return sk_span_trim(field);
}

static int take_values(const struct command *self, struct sk_span field,
		       struct input_identities *out)
{
	struct sk_span rest = without_name(field), value;

	while (sk_identity_next(&rest, &value)) {
		if (value.len == 0)
			return args_wrong(self, "the Identity is empty");
		if (out->count == SK_IDENTITY_MAX)
			return args_wrong(self, "more than %d Identity values", SK_IDENTITY_MAX);
		out->values[out->count++] = value;
	}
	return CLI_YES;
}

static int take_fields(const struct command *self, struct sk_span text,
		       struct input_identities *out)
{
	struct sk_span rest = text;
	int status = CLI_YES;

	while (status == CLI_YES && rest.len > 0) {
		const struct sk_span field = take_field(&rest);

		if (field.len > 0)
			status = take_values(self, field, out);
	}
	if (status == CLI_YES && out->count == 0)
		return args_wrong(self, "the Identity is empty");

	return status;
}

static int take_stdin(const struct command *self, struct input_identities *out)
{
	ssize_t len;

	out->text = malloc(INPUT_MAX + 1);
	if (!out->text)
		return out_refusal(self, SK_ENOMEM);
	len = input_stdin(out->text, INPUT_MAX);
	if (len < 0)
		return out_fault(self, "standard input: %s", strerror(errno));
	if (len > INPUT_MAX)
		return args_wrong(self, "standard input has more than %d bytes", INPUT_MAX);

	return take_fields(self, (struct sk_span){ out->text, (size_t)len }, out);
}

int input_identities(const struct command *self, const struct args_list *rest,
		     struct input_identities *out)
{
	int status = CLI_YES;

	if (rest->count == 0 && isatty(STDIN_FILENO))
		return args_wrong(self, "no Identity: give it as argument, or on standard input");
	if (rest->count == 0 || (rest->count == 1 && strcmp(rest->items[0], "-") == 0))
		return take_stdin(self, out);

	for (size_t i = 0; status == CLI_YES && i < rest->count; i++)
		status = take_fields(self, sk_span_of(rest->items[i]), out);
	return status;
}
