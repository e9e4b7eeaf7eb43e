/*
 * `shaken inspect`: decodes as far as it goes and says where it stopped.  It
 * judges nothing, so that tokens of any type, in any state, can be looked at.
 * What was decoded is gathered as JSON first, which both forms of the answer print.
 */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/out.h"
#include "shaken/b64url.h"
#include "shaken/json.h"
#include "shaken/passport.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NESTED_MAX = 4,    /* tokens inside of tokens that are decoded */
	PLACE_SIZE = 1536, /* where it broke, in words                 */
};

/* Where it broke. */
struct broken {
	enum sk_err err;
	char place[PLACE_SIZE];
};

static bool stop(struct broken *broken, enum sk_err err, const char *place)
{
	broken->err = err;
	snprintf(broken->place, sizeof(broken->place), "%s", place);
	return false;
}

/* The library says that the token is none; people want to know at which byte. */
static bool stop_in_token(struct broken *broken, enum sk_err err, struct sk_span text)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t dots = 0;

	broken->err = err;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '.') {
			dots++;
			continue;
		}
		if (memchr(alphabet, text.ptr[i], sizeof(alphabet) - 1))
			continue;
		snprintf(broken->place, sizeof(broken->place),
			 "token: byte %zu is 0x%02x, not of base64url", i + 1,
			 (unsigned char)text.ptr[i]);
		return false;
	}
	if (dots != 2)
		snprintf(broken->place, sizeof(broken->place), "token: %zu dots instead of 2",
			 dots);
	else
		snprintf(broken->place, sizeof(broken->place),
			 "token: a part is empty or of a length that base64url does not have");
	return false;
}

static bool stop_in_json(struct broken *broken, enum sk_err err, const char *part,
			 struct sk_span text)
{
	char safe[OUT_TEXT_SIZE];
	json_error_t why;
	json_t *json = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &why);

	broken->err = err;
	if (json)
		snprintf(broken->place, sizeof(broken->place), "%s", part);
	else
		snprintf(broken->place, sizeof(broken->place), "%s: line %d, column %d: %s", part,
			 why.line, why.column, out_safe(sk_span_of(why.text), safe));
	json_decref(json);
	return false;
}

/* A part of the token, decoded, under its name. */
static bool add_part(json_t *into, const char *part, struct sk_span text, struct broken *broken)
{
	uint8_t *bytes = malloc(SK_B64URL_BYTES(text.len) + 1);
	struct sk_span decoded = { (const char *)bytes, 0 };
	json_t *json = NULL;
	enum sk_err err = SK_ENOMEM;
	bool ok = false;

	if (!bytes)
		stop(broken, err, part);
	else if (!sk_b64url_decode(text, bytes, &decoded.len))
		stop(broken, SK_TOKEN_SYNTAX, part);
	else if ((err = sk_json_parse(decoded, &json)) != SK_OK)
		stop_in_json(broken, err, part, decoded);
	else
		ok = true;

	free(bytes);
	if (ok)
		json_object_set_new(into, part, json);
	return ok;
}

static void add_iat(json_t *into)
{
	const json_t *iat = json_object_get(json_object_get(into, "payload"), "iat");
	char text[OUT_TIME_SIZE];

	if (json_is_integer(iat))
		json_object_set_new(into, "iat",
				    json_string(out_time(json_integer_value(iat), text)));
}

static bool add_token(json_t *into, struct sk_span text, int depth, struct broken *broken);

/* The token inside of a div-o token (RFC 8946, section 5). */
static bool add_nested(json_t *into, int depth, struct broken *broken)
{
	const json_t *opt = json_object_get(json_object_get(into, "payload"), "opt");
	struct sk_span text;
	json_t *nested;

	if (!json_is_string(opt) || depth == NESTED_MAX)
		return true;

	text = (struct sk_span){ json_string_value(opt), json_string_length(opt) };
	nested = json_object();
	json_object_set_new(into, "nested", nested);
	return add_token(nested, text, depth + 1, broken);
}

