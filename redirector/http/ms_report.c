/*
 * The verdict on the number is that of the call, as everywhere.  Besides, every Identity is told of
 * by itself: type, pass or fail, why, and of one that passed its claims.
 */
#include "redirector/http/ms_report.h"

#include "redirector/http/api_reason.h"
#include "redirector/http/ms_read.h"

/* One Identity of the request. */
struct told {
	struct sk_identity identity;
	struct sk_token token;
	enum sk_ppt ppt;
	enum sk_err err;
	struct sk_span value;
	bool cut;        /* `token` is set          */
	json_t *payload; /* owned; NULL: unreadable */
};

static void drop(struct told *told)
{
	json_decref(told->payload);
}

/* Of an rph that passed also: does it cover what the call wants to be? */
static void judge_priority(struct told *told, const json_t *body)
{
	struct sk_rph rph;

	if (told->ppt == SK_PPT_RPH && !told->err &&
	    (sk_rph_read(&told->token, &rph) || !ms_priority_covered(body, &rph)))
		told->err = SK_RPH_MISMATCH;
}

/* @return false: no memory */
static bool look(const struct call *call, size_t i, const json_t *body, struct told *out)
{
	enum sk_err err;

	/* what ends a call before its Identity headers are looked at is said of each */
	*out = (struct told){ .value = call->facts.identities[i],
			      .err = i < call->judged_count ? call->judged[i].err : call->err };
	if (sk_identity_parse(out->value, &out->identity))
		return true;
	out->ppt = sk_ppt_param(out->identity.ppt);
	out->cut = !sk_token_split(out->identity.token, &out->token);
	if (!out->cut || out->token.compact)
		return true;
	judge_priority(out, body);
	err = sk_token_json(out->token.payload, &out->payload);
	/* a token that passed could be read, so it is the memory */
	return !err || (err != SK_ENOMEM && out->err);
}

/* @param value  The reference is taken; NULL: no memory, or nothing to put */
static bool put(json_t *object, const char *name, json_t *value)
{
	return json_object_set_new(object, name, value) == 0;
}

static bool put_span(json_t *object, const char *name, struct sk_span text)
{
	return put(object, name, json_stringn(text.ptr, text.len));
}

/* SK_PPT_UNKNOWN is a fault here: who asks by name wants to hear that it was not judged. */
static bool put_reason(const struct call *call, const struct told *told, json_t *result)
{
	struct api_reason reason;

	if (!told->err || !api_reason(call->tenant, told->err, told->value, &reason))
		return true;
	return put(result, "reasonCode", json_integer(reason.code)) &&
	       put(result, "reasonText", json_string(reason.text)) &&
	       put(result, "reasonDescription", json_string(reason.description));
}

static json_t *result_of(const struct call *call, const struct told *told)
{
	json_auto_t *result = json_object(), *outer = json_object();
	bool ok = result && outer;

	if (told->identity.ppt.len > 0 && ok) {
		char shown[API_SHOWN_SIZE];

		api_shown(told->identity.ppt, shown);
		ok = put(result, "ppt", json_string(shown));
	}
	ok = ok && put(result, "status", json_string(told->err ? "fail" : "pass")) &&
	     put_reason(call, told, result);
	if (ok && told->cut)
		ok = put_span(result, "passport", told->identity.token);
	if (ok && told->payload && !told->err)
		ok = json_object_set(result, "validClaims", told->payload) == 0;
	if (!ok || json_object_set(outer, "verifyResult", result))
		return NULL;
	return sk_steal(outer);
}

static enum sk_verstat verstat_of(const struct call *call, enum sk_err err)
{
	return profile_outcome(&call->tenant->profile, err).verstat;
}

/* Links that are good one by one lead nowhere when the chain is broken. */
static bool add_div(const struct call *call, const struct told *told, json_t *list)
{
	enum sk_err err = told->err                    ? told->err
			  : call->err == SK_DIV_BROKEN ? SK_DIV_BROKEN
						       : SK_OK;
	json_t *div = json_object_get(told->payload, "div");
	json_auto_t *one = json_object();

	return one && (!div || json_object_set(one, "div", div) == 0) &&
	       put(one, "verstatValue", json_string(sk_verstat_text(verstat_of(call, err)))) &&
	       json_array_append(list, one) == 0;
}

/* TS 24.229 has no text for the failure but this (the value of Priority-Verstat). */
static const char *priority_text(enum sk_err err, const struct call *call)
{
	if (!err)
		return "RPH-Validation-Passed";
	return err == SK_RPH_MISMATCH || verstat_of(call, err) == SK_VERSTAT_FAILED
		       ? "RPH-Validation-Failed"
		       : "No-RPH-Validation";
}

/* What is gathered while the Identity headers are gone through. */
struct report {
	json_t *results, *divs;
	const char *priority;
};

static bool add_one(const struct call *call, const struct told *told, struct report *r)
{
	json_t *result = result_of(call, told);

	if (!result || json_array_append_new(r->results, result))
		return false;
	if (told->ppt == SK_PPT_RPH && (!r->priority || !told->err))
		r->priority = priority_text(told->err, call);
	return told->ppt != SK_PPT_DIV || add_div(call, told, r->divs);
}

static bool add_all(const struct call *call, const json_t *body, struct report *r)
{
	for (size_t i = 0; i < call->facts.identity_count; i++) {
		SK_CLEANUP(drop) struct told told;

		if (!look(call, i, body, &told) || !add_one(call, &told, r))
			return false;
	}
	return true;
}

json_t *ms_report(const struct call *call, const json_t *body)
{
	const char *verstat = sk_verstat_text(verstat_of(call, call->err));
	json_auto_t *results = json_array(), *divs = json_array();
	json_auto_t *response = json_object(), *outer = json_object();
	struct report r = { results, divs, NULL };

	if (!results || !divs || !response || !outer || !add_all(call, body, &r) ||
	    !put(response, "verstatValue", json_string(verstat)))
		return NULL;
	if (json_array_size(divs) > 0 && json_object_set(response, "divResult", divs))
		return NULL;
	if (r.priority && !put(response, "verstatPriority", json_string(r.priority)))
		return NULL;
	if (json_object_set(response, "verifyResults", results) ||
	    json_object_set(outer, "verificationResponse", response))
		return NULL;
	return sk_steal(outer);
}
