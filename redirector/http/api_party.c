/*
 * Who calls and who is called.  Numbers become canonical here, by the plan of the tenant in
 * whose name is asked: what comes behind compares and signs texts.
 */
#include "redirector/http/api.h"

#include <stdio.h>
#include <string.h>

const struct sk_dialplan *api_plan(const struct client *client)
{
	return &client->tenant->set->dialplan;
}

/* A is the best; `none` of a client allows none. */
bool api_attest_allowed(const struct client *client, enum sk_attest attest)
{
	static const enum sk_attest best[] = { [CONF_ATTEST_NONE] = SK_ATTEST_BAD,
					       [CONF_ATTEST_A] = SK_ATTEST_A,
					       [CONF_ATTEST_B] = SK_ATTEST_B,
					       [CONF_ATTEST_C] = SK_ATTEST_C };

	return attest >= best[client->set->attest];
}

static bool bad(struct api_finding *finding, const char *path, const char *what)
{
	return api_found(finding, API_INVALID, path, what);
}

static bool read_number(const json_t *value, const char *path, const struct api_party_rules *rules,
			struct sk_party *out, struct api_finding *finding)
{
	struct sk_span text = { json_string_value(value), json_string_length(value) };

	if (!text.ptr)
		return bad(finding, path, "not a string");
	if (sk_party_from_number(text, rules->plan, rules->role, out) || out->kind != SK_PARTY_TN)
		return bad(finding, path, "not a telephone number");
	return true;
}

bool api_uri(const json_t *value, const char *path, const struct api_party_rules *rules,
	     struct sk_party *out, struct api_finding *finding)
{
	struct sk_span text = { json_string_value(value), json_string_length(value) };

	if (!text.ptr)
		return bad(finding, path, "not a string");
	if (sk_party_from_uri(text, rules->plan, rules->role, out))
		return bad(finding, path, "not a URI of a party");
	if (out->kind == SK_PARTY_NONE)
		return bad(finding, path, "nobody that a PASSporT could name");
	return true;
}

/* "orig" and "tn" -> "orig.tn" */
static const char *join(char out[64], const char *path, const char *name)
{
	snprintf(out, 64, "%s.%s", path, name);
	return out;
}

bool api_party(const json_t *object, const char *path, const struct api_party_rules *rules,
	       struct sk_party *out, struct api_finding *finding)
{
	const json_t *tn = api_member(object, "tn"), *uri = api_member(object, "uri");
	char name[64];

	if (tn && uri)
		return bad(finding, path, "both tn and uri");
	if (tn)
		return read_number(tn, join(name, path, "tn"), rules, out, finding);
	if (uri && rules->uris)
		return api_uri(uri, join(name, path, "uri"), rules, out, finding);
	return api_found(finding, API_MISSING, join(name, path, "tn"), NULL);
}

static bool is_there(const struct asked *asked, const struct sk_party *party)
{
	for (size_t i = 0; i < asked->to_count; i++)
		if (sk_party_eq(&asked->to[i], party))
			return true;
	return false;
}

typedef bool read_h(const json_t *value, const char *path, const struct api_party_rules *rules,
		    struct sk_party *out, struct api_finding *finding);

static bool read_one(const json_t *value, const char *path, const struct api_party_rules *rules,
		     read_h *reader, struct asked *out, struct api_finding *finding)
{
	struct sk_party party;

	if (!reader(value, path, rules, &party, finding))
		return false;
	if (is_there(out, &party))
		return true;
	if (out->to_count == ASKED_TO_MAX)
		return bad(finding, path, "more than 8 called parties");
	out->to[out->to_count++] = party;
	return true;
}

/* A list, or a text in the place of a list of one. */
static bool read_list(const json_t *list, const char *path, const struct api_party_rules *rules,
		      bool single, read_h *reader, struct asked *out, struct api_finding *finding)
{
	size_t count = json_array_size(list);

	if (single && json_is_string(list))
		return read_one(list, path, rules, reader, out, finding);
	if (!json_is_array(list))
		return bad(finding, path, "not an array");
	if (count == 0)
		return bad(finding, path, "an empty array");
	for (size_t i = 0; i < count; i++)
		if (!read_one(json_array_get(list, i), path, rules, reader, out, finding))
			return false;
	return true;
}

bool api_parties(const json_t *object, const char *path, const struct api_party_rules *rules,
		 bool single, struct asked *out, struct api_finding *finding)
{
	const json_t *tn = api_member(object, "tn");
	const json_t *uri = rules->uris ? api_member(object, "uri") : NULL;
	char name[64];

	out->to_count = 0;
	if (!tn && !uri)
		return api_found(finding, API_MISSING, join(name, path, "tn"), NULL);
	if (tn && !read_list(tn, join(name, path, "tn"), rules, single, read_number, out, finding))
		return false;
	return !uri ||
	       read_list(uri, join(name, path, "uri"), rules, single, api_uri, out, finding);
}

bool api_identities(struct sk_span text, struct sk_span out[SK_IDENTITY_MAX], size_t *count)
{
	struct sk_span one;

	*count = 0;
	while (sk_identity_next(&text, &one)) {
		if (one.len == 0 || *count == SK_IDENTITY_MAX)
			return false;
		out[(*count)++] = one;
	}
	return *count > 0;
}
