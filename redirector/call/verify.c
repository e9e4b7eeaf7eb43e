/*
 *   verify_start -> judge_rest -> (certs) -> judge_signed -> conclude
 *                       ^---- next Identity ----'
 *
 * Every Identity is judged, by the check of its type; only the shaken ones (and where it
 * was diverted their chain of div) decide on the number.
 */
#include "redirector/call/verify.h"

#include "redirector/base/bucket.h"
#include "redirector/call/asked.h"
#include "redirector/call/attest.h"
#include "redirector/call/beside.h"
#include "redirector/call/call_wait.h"
#include "redirector/call/chain.h"

#include <stdlib.h>
#include <string.h>

static void judge_rest(struct call *c);

/* What an Identity says of the calling number. */
static enum sk_err number_err(const struct call *c, const struct judgement *j)
{
	if (j->as != SK_PPT_RPH && j->as != SK_PPT_RCD)
		return j->err;
	/* whatever was found in it: not what the number needs (ATIS-1000082, case E5) */
	return c->has_shaken ? SK_PPT_UNKNOWN : SK_PPT_PARAM;
}

/* One that is valid is enough (RFC 8224, 6.2.1); else of all failures the one that says most. */
static void conclude(struct call *c)
{
	enum sk_err worst = SK_PPT_UNKNOWN, ours = SK_OK, none;

	for (size_t i = 0; i < c->judged_count; i++) {
		enum sk_err err = number_err(c, &c->judged[i]);

		worst = sk_err_rank(err) > sk_err_rank(worst) ? err : worst;
		ours = sk_err_class(err) == SK_CLASS_OURS ? err : ours;
	}
	if (c->passed) {
		c->err = chain_check(c);
		/* a link that we failed to judge breaks no chain of theirs */
		if (c->err && ours)
			c->err = ours;
		if (c->err)
			beside_disown(c, (struct sk_span){ NULL, 0 }, c->err);
		call_end(c);
		return;
	}
	/* RFC 8946, 4.2: links that lead to no PASSporT of the caller are a broken chain */
	if (worst == SK_PPT_UNKNOWN && c->link_count > 0)
		worst = SK_DIV_BROKEN;
	/* RFC 8224, 6.2, step 1: headers of unknown type are ignored, as if none were there */
	none = policy_no_identity(c->tenant, &c->facts);
	if (worst == SK_PPT_UNKNOWN && none != SK_NO_IDENTITY)
		worst = none;
	c->err = worst;
	call_end(c);
}

/* What the answer and the record tell of: the shaken PASSporT that passed, or else the one whose
 * failure says most, so that outcome and claims are of the same token. */
static void note_claims(struct call *c, enum sk_err err)
{
	bool passed = c->passed && !err;

	if (!c->claims_read || c->passport.jose.ppt != SK_PPT_SHAKEN || (c->passed && !passed) ||
	    (c->has_claims && !passed && sk_err_rank(err) <= sk_err_rank(c->noted)))
		return;
	memcpy(c->x5u, c->passport.jose.x5u, c->passport.jose.x5u_len + 1);
	c->claims = c->passport.claims;
	c->cert_from = c->from;
	c->has_claims = true;
	c->noted = err;
}

static void judged(struct call *c, enum sk_err err)
{
	bool first;

	err = beside_judge(c, c->as, err);
	first = !c->passed && !err && c->as == SK_PPT_SHAKEN;
	c->judged[c->judged_count++] = (struct judgement){
		.err = err,
		.as = c->as,
		.signature = c->passport.token.signature,
	};
	c->passed |= first;
	if (first || err)
		note_claims(c, err);
	if (!err)
		chain_add(c);
}

static struct sk_span passport_x5u(const struct call *c)
{
	return (struct sk_span){ c->passport.jose.x5u, c->passport.jose.x5u_len };
}

/* RFC 8224, 12.1: whoever copies a PASSporT into a call of his own. */
static enum sk_err check_replay(struct call *c)
{
	int64_t until = c->passport.claims.iat + chain_inner_policy(c).max_age;

	if (!c->seen || c->as != SK_PPT_SHAKEN ||
	    !seen_before(c->seen, c->mac, sk_span_of(c->tenant->set->name), &c->passport,
			 c->facts.call_id, c->facts.now, until))
		return SK_OK;
	c->replayed = true;
	return c->tenant->set->verify.replay == REPLAY_REFUSE ? SK_REPLAYED : SK_OK;
}

/* The certificate is there, or will not come: the second ladder. */
static void judge_signed(void *arg, const struct certs_result *result)
{
	struct call *c = arg;
	enum sk_err err = result->err;

	c->from = result->from;
	if (!err && !result->verdict)
		err = c->asked ? asked_date_covered(c->tenant, c->asked, result->chain)
			       : policy_date_covered(c->tenant, &c->facts, result->chain);
	if (!err)
		err = sk_verify_signed(&c->passport, result->chain, result->verdict);
	if (err == SK_BAD_SIGNATURE && result->from == CERTS_FROM_MEMORY)
		certs_suspect(c->certs, passport_x5u(c));
	if (!err)
		err = check_replay(c);
	judged(c, err);

	if (c->asking)
		c->asking = false; /* called from within certs_want() */
	else
		judge_rest(c);
}

/* From now on no certificate is waited for; what is here still counts (RFC 8224, 6.2.1). */
static void stop_waiting(struct call *c, enum sk_err why)
{
	c->no_wait = why;
	certs_cancel(c->certs, &c->wait);
	judged(c, why);
}

/* By which check an Identity is judged.  A type that nobody asked for is passed over beside a
 * shaken one; alone it is judged as shaken, and is none. */
static enum sk_ppt check_of(const struct call *c)
{
	enum sk_ppt said = c->types[c->judged_count];
	bool refused = said == SK_PPT_OTHER && c->tenant->verify.unknown_ppt_refused;

