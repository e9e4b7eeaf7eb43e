/*
 * What surprises: a div token is signed over a shaken one that nobody has verified
 * here.  It vouches for the diversion and for nothing else (RFC 8946, 4.1); but a
 * token that is not of this call is not continued.
 */
#include "redirector/call/signing.h"

#include "redirector/call/asked.h"
#include "redirector/call/attest.h"
#include "redirector/call/name.h"
#include "redirector/call/sign_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PRIORITY_SIZE = 512, /* longest Resource-Priority that is signed for, all lines together */
};

/* A div token vouches for the number that diverts (RFC 8946, section 5). */
static enum sk_err choose(const struct call *c, struct signing *s)
{
	const struct keystore_wish wish = {
		.x5u = c->asked ? c->asked->x5u : (struct sk_span){ NULL, 0 },
		.name = attest_credential(c),
		.spc = attest_spc(c),
		.orig = s->ppt == SK_PPT_DIV ? &s->claims->div : &s->claims->orig,
	};

	return keystore_choose(c->tenant->keys, &wish, c->facts.now, s->claims->iat, &s->entry);
}

/* Takes over what was signed. */
static void settle(struct call *c, const struct signing *s)
{
	/* of the old and the next certificate of a credential, the one that signed */
	snprintf(c->x5u, sizeof(c->x5u), "%s",
		 sk_credential_x5u(keystore_credential(s->entry, s->ppt)));
	c->credential = keystore_name(s->entry);
	c->identity_len = s->identity_len;
	c->extras = s->extras;
	c->extra_count = s->extra_count;
	c->extra_err = s->extra_err;
	if (s->ppt == SK_PPT_DIV)
		c->claims = *s->claims;
	c->has_claims = true;
}

/* Now, or in a thread when the key is in a token: then with SK_OK and `job`. */
static enum sk_err sign_all(struct call *c, struct signing *s)
{
	enum sk_err err = choose(c, s);

	if (err)
		return err;
	if (keystore_token(s->entry))
		return sign_job_start(c, s);
	s->identity = c->identity;
	err = signing_perform(s);
	if (!err)
		settle(c, s);
	return err;
}

void signing_take(struct call *c, const struct signing *s)
{
	memcpy(c->identity, s->identity, s->identity_len + 1);
	settle(c, s);
}

/* --- rich call data --- */

/* RFC 3323, 4.2: whoever asks for privacy, in whatever form, gives no name away. */
static bool wants_privacy(const struct facts *f)
{
	struct sk_span privacy = facts_header(f, SK_SPAN("Privacy"));

	return privacy.ptr && !sk_span_eq_nocase(privacy, SK_SPAN("none"));
}

/* The display name of From is a name for the number of From, not for an asserted one. */
static bool may_name(const struct call *c)
{
	struct sk_party from;

	return !wants_privacy(&c->facts) &&
	       !sk_party_read(c->facts.from, &c->tenant->set->dialplan, SK_ROLE_ORIG, &from) &&
	       sk_party_eq(&from, &c->claims.orig);
}

/* @return false: there is nothing to say */
static bool make_rcd(const struct call *c, struct sk_rcd *out)
{
	const struct sign_conf *set = &c->tenant->set->sign;

	*out = (struct sk_rcd){ 0 };
	snprintf(out->nam, sizeof(out->nam), "%s", set->rcd_name);
	snprintf(out->icn, sizeof(out->icn), "%s", set->rcd_icon);
	snprintf(out->crn, sizeof(out->crn), "%s", set->rcd_reason);
	if (!out->nam[0] && may_name(c) && !name_read(c->facts.from, out->nam, sizeof(out->nam)))
		out->nam[0] = '\0'; /* RFC 9795, section 5: nam is there, and may be empty */
	return out->nam[0] || out->icn[0] || out->crn[0];
}

static void plan_rcd(const struct call *c, struct signing *s)
{
	enum conf_rcd set = c->tenant->set->sign.rcd;
	bool wanted = set != RCD_NONE && make_rcd(c, &s->rcd);

	s->rcd_inside = wanted && set == RCD_SHAKEN;
	s->rcd_beside = wanted && set == RCD_PASSPORT;
}

/* --- priority --- */

/* All lines of the header as one list (RFC 4412, 3.1; RFC 3261, 7.3.1). */
static bool read_priority(const struct facts *f, struct sk_buf *out)
{
	for (size_t i = 0; i < f->header_count; i++) {
		if (!sk_span_eq_nocase(f->headers[i].name, SK_SPAN("Resource-Priority")))
			continue;
		if (out->len > 0)
			sk_buf_putc(out, ',');
		sk_buf_put(out, f->headers[i].value);
	}
	return out->len > 0 && !out->overflow;
}

static void plan_rph(const struct call *c, struct signing *s)
{
	const struct text_list *allowed = &c->tenant->set->sign.rph;
	char mem[PRIORITY_SIZE];
	struct sk_buf priority;

	sk_buf_init(&priority, mem, sizeof(mem));
	s->rph_beside = allowed->count > 0 && read_priority(&c->facts, &priority) &&
			sk_rph_select((struct sk_span){ mem, priority.len }, allowed->items,
				      allowed->count, &s->rph);
}

