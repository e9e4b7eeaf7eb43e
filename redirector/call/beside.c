/*
 * Of several tokens of a type one that is good is enough, as with the calling number.
 * A Resource-Priority of several lines must be covered whole: a value that nobody
 * signed would else ride along.
 */
#include "redirector/call/beside.h"

/* Who asks outright says no priority but by the PASSporT that he shows for it. */
static bool has_priority(const struct call *c)
{
	if (c->asked)
		return policy_has_type(&c->facts, SK_PPT_RPH);
	return facts_header(&c->facts, SK_SPAN("Resource-Priority")).ptr != NULL;
}

void beside_begin(struct call *c)
{
	const struct verify_conf *set = &c->tenant->set->verify;

	/* a priority that nobody vouches for is a verdict; a call without rich data is not */
	c->rph = (struct beside){ .judged = set->rph && has_priority(c), .err = SK_NO_IDENTITY };
	c->rcd = (struct beside){ .judged = false, .err = SK_NO_IDENTITY };
	c->rcd_name[0] = '\0';
	c->name_of = (struct sk_span){ NULL, 0 };
}

bool beside_wants(const struct call *c, enum sk_ppt ppt)
{
	return (ppt == SK_PPT_RPH && c->rph.judged) ||
	       (ppt == SK_PPT_RCD && c->tenant->set->verify.rcd);
}

bool beside_passed(const struct call *c, enum sk_ppt ppt)
{
	const struct beside *b = ppt == SK_PPT_RPH ? &c->rph : &c->rcd;

	return b->judged && !b->err;
}

/* The first that is good stays, else the failure that says most. */
static void note(struct beside *b, enum sk_err err)
{
	bool first = !b->judged || b->err == SK_NO_IDENTITY;

	b->judged = true;
	if (first || (b->err && (!err || sk_err_rank(err) > sk_err_rank(b->err))))
		b->err = err;
}

static enum sk_err judge_rph(const struct call *c)
{
	const struct facts *f = &c->facts;
	struct sk_rph rph;
	enum sk_err err = sk_rph_read(&c->passport.token, &rph);

	for (size_t i = 0; i < f->header_count && !err; i++)
		if (sk_span_eq_nocase(f->headers[i].name, SK_SPAN("Resource-Priority")) &&
		    !sk_rph_covers(&rph, f->headers[i].value))
			err = SK_RPH_MISMATCH;
	return err;
}

/* The name is that of the first one that is good. */
static enum sk_err judge_rcd(struct call *c)
{
	struct sk_rcd rcd;
	enum sk_err err = sk_rcd_read(&c->passport.token, &rcd);

	if (!err && !beside_passed(c, SK_PPT_RCD)) {
		memcpy(c->rcd_name, rcd.nam, sizeof(c->rcd_name));
		if (c->as == SK_PPT_SHAKEN)
			c->name_of = c->passport.token.signature;
	}
	return err;
}

/* Claims that may ride in a shaken token (RFC 9795, section 8); most have none.  What is wrong
 * with them is told of them alone: the token is as good without. */
static void judge_inside(struct call *c)
{
	enum sk_err err;

	if (!c->tenant->set->verify.rcd)
		return;
	err = judge_rcd(c);
	if (err != SK_CLAIM_MISSING)
		note(&c->rcd, err);
}

/* RFC 9795, section 8: what rides in a PASSporT is worth as much as the PASSporT. */
void beside_disown(struct call *c, struct sk_span counts, enum sk_err err)
{
	if (c->name_of.len == 0 || c->name_of.ptr == counts.ptr)
		return;
	c->rcd_name[0] = '\0';
	c->rcd.err = err;
}

enum sk_err beside_judge(struct call *c, enum sk_ppt ppt, enum sk_err err)
{
	if (ppt == SK_PPT_SHAKEN && !err)
		judge_inside(c);
	if (ppt == SK_PPT_RPH) {
		err = err ? err : judge_rph(c);
		note(&c->rph, err);
	}
	if (ppt == SK_PPT_RCD) {
		err = err ? err : judge_rcd(c);
		note(&c->rcd, err);
	}
	return err;
}
