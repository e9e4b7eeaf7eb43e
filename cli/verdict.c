/*
 * One verdict, two forms.  Rows come from the same struct in the same order as
 * the members of the JSON object.
 */
#include "cli/describe.h"
#include "cli/out.h"
#include "cli/verify.h"

#include <inttypes.h>
#include <stdio.h>

void verdict_deinit(struct verdict *verdict)
{
	sk_chain_free(verdict->chain);
	verdict->chain = NULL;
}

/* Seconds since iat.  A token may name any 64 bit number: the difference must not overflow. */
static int64_t age_of(const struct verdict *v)
{
	int64_t age;

	if (__builtin_sub_overflow(v->now, v->passport.claims.iat, &age))
		return v->passport.claims.iat < 0 ? INT64_MAX : -INT64_MAX;
	return age == INT64_MIN ? -INT64_MAX : age;
}

static void print_rph(const struct sk_rph *rph)
{
	for (size_t i = 0; i < rph->count; i++)
		out_row_span("rph", sk_span_of(rph->auth[i]));
	if (rph->psap_callback)
		out_row("sph", "psap-callback");
}

static void print_rcd(const struct verdict *v)
{
	const struct sk_rcd *rcd = &v->rcd;

	if (v->rcd_err) {
		if (v->rcd_err != SK_CLAIM_MISSING)
			out_row("rcd", "%s: %s", sk_err_name(v->rcd_err), sk_err_text(v->rcd_err));
		return;
	}
	out_row_span("name", sk_span_of(rcd->nam));
	if (rcd->apn[0])
		out_row_span("number shown", sk_span_of(rcd->apn));
	if (rcd->icn[0])
		out_row_span("icon", sk_span_of(rcd->icn));
	if (rcd->crn[0])
		out_row_span("reason", sk_span_of(rcd->crn));
	if (rcd->card || rcd->digests)
		out_row("with", "%s%s%s", rcd->card ? "a card" : "",
			rcd->card && rcd->digests ? ", " : "", rcd->digests ? "digests" : "");
}

static void print_token(const struct verdict *v)
{
	const struct sk_claims *claims = &v->passport.claims;
	const char *ppt = sk_ppt_text(v->passport.jose.ppt);
	int64_t age = age_of(v);
	char text[OUT_TIME_SIZE];

	out_row("ppt", "%s", ppt[0] ? ppt : "none");
	if (v->passport.jose.ppt == SK_PPT_SHAKEN)
		out_row("attest", "%c", sk_attest_letter(claims->attest));
	out_row_span("orig", sk_span_of(claims->orig.text));
	for (size_t i = 0; i < claims->dest_count; i++)
		out_row_span("dest", sk_span_of(claims->dest[i].text));
	if (claims->div.kind != SK_PARTY_NONE)
		out_row_span("div", sk_span_of(claims->div.text));
	if (v->passport.jose.ppt == SK_PPT_SHAKEN)
		out_row_span("origid", sk_span_of(claims->origid));
	print_rph(&v->rph);
	print_rcd(v);
	out_row("iat", "%" PRId64 ", %s, %" PRId64 " s %s", claims->iat,
		out_time(claims->iat, text), age < 0 ? -age : age, age < 0 ? "ahead" : "old");
	out_row_span("x5u", (struct sk_span){ v->passport.jose.x5u, v->passport.jose.x5u_len });
}

void verdict_print(const struct command *self, const struct verdict *v)
{
	const struct sk_outcome *row = &v->row;

	/* the other types say nothing of the calling number */
	if (v->ppt == SK_PPT_SHAKEN)
		out_row("verstat", "%s", sk_verstat_text(row->verstat));
	out_row("outcome", "%s: %s", row->name, row->text);
	if (row->code)
		out_row("answer", "%u %s", row->code, row->phrase);
	else
		out_row("answer", "none: the call goes on");
	if (v->shown)
		print_token(v);
	if (v->chain)
		describe_leaf_rows(sk_chain_leaf(v->chain));
	describe_findings_rows(&v->findings);

	if (v->err == SK_CERT_UNTRUSTED && v->anchors == 0) {
		fflush(stdout);
		fprintf(stderr, "shaken %s: no --trust was given, so no certificate is trusted\n",
			self->name);
	}
}

static json_t *party(const struct sk_party *p)
{
	return json_pack("{s:s}", p->kind == SK_PARTY_TN ? "tn" : "uri", p->text);
}

static void add_rph(json_t *object, const struct sk_rph *rph)
{
	json_t *auth;

	if (rph->count == 0)
		return;
	auth = json_array();
	for (size_t i = 0; i < rph->count; i++)
		json_array_append_new(auth, json_string(rph->auth[i]));
	json_object_set_new(object, "rph", auth);
	if (rph->psap_callback)
		json_object_set_new(object, "sph", json_string("psap-callback"));
}

static void add_rcd(json_t *object, const struct verdict *v)
{
	const struct sk_rcd *rcd = &v->rcd;

	if (v->rcd_err == SK_CLAIM_MISSING)
		return;
	json_object_set_new(object, "rcd",
			    v->rcd_err ? json_pack("{s:s}", "outcome", sk_err_name(v->rcd_err))
				       : json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b}", "outcome",
						   "SK_OK", "nam", rcd->nam, "apn", rcd->apn, "icn",
						   rcd->icn, "crn", rcd->crn, "card",
						   (int)rcd->card, "digests", (int)rcd->digests));
}

static void add_token(json_t *object, const struct verdict *v)
{
	const struct sk_claims *claims = &v->passport.claims;
	const char attest[] = { sk_attest_letter(claims->attest), '\0' };
	json_t *dest = json_array();

	for (size_t i = 0; i < claims->dest_count; i++)
		json_array_append_new(dest, party(&claims->dest[i]));

	json_object_set_new(object, "ppt", json_string(sk_ppt_text(v->passport.jose.ppt)));
	if (v->passport.jose.ppt == SK_PPT_SHAKEN)
		json_object_set_new(object, "attest", json_string(attest));
	json_object_set_new(object, "orig", party(&claims->orig));
	json_object_set_new(object, "dest", dest);
	if (claims->div.kind != SK_PARTY_NONE)
		json_object_set_new(object, "div", party(&claims->div));
	if (v->passport.jose.ppt == SK_PPT_SHAKEN)
		json_object_set_new(object, "origid", json_string(claims->origid));
	add_rph(object, &v->rph);
	add_rcd(object, v);
	json_object_set_new(object, "iat", json_integer(claims->iat));
	json_object_set_new(object, "age", json_integer(age_of(v)));
	json_object_set_new(
		object, "x5u",
		out_json_text((struct sk_span){ v->passport.jose.x5u, v->passport.jose.x5u_len }));
}

json_t *verdict_json(const struct verdict *v)
{
	json_t *object = out_json_row(&v->row);

	if (v->ppt != SK_PPT_SHAKEN)
		json_object_del(object, "verstat");
	if (v->shown)
		add_token(object, v);
	if (v->chain)
		json_object_set_new(object, "certificate", describe_leaf(sk_chain_leaf(v->chain)));
	json_object_set_new(object, "findings", describe_findings(&v->findings));
	return object;
}
