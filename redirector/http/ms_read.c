/*
 * What surprises: a party may be a number or a URI, one text or a list; a URI that holds a number
 * becomes that number where it would in SIP: tel:, and sip: with a + or user=phone (tn.c).
 */
#include "redirector/http/ms_read.h"

#include <stdio.h>
#include <string.h>

static bool invalid(struct api_finding *finding, const char *path, const char *what)
{
	return api_found(finding, API_INVALID, path, what);
}

/* --- signing --- */

static bool read_said_ppt(const json_t *request, enum sk_ppt *out, struct api_finding *finding)
{
	struct sk_span text;

	if (!api_text(request, "ppt", "ppt", &text, finding))
		return false;
	*out = sk_ppt_parse(text);
	return *out == SK_PPT_SHAKEN || *out == SK_PPT_DIV || *out == SK_PPT_RPH ||
	       invalid(finding, "ppt", "not shaken, div or rph");
}

/* Without ppt it is what the claims say. */
static bool read_ppt(const json_t *request, enum sk_ppt *out, struct api_finding *finding)
{
	*out = api_member(request, "div")   ? SK_PPT_DIV
	       : api_member(request, "rph") ? SK_PPT_RPH
					    : SK_PPT_SHAKEN;
	if (api_member(request, "ppt") && !read_said_ppt(request, out, finding))
		return false;
	/* a claim that this type does not sign is no claim to be quiet about */
	if (*out != SK_PPT_DIV && api_member(request, "div"))
		return invalid(finding, "div", "of ppt div alone");
	if (*out != SK_PPT_RPH && api_member(request, "rph"))
		return invalid(finding, "rph", "of ppt rph alone");
	if (*out != SK_PPT_RPH && api_member(request, "sph"))
		return invalid(finding, "sph", "of ppt rph alone");
	return true;
}

static bool read_auth(const json_t *value, struct sk_rph *out, struct api_finding *finding)
{
	const char *text = json_string_value(value);

	if (!text || json_string_length(value) >= SK_RPH_SIZE)
		return invalid(finding, "rph.auth", "not a priority value");
	snprintf(out->auth[out->count++], SK_RPH_SIZE, "%s", text);
	return true;
}

static bool read_rph(const json_t *request, struct sk_rph *out, struct api_finding *finding)
{
	const json_t *rph, *list, *sph = api_member(request, "sph");

	if (!api_object(request, "rph", "rph", &rph, finding))
		return false;
	list = api_member(rph, "auth");
	if (!list)
		return api_found(finding, API_MISSING, "rph.auth", NULL);
	if (!json_is_array(list) || json_array_size(list) == 0 ||
	    json_array_size(list) > SK_RPH_MAX)
		return invalid(finding, "rph.auth", "not a list of 1 to 8 values");
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!read_auth(json_array_get(list, i), out, finding))
			return false;
	if (sph && (!json_is_string(sph) || strcmp(json_string_value(sph), "psap-callback") != 0))
		return invalid(finding, "sph", "not psap-callback");
	out->psap_callback = sph != NULL;
	if (!sk_rph_check(out))
		return invalid(finding, sph ? "sph" : "rph.auth", "not a priority that is signed");
	return true;
}

static bool read_div(const json_t *request, const struct client *client, struct asked *out,
		     struct api_finding *finding)
{
	const struct api_party_rules rules = { api_plan(client), SK_ROLE_DEST, true };
	const json_t *div;

	if (!api_object(request, "div", "div", &div, finding))
		return false;
	if (api_member(div, "hi"))
		return invalid(finding, "div.hi", "not signed");
	return api_party(div, "div", &rules, &out->div, finding);
}

/* Of shaken they must be there; beside other types they say nothing, but are what they are. */
static bool read_shaken(const json_t *request, struct asked *out, struct api_finding *finding)
{
	bool shaken = out->ppt == SK_PPT_SHAKEN;

	return (!(shaken || api_member(request, "attest")) ||
		api_attest(request, "attest", &out->attest, finding)) &&
	       (!(shaken || api_member(request, "origid")) ||
		api_origid(request, "origid", out->origid, finding));
}

bool ms_read_signing(const json_t *body, const struct client *client, struct asked *out,
		     struct sk_rph *rph, struct api_finding *finding)
{
	struct api_party_rules rules = { api_plan(client), SK_ROLE_DEST, true };
	const json_t *request, *dest, *orig;