enum sk_err signing_shaken(struct call *c)
{
	struct signing s;

	signing_init(&s, SK_PPT_SHAKEN, &c->claims);
	plan_rcd(c, &s);
	plan_rph(c, &s);
	return sign_all(c, &s);
}

enum sk_err signing_asked(struct call *c)
{
	struct signing s;

	signing_init(&s, c->asked->ppt, &c->claims);
	if (s.ppt == SK_PPT_SHAKEN)
		plan_rcd(c, &s);
	s.rcd_beside = false; /* there is room for one in the answer */
	return sign_all(c, &s);
}

/* --- instead of it: the next link of a diverted call --- */

/* Takes the PASSporTs of the request apart, as far as they can be. */
static enum sk_err read_links(struct call *c)
{
	c->links = calloc(c->facts.identity_count, sizeof(*c->links));
	if (!c->links)
		return SK_ENOMEM;
	for (size_t i = 0; i < c->facts.identity_count; i++) {
		struct sk_passport *link = &c->links[c->link_count];
		struct sk_identity identity;

		if (!sk_identity_parse(c->facts.identities[i], &identity) &&
		    !sk_passport_parse(identity.token, link) &&
		    (link->jose.ppt == SK_PPT_SHAKEN || link->jose.ppt == SK_PPT_DIV))
			c->link_count++;
	}
	return SK_OK;
}

static bool leads_to(const struct sk_passport *link, const struct sk_party *party)
{
	for (size_t i = 0; i < link->claims.dest_count; i++)
		if (sk_party_eq(&link->claims.dest[i], party))
			return true;
	return false;
}

/* The shaken token of this call: its caller, and its called party. */
static const struct sk_passport *find_origin(const struct call *c)
{
	for (size_t i = 0; i < c->link_count; i++) {
		const struct sk_passport *link = &c->links[i];

		if (link->jose.ppt != SK_PPT_SHAKEN || !leads_to(link, &c->parties.called))
			continue;
		for (size_t k = 0; k < c->parties.caller_count; k++)
			if (sk_party_eq(&link->claims.orig, &c->parties.callers[k]))
				return link;
	}
	return NULL;
}

static const struct sk_passport *link_from(const struct call *c, const struct sk_party *party)
{
	for (size_t i = 0; i < c->link_count; i++)
		if (c->links[i].jose.ppt == SK_PPT_DIV &&
		    sk_party_eq(&c->links[i].claims.div, party))
			return &c->links[i];
	return NULL;
}

/* The link that the new one continues, and who diverts now: where it leads.  Each link is followed
 * once at most. */
static const struct sk_passport *last_link(const struct call *c, const struct sk_passport *origin,
					   const struct sk_party **end)
{
	const struct sk_passport *last = origin;

	*end = &c->parties.called;
	for (size_t step = 0; step < c->link_count; step++) {
		const struct sk_passport *next = link_from(c, *end);

		if (!next)
			break;
		last = next;
		*end = &next->claims.dest[0];
	}
	return last;
}

/* A link that leads there already is enough. */
static bool has_link_to(const struct call *c, const struct sk_party *target)
{
	for (size_t i = 0; i < c->link_count; i++)
		if (leads_to(&c->links[i], target))
			return true;
	return false;
}

static enum sk_err div_claims(struct call *c, struct sk_claims *out)
{
	const struct facts *f = &c->facts;
	const struct sk_passport *origin, *last;
	const struct sk_party *end;
	struct sk_party target;
	enum sk_err err = policy_parties(c->tenant, f, &c->parties);

	if (err)
		return err;
	/* RFC 8946, 4.1: where the canonical number is the same nothing was diverted */
	if (!policy_is_diverted(c->tenant, f, &c->parties.called, &target) ||
	    target.kind != SK_PARTY_TN)
		return SK_SIGNED_ALREADY;
	err = read_links(c);
	if (err)
		return err;
	origin = find_origin(c);
	if (!origin || has_link_to(c, &target))
		return SK_SIGNED_ALREADY;

	last = last_link(c, origin, &end);
	*out = (struct sk_claims){ .orig = origin->claims.orig,
				   .dest = { target },
				   .dest_count = 1,
				   .div = *end,
				   .iat = f->first_seen };
	/* RFC 8946, 4.1: iat is that of the PASSporT before it; but the outermost link must be
	 * fresh (4.2) */
	if (sk_verify_fresh(last->claims.iat, &c->tenant->verify, f->first_seen))
		out->iat = last->claims.iat;
	return SK_OK;
}

enum sk_err signing_div(struct call *c)
{
	struct sk_claims claims;
	struct signing s;
	enum sk_err err;

	if (!c->tenant->set->sign.div || !c->facts.complete)
		return SK_SIGNED_ALREADY;
	err = div_claims(c, &claims);
	if (err)
		return err;
	signing_init(&s, SK_PPT_DIV, &claims);
	return sign_all(c, &s);
}
