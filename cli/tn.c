/*
 * `shaken tn`: how a header's value is read.  A value without a scheme is taken
 * as the number itself, since that is what people type.
 */
#include "shaken/tn.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/out.h"

#include <stdio.h>
#include <string.h>

struct tn_options {
	const char *country, *international, *trunk, *role;
	bool json;
};

static const char *kind_text(enum sk_party_kind kind)
{
	switch (kind) {
	case SK_PARTY_TN:
		return "tn";
	case SK_PARTY_URI:
		return "uri";
	case SK_PARTY_NONE:
		break;
	}
	return "none";
}

static int read_role(const struct command *self, const char *text, enum sk_role *out)
{
	if (text && strcmp(text, "orig") != 0 && strcmp(text, "dest") != 0)
		return args_wrong(self, "--role: \"%s\" is none of orig, dest", text);

	*out = text && strcmp(text, "dest") == 0 ? SK_ROLE_DEST : SK_ROLE_ORIG;
	return CLI_YES;
}

/* Well-formed, but nothing that a PASSporT could name, is a no of its own. */
static int answer_none(const struct command *self, const struct tn_options *o)
{
	if (o->json)
		return out_json(json_pack("{s:s, s:s}", "kind", "none", "canonical", ""), CLI_NO);

	fprintf(stderr, "shaken %s: none: no number and no address that can be signed\n",
		self->name);
	return CLI_NO;
}

static int answer(const struct command *self, const struct tn_options *o, struct sk_span value,
		  const struct sk_dialplan *plan, enum sk_role role)
{
	struct sk_party party = { 0 };
	bool bare = !memchr(value.ptr, ':', value.len) && !memchr(value.ptr, '<', value.len);
	enum sk_err err = bare ? sk_party_from_number(value, plan, role, &party)
			       : sk_party_read(value, plan, role, &party);

	if (err && o->json)
		return out_json(out_json_outcome(err), out_status(err));
	if (err)
		return out_refusal(self, err);
	if (party.kind == SK_PARTY_NONE)
		return answer_none(self, o);
	if (o->json)
		return out_json(json_pack("{s:s, s:s}", "kind", kind_text(party.kind), "canonical",
					  party.text),
				CLI_YES);

	printf("%s %s\n", kind_text(party.kind), party.text);
	return CLI_YES;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct tn_options o = { 0 };
	struct args_list rest = { 0 };
	struct sk_dialplan plan;
	enum sk_role role = SK_ROLE_ORIG;
	/* clang-format off */
	const struct args_option options[] = {
		{ "--country",       .text = &o.country },
		{ "--international", .text = &o.international },
		{ "--trunk",         .text = &o.trunk },
		{ "--role",          .text = &o.role },
		{ "--json",          .flag = &o.json },
	};
	/* clang-format on */
	const struct args args = { self, options, SK_COUNT(options), 1 };
	enum args_result result = args_read(&args, argc, argv, &rest);
	int status;

	if (result != ARGS_GO)
		return args_status(result);
	if (rest.count != 1)
		return args_wrong(self, "which number or header value?");

	status = input_plan(self, o.country, o.international, o.trunk, &plan);
	if (status == CLI_YES)
		status = read_role(self, o.role, &role);
	if (status != CLI_YES)
		return status;

	return answer(self, &o, sk_span_trim(sk_span_of(rest.items[0])), &plan, role);
}

const struct command command_tn = {
	.name = "tn",
	.summary = "print the canonical form of a number or address",
	.synopsis = "[OPTION]... HEADER",
	.help = "  HEADER              value of a From, To or P-Asserted-Identity header, or a "
		"number\n"
		"  --country CC        country code of national numbers\n"
		"  --international P   prefix dialled before international numbers\n"
		"  --trunk P           prefix dialled before national numbers\n"
		"  --role orig|dest    calling or called (orig)\n"
		"  --json              answer as JSON\n"
		"\n"
		"Example: shaken tn --country 1 '\"Alice\" <sip:2155551212@example.com>;tag=1'\n",
	.run = run,
};