	out->task = TASK_SIGN;
	out->has_time = true;
	*rph = (struct sk_rph){ .count = 0 };
	if (!api_object(body, "signingRequest", "signingRequest", &request, finding) ||
	    !read_ppt(request, &out->ppt, finding) || !read_shaken(request, out, finding) ||
	    !api_object(request, "dest", "dest", &dest, finding) ||
	    !api_parties(dest, "dest", &rules, true, out, finding) ||
	    !api_time(request, "iat", "iat", &out->time, finding) ||
	    !api_object(request, "orig", "orig", &orig, finding))
		return false;
	rules.role = SK_ROLE_ORIG;
	if (!api_party(orig, "orig", &rules, &out->from, finding))
		return false;
	if (out->ppt == SK_PPT_DIV)
		return read_div(request, client, out, finding);
	if (out->ppt != SK_PPT_RPH)
		return true;
	out->rph = rph;
	return read_rph(request, rph, finding);
}

/* --- verification --- */

/* One Identity header, which may hold several values (RFC 3261, 7.3.1). */
static bool add_identity(const json_t *value, const char *path, struct ms_verification *out,
			 struct api_finding *finding)
{
	struct sk_span text = { json_string_value(value), json_string_length(value) };
	struct sk_span values[SK_IDENTITY_MAX];
	size_t count;

	if (!text.ptr || !api_identities(text, values, &count))
		return invalid(finding, path, "not an Identity header");
	if (out->identity_count + count > SK_IDENTITY_MAX)
		return invalid(finding, path, "more than 8 Identity headers");
	memcpy(&out->identities[out->identity_count], values, count * sizeof(values[0]));
	out->identity_count += count;
	return true;
}

static bool read_identities(const json_t *request, struct ms_verification *out,
			    struct api_finding *finding)
{
	const json_t *one = api_member(request, "identityHeader");
	const json_t *list = api_member(request, "identityHeaders");

	if (!one && !list)
		return api_found(finding, API_MISSING, "identityHeader", NULL);
	if (one && !add_identity(one, "identityHeader", out, finding))
		return false;
	if (!list)
		return true;
	if (!json_is_array(list) || json_array_size(list) == 0)
		return invalid(finding, "identityHeaders", "not a list of Identity headers");
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!add_identity(json_array_get(list, i), "identityHeaders", out, finding))
			return false;
	return true;
}

/* Where the call goes: a URI, or a party. */
static bool read_target(const json_t *request, const struct api_party_rules *rules,
			struct asked *out, struct api_finding *finding)
{
	const json_t *dest = api_member(request, "dest");

	if (!dest)
		return true;
	if (json_is_string(dest))
		return api_uri(dest, "dest", rules, &out->target, finding);
	if (!json_is_object(dest))
		return invalid(finding, "dest", "neither a URI nor an object");
	return api_party(dest, "dest", rules, &out->target, finding);
}

static bool read_protected(const json_t *request, struct api_finding *finding)
{
	const json_t *list = api_member(request, "protectedHeaders");

	if (!list)
		return true;
	if (!json_is_array(list))
		return invalid(finding, "protectedHeaders", "not an array");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (!text || !strchr(text, ':'))
			return invalid(finding, "protectedHeaders", "not \"Name: value\"");
	}
	return true;
}

bool ms_read_verification(const json_t *body, const struct client *client,
			  struct ms_verification *out, struct api_finding *finding)
{
	struct api_party_rules rules = { api_plan(client), SK_ROLE_ORIG, true };
	const json_t *request, *from, *to;

	out->asked.task = TASK_VERIFY;
	out->asked.has_time = true;
	if (!api_object(body, "verificationRequest", "verificationRequest", &request, finding) ||
	    !read_identities(request, out, finding) ||
	    !api_object(request, "from", "from", &from, finding) ||
	    !api_party(from, "from", &rules, &out->asked.from, finding) ||
	    !api_object(request, "to", "to", &to, finding))
		return false;
	rules.role = SK_ROLE_DEST;
	return api_parties(to, "to", &rules, true, &out->asked, finding) &&
	       read_target(request, &rules, &out->asked, finding) &&
	       api_time(request, "time", "time", &out->asked.time, finding) &&
	       read_protected(request, finding);
}

bool ms_priority_covered(const json_t *body, const struct sk_rph *rph)
{
	const json_t *request = api_member(body, "verificationRequest");
	const json_t *list = api_member(request, "protectedHeaders");

	for (size_t i = 0; i < json_array_size(list); i++) {
		struct sk_span text = sk_span_of(json_string_value(json_array_get(list, i)));
		const char *colon = memchr(text.ptr, ':', text.len);
		size_t len = colon ? (size_t)(colon - text.ptr) : 0;
		struct sk_span name = sk_span_trim((struct sk_span){ text.ptr, len });

		if (sk_span_eq_nocase(name, SK_SPAN("Resource-Priority")) &&
		    !sk_rph_covers(rph, (struct sk_span){ text.ptr + len + 1, text.len - len - 1 }))
			return false;
	}
	return true;
}
