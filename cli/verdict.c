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

static void print_token(const struct verdict *v)
{
	const struct sk_claims *claims = &v->passport.claims;
	const char *ppt = sk_ppt_text(v->passport.jose.ppt);
	int64_t age = age_of(v);
	char text[OUT_TIME_SIZE];

	out_row("ppt", "%s", ppt[0] ? ppt : "none");
	out_row("attest", "%c", sk_attest_letter(claims->attest));
	out_row_span("orig", sk_span_of(claims->orig.text));
	for (size_t i = 0; i < claims->dest_count; i++)
		out_row_span("dest", sk_span_of(claims->dest[i].text));
	out_row_span("origid", sk_span_of(claims->origid));
	out_row("iat", "%" PRId64 ", %s, %" PRId64 " s %s", claims->iat,
		out_time(claims->iat, text), age < 0 ? -age : age, age < 0 ? "ahead" : "old");
	out_row_span("x5u", (struct sk_span){ v->passport.jose.x5u, v->passport.jose.x5u_len });
}

int verdict_print(const struct command *self, const struct verdict *v)
{
	const struct sk_outcome *row = sk_outcome(v->err);

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
	return out_status(v->err);
}

static json_t *party(const struct sk_party *p)
{
	return json_pack("{s:s}", p->kind == SK_PARTY_TN ? "tn" : "uri", p->text);
}

static void add_token(json_t *object, const struct verdict *v)
{
	const struct sk_claims *claims = &v->passport.claims;
	const char attest[] = { sk_attest_letter(claims->attest), '\0' };
	json_t *dest = json_array();

	for (size_t i = 0; i < claims->dest_count; i++)
		json_array_append_new(dest, party(&claims->dest[i]));

	json_object_set_new(object, "ppt", json_string(sk_ppt_text(v->passport.jose.ppt)));
	json_object_set_new(object, "attest", json_string(attest));
	json_object_set_new(object, "orig", party(&claims->orig));
	json_object_set_new(object, "dest", dest);
	json_object_set_new(object, "origid", json_string(claims->origid));
	json_object_set_new(object, "iat", json_integer(claims->iat));
	json_object_set_new(object, "age", json_integer(age_of(v)));
	json_object_set_new(
		object, "x5u",
		out_json_text((struct sk_span){ v->passport.jose.x5u, v->passport.jose.x5u_len }));
}

int verdict_json(const struct verdict *v)
{
	json_t *object = out_json_outcome(v->err);

	if (v->shown)
		add_token(object, v);
	if (v->chain)
		json_object_set_new(object, "certificate", describe_leaf(sk_chain_leaf(v->chain)));
	json_object_set_new(object, "findings", describe_findings(&v->findings));
	return out_json(object, out_status(v->err));
}