	if ((said == SK_PPT_DIV && c->links) || beside_wants(c, said))
		return said;
	if (said == SK_PPT_NONE || refused || !c->has_shaken)
		return SK_PPT_SHAKEN;
	return said == SK_PPT_SHAKEN ? said : SK_PPT_OTHER;
}

static enum sk_err check_claims_of(const struct call *c)
{
	const struct sk_claims *claims = &c->passport.claims;
	const struct sk_verify_policy *policy = &c->tenant->verify, inner = chain_inner_policy(c);

	if (c->as == SK_PPT_SHAKEN)
		return sk_verify_claims(claims, &c->parties, &inner, c->facts.now);
	if (c->as == SK_PPT_DIV)
		return sk_verify_div_claims(claims, &c->parties, &inner, c->facts.now);
	return sk_verify_beside_claims(claims, &c->parties, policy, c->facts.now);
}

static enum sk_err check_claims(const struct call *c)
{
	enum sk_err err = check_claims_of(c);

	if (!err && c->asked && c->as != SK_PPT_DIV &&
	    !asked_dest_has_all(c->asked, &c->passport.claims))
		return SK_DEST_MISMATCH;
	return err;
}

/* Local checks of the Identity whose turn it is: V4 to V16 of the order in shaken/verify.h. */
static enum sk_err judge_locally(struct call *c)
{
	struct sk_span value = c->facts.identities[c->judged_count];
	enum sk_err err;

	c->claims_read = false;
	c->from = CERTS_FROM_NOWHERE;
	memset(&c->passport.token, 0, sizeof(c->passport.token));
	c->as = check_of(c);
	if (c->as == SK_PPT_OTHER)
		return SK_PPT_UNKNOWN;
	err = sk_verify_token_of(value, c->as, &c->tenant->verify, &c->passport);
	if (err)
		return err;
	c->claims_read = true;
	err = check_claims(c);
	return err ? err : sk_verify_shape(&c->passport);
}

/* After one has passed a call waits for nothing but the links of its chain: else a second header
 * with a slow address would delay every good call. */
static bool is_worth_waiting(const struct call *c)
{
	if (c->as == SK_PPT_RPH || c->as == SK_PPT_RCD)
		return !c->passed && !beside_passed(c, c->as);
	return !c->passed || c->links;
}

/* What says nothing new is not fetched either; a priority or a name is there for the next call. */
static bool is_worth_fetching(const struct call *c)
{
	return c->as != SK_PPT_SHAKEN || is_worth_waiting(c);
}

/* Not judged: it has no Reason. */
static bool pass_over(struct call *c)
{
	c->as = SK_PPT_OTHER;
	judged(c, SK_PPT_UNKNOWN);
	return true;
}

/* What one tenant's callers make us fetch must not take from another's (limits.fetches). */
static bool may_fetch(struct call *c)
{
	int64_t most = c->tenant->set->limits.fetches;
	struct tally_slot *slot = c->tenant->tally;
	bool ok =
		!slot || most == 0 ||
		bucket_take(&slot->fetches_at, 60000, most, most >= 10 ? most / 10 : 1, clock_us());

	tally_add(slot, ok ? TALLY_FETCHES : TALLY_UNFETCHED);
	return ok;
}

/* Judges one Identity.  certs_want() may call judge_signed() before it returns, and that clears
 * `asking`.  @return false when the call has to wait for a certificate */
static bool judge_one(struct call *c)
{
	enum sk_err err = judge_locally(c);

	if (err) {
		judged(c, err);
		return true;
	}
	if (!certs_answers_for(c->certs, tenant_certs(c->tenant), passport_x5u(c))) {
		if (!is_worth_fetching(c))
			return pass_over(c);
		/* nobody waits for it any more, so what a stranger asks for is not fetched either
		 */
		if (c->no_wait) {
			judged(c, c->no_wait);
			return true;
		}
		if (!may_fetch(c)) {
			judged(c, SK_OVER_LIMIT);
			return true;
		}
	}
	c->asking = true;
	certs_want_for(c->certs, tenant_certs(c->tenant), passport_x5u(c), &c->wait, judge_signed,
		       c);
	if (!c->asking)
		return true;
	c->asking = false;
	if (!is_worth_waiting(c)) {
		certs_cancel(c->certs, &c->wait);
		return pass_over(c);
	}
	if (!c->no_wait)
		return false;
	stop_waiting(c, c->no_wait);
	return true;
}

static void judge_rest(struct call *c)
{
	while (c->judged_count < c->facts.identity_count) {
		enum sk_err err = judge_one(c) ? SK_OK : call_rest(c);

		if (err)
			stop_waiting(c, err);
		else if (c->wait.entry)
			return; /* it rests */
	}
	conclude(c);
}

static void read_types(struct call *c)
{
	for (size_t i = 0; i < c->facts.identity_count; i++)
		c->types[i] = policy_identity_type(c->facts.identities[i]);
	c->has_shaken = chain_has_type(c, SK_PPT_SHAKEN);
}

void verify_start(struct call *c)
{
	enum sk_err err = attest_parties(c, &c->parties);

	beside_begin(c);
	read_types(c);
	if (!err)
		err = c->asked ? asked_date(c->tenant, c->asked, c->facts.now)
			       : policy_date(c->tenant, &c->facts);
	if (!err && c->facts.identity_count == 0)
		err = policy_no_identity(c->tenant, &c->facts);
	if (!err)
		err = chain_begin(c);
	if (err) {
		c->err = err;
		call_end(c);
		return;
	}
	judge_rest(c);
}

void verify_give_up(struct call *c, enum sk_err why)
{
	stop_waiting(c, why);
	judge_rest(c);
}
