/*
 * The inner links may be as old as verify.div-max-age, since a phone rings for a while
 * before it diverts; the outermost one proves that it happened just now.
 */
#include "redirector/call/chain.h"

#include "redirector/call/asked.h"
#include "redirector/call/beside.h"

#include <stdlib.h>
#include <string.h>

bool chain_has_type(const struct call *c, enum sk_ppt ppt)
{
	for (size_t i = 0; i < c->facts.identity_count; i++)
		if (c->types[i] == ppt)
			return true;
	return false;
}

static bool is_diverted(const struct call *c, struct sk_party *target)
{
	return c->asked ? asked_is_diverted(c->asked, target)
			: policy_is_diverted(c->tenant, &c->facts, &c->parties.called, target);
}

enum sk_err chain_begin(struct call *c)
{
	struct sk_party target;

	if (!c->tenant->set->verify.div ||
	    (!is_diverted(c, &target) && !chain_has_type(c, SK_PPT_DIV)))
		return SK_OK;
	c->links = calloc(c->facts.identity_count, sizeof(*c->links));
	return c->links ? SK_OK : SK_ENOMEM;
}

struct sk_verify_policy chain_inner_policy(const struct call *c)
{
	struct sk_verify_policy policy = c->tenant->verify;
	struct sk_party target;

	policy.div_max_age = c->tenant->set->verify.div_max_age;
	/* where nothing was diverted the shaken one is the outermost itself */
	if (c->links && policy.div_max_age > policy.max_age && is_diverted(c, &target))
		policy.max_age = policy.div_max_age;
	return policy;
}

void chain_add(struct call *c)
{
	if (!c->links || (c->as != SK_PPT_SHAKEN && c->as != SK_PPT_DIV))
		return;
	c->link_from[c->link_count] = c->from;
	c->links[c->link_count++] = c->passport;
}

/* Of all that passed only the one that the chain leads to speaks for the caller: an old copy of
 * another one beside it would else lend its attestation. */
static void tell(struct call *c, size_t innermost)
{
	const struct sk_passport *origin = &c->links[innermost];

	memcpy(c->x5u, origin->jose.x5u, origin->jose.x5u_len + 1);
	c->claims = origin->claims;
	c->cert_from = c->link_from[innermost];
	beside_disown(c, origin->token.signature, SK_DIV_BROKEN);
}

static void drop(struct call *c, size_t link)
{
	c->link_count--;
	c->links[link] = c->links[c->link_count];
	c->link_from[link] = c->link_from[c->link_count];
}

enum sk_err chain_check(struct call *c)
{
	size_t chain[SK_IDENTITY_MAX], length;
	enum sk_err err = SK_DIV_BROKEN;
	struct sk_party target;

	if (!c->links)
		return SK_OK;
	if (!is_diverted(c, &target))
		target = c->parties.called;
	while (!sk_div_follow(c->links, c->link_count, &target, chain, &length)) {
		const struct sk_passport *outermost = &c->links[chain[0]];

		if (sk_verify_fresh(outermost->claims.iat, &c->tenant->verify, c->facts.now)) {
			tell(c, chain[length - 1]);
			return SK_OK;
		}
		/* there may be another way in */
		err = SK_IAT_STALE;
		drop(c, chain[0]);
	}
	return err;
}