static bool add_token(json_t *into, struct sk_span text, int depth, struct broken *broken)
{
	struct sk_token token;
	enum sk_err err = sk_token_split(text, &token);

	if (err)
		return stop_in_token(broken, err, text);

	json_object_set_new(into, "compact", json_boolean(token.compact));
	json_object_set_new(into, "signature",
			    json_pack("{s:o, s:i}", "text", out_json_text(token.signature), "bytes",
				      (int)SK_B64URL_BYTES(token.signature.len)));
	if (token.header.len > 0 && !add_part(into, "header", token.header, broken))
		return false;
	if (token.payload.len > 0 && !add_part(into, "payload", token.payload, broken))
		return false;

	add_iat(into);
	return add_nested(into, depth, broken);
}

static void add_parameter(json_t *into, const char *name, struct sk_span text)
{
	if (text.ptr)
		json_object_set_new(into, name, out_json_text(text));
}

static bool decode(json_t *into, struct sk_span value, struct broken *broken)
{
	struct sk_identity identity;
	enum sk_err err = sk_identity_parse(value, &identity);
	json_t *parameters;

	if (err)
		return stop(broken, err, "parameters");

	parameters = json_object();
	add_parameter(parameters, "info", identity.info);
	add_parameter(parameters, "alg", identity.alg);
	add_parameter(parameters, "ppt", identity.ppt);
	json_object_set_new(parameters, "others", json_integer(identity.extra_params));
	json_object_set_new(into, "parameters", parameters);
	return add_token(into, identity.token, 0, broken);
}

static void print_part(const json_t *view, const char *part, int indent)
{
	const json_t *json = json_object_get(view, part);

	if (!json)
		return;
	printf("%*s%s\n", indent, "", part);
	out_pretty(json, indent + 2);
}

static void print_view(const json_t *view, int indent)
{
	const json_t *signature = json_object_get(view, "signature");
	const json_t *iat = json_object_get(view, "iat");
	const json_t *nested = json_object_get(view, "nested");

	print_part(view, "parameters", indent);
	print_part(view, "header", indent);
	print_part(view, "payload", indent);
	if (iat)
		printf("%*siat          %s\n", indent, "", json_string_value(iat));
	if (signature)
		printf("%*ssignature    %" JSON_INTEGER_FORMAT " bytes%s\n", indent, "",
		       json_integer_value(json_object_get(signature, "bytes")),
		       json_is_true(json_object_get(view, "compact")) ? ", compact form" : "");
	if (!nested)
		return;
	printf("%*snested token (opt)\n", indent, "");
	print_view(nested, indent + 2);
}

static int answer_json(json_t *view, const struct broken *broken)
{
	json_t *error;

	if (broken->err) {
		error = out_json_outcome(broken->err);
		json_object_set_new(error, "where", json_string(broken->place));
		json_object_set_new(view, "error", error);
	}
	return out_json(view, out_status(broken->err));
}

static int answer(const struct command *self, json_t *view, const struct broken *broken)
{
	print_view(view, 0);
	json_decref(view);
	if (!broken->err)
		return CLI_YES;

	fflush(stdout);
	fprintf(stderr, "shaken %s: broken at %s\n", self->name, broken->place);
	return out_refusal(self, broken->err);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct broken broken = { 0 };
	struct args_list rest = { 0 };
	struct input_identities given = { 0 };
	bool json = false;
	const struct args_option options[] = { { "--json", .flag = &json } };
	const struct args args = { self, options, SK_COUNT(options), 1 };
	enum args_result result = args_read(&args, argc, argv, &rest);
	json_t *view;
	int status;

	if (result != ARGS_GO)
		return args_status(result);

	status = input_identities(self, &rest, &given);
	if (status == CLI_YES && given.count > 1)
		status = args_wrong(self, "more than one Identity: give them one at a time");
	if (status == CLI_YES) {
		view = json_object();
		decode(view, given.values[0], &broken);
		status = json ? answer_json(view, &broken) : answer(self, view, &broken);
	}
	free(given.text);
	return status;
}

const struct command command_inspect = {
	.name = "inspect",
	.summary = "decode an Identity value, and judge nothing",
	.synopsis = "[--json] [IDENTITY | -]",
	.help = "  IDENTITY  value of an Identity header; -, or none: from standard input\n"
		"  --json    answer as JSON\n"
		"\n"
		"Example: shaken inspect 'eyJhbGci...;info=<https://certs.lab.example/sp.pem>'\n",
	.run = run,
};
