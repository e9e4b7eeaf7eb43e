#include "redirector/http/api_claim.h"

#include "shaken/json.h"

/* The first of them that is not there, or is no text. */
static const char *missing_header(const json_t *header)
{
	static const char *const names[] = { "alg", "typ", "x5u", "ppt" };
	struct sk_span text;

	for (size_t i = 0; i < SK_COUNT(names); i++)
		if (!json_object_get(header, names[i]))
			return names[i];
	return sk_json_string(header, "x5u", &text) ? "ppt" : "x5u";
}

/* Of shaken all; the other types have no attest and origid, but a claim of their own. */
static const char *missing_claim(const json_t *payload, enum sk_ppt ppt)
{
	static const char *const names[] = { "attest", "dest", "iat", "orig", "origid" };
	bool shaken = ppt == SK_PPT_SHAKEN || ppt == SK_PPT_OTHER;

	for (size_t i = 0; i < SK_COUNT(names); i++) {
		bool optional = !shaken && (i == 0 || i == SK_COUNT(names) - 1);

		if (!optional && !json_object_get(payload, names[i]))
			return names[i];
	}
	if (ppt == SK_PPT_DIV && !json_object_get(payload, "div"))
		return "div";
	return ppt == SK_PPT_RPH && !json_object_get(payload, "rph") ? "rph" : "";
}

/* One claim at a time is put in the place of a good one: the first that cannot be read is it. */
static const char *mistyped_claim(const json_t *payload)
{
	static const char good[] = "{\"dest\":{\"tn\":[\"1\"]},\"iat\":1,\"orig\":{\"tn\":\"1\"}}";
	static const char *const names[] = { "dest", "iat", "orig", "origid" };
	struct sk_claims claims;

	for (size_t i = 0; i < SK_COUNT(names); i++) {
		json_auto_t *one = NULL;

		if (sk_json_parse(SK_SPAN(good), &one) ||
		    json_object_set(one, names[i], json_object_get(payload, names[i])))
			return "";
		if (sk_claims_read(one, SK_PPT_NONE, &claims))
			return names[i];
	}
	return "";
}

static const char *in_token(struct sk_span value, bool header)
{
	struct sk_identity identity;
	json_auto_t *json = NULL;
	struct sk_token token;
	const char *name;

	if (sk_identity_parse(value, &identity) || sk_token_split(identity.token, &token) ||
	    sk_token_json(header ? token.header : token.payload, &json))
		return "";
	if (header)
		return missing_header(json);
	name = missing_claim(json, sk_ppt_param(identity.ppt));
	return name[0] ? name : mistyped_claim(json);
}

const char *api_claim(struct sk_span identity, enum sk_err err)
{
	switch ((int)err) {
	case SK_HEADER_CLAIM:
		return in_token(identity, true);
	case SK_CLAIM_MISSING:
	case SK_CLAIM_TYPE:
		return in_token(identity, false);
	case SK_ORIG_MISMATCH:
		return "orig";
	case SK_DEST_MISMATCH:
		return "dest";
	default:
		return "";
	}
}
