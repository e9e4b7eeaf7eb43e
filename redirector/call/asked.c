/*
 * The same rules as policy.c has for a request, with nothing to parse.
 *
 * Of several called parties each must be in dest, because a Passed is said of all whom the
 * question names (RFC 8225, 5.2.1: dest names whom the signer meant); were one enough, a copied
 * PASSporT would pass for whoever is put beside its real dest.
 */
#include "redirector/call/asked.h"

#include <string.h>

void asked_parties(const struct asked *asked, struct sk_call_parties *out)
{
	out->caller_count = asked->from.kind == SK_PARTY_TN;
	if (out->caller_count)
		out->callers[0] = asked->from;
	out->called = asked->to[0];
}

/* Shaken is for numbers (ATIS-1000074, 5.2.1); a div or rph token may name addresses. */
static enum sk_err check_parties(const struct asked *asked)
{
	bool shaken = asked->ppt == SK_PPT_SHAKEN;

	if (asked->from.kind == SK_PARTY_NONE || (shaken && asked->from.kind != SK_PARTY_TN))
		return SK_NO_ORIG;
	for (size_t i = 0; i < asked->to_count; i++) {
		const struct sk_party *to = &asked->to[i];

		if (to->kind == SK_PARTY_NONE || (shaken && !policy_is_signable(to)))
			return SK_NO_DEST;
	}
	return asked->to_count > 0 ? SK_OK : SK_NO_DEST;
}

/* One by one: of a list that is selected from, what is not allowed would be left out. */
bool asked_priority_allowed(const struct tenant *t, const struct sk_rph *rph)
{
	const struct text_list *allowed = &t->set->sign.rph;
	struct sk_rph selected;

	for (size_t i = 0; i < rph->count; i++)
		if (!sk_rph_select(sk_span_of(rph->auth[i]), allowed->items, allowed->count,
				   &selected))
			return false;
	return true;
}

enum sk_err asked_claims(const struct tenant *t, const struct asked *asked, const uint8_t id[16],
			 int64_t now, struct sk_claims *out)
{
	enum sk_err err = check_parties(asked);

	if (!err && asked->ppt == SK_PPT_DIV && asked->div.kind == SK_PARTY_NONE)
		err = SK_CLAIM_MISSING;
	if (!err && asked->ppt == SK_PPT_RPH &&
	    (!asked->rph || !asked_priority_allowed(t, asked->rph)))
		err = SK_CLAIM_MISSING;
	/* not by our own clock instead (sign.stale-date): who asks outright gets what he asked for
	 */
	if (!err && asked->has_time && !policy_is_near(asked->time, now))
		err = SK_DATE_STALE;
	if (err)
		return err;

	out->iat = asked->has_time ? asked->time : now;
	out->orig = asked->from;
	memcpy(out->dest, asked->to, asked->to_count * sizeof(out->dest[0]));
	out->dest_count = asked->to_count;
	out->div.kind = SK_PARTY_NONE;
	out->attest = SK_ATTEST_NONE;
	out->origid[0] = '\0';
	out->rph = NULL;
	out->rcd = NULL;
	if (asked->ppt == SK_PPT_DIV)
		out->div = asked->div;
	else if (asked->ppt == SK_PPT_RPH)
		out->rph = asked->rph;
	else
		policy_origid(t, sk_span_of(asked->origid), id, out->origid);
	return SK_OK;
}

/* ATIS-1000082, case E3, whatever date-check says: that is for a header field that may be
 * missing, or not be of the one who asks. */
enum sk_err asked_date(const struct tenant *t, const struct asked *asked, int64_t now)
{
	if (asked->has_time)
		return sk_verify_fresh(asked->time, &t->verify, now) ? SK_OK : SK_DATE_STALE;
	return t->profile.date_check == DATE_STRICT ? SK_DATE_MISSING : SK_OK;
}

enum sk_err asked_date_covered(const struct tenant *t, const struct asked *asked,
			       const struct sk_chain *chain)
{
	if (t->profile.date_check != DATE_STRICT || !asked->has_time)
		return SK_OK;
	return sk_chain_valid_at(chain, asked->time);
}

bool asked_is_diverted(const struct asked *asked, struct sk_party *target)
{
	*target = asked->target.kind == SK_PARTY_NONE ? asked->to[0] : asked->target;
	return !sk_party_eq(target, &asked->to[0]);
}

static bool has_party(const struct sk_claims *claims, const struct sk_party *party)
{
	for (size_t i = 0; i < claims->dest_count; i++)
		if (sk_party_eq(&claims->dest[i], party))
			return true;
	return false;
}

bool asked_dest_has_all(const struct asked *asked, const struct sk_claims *claims)
{
	for (size_t i = 1; i < asked->to_count; i++)
		if (!has_party(claims, &asked->to[i]))
			return false;
	return true;
}
