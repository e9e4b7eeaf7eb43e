/*
 * One INVITE, from request to answer
 *
 *   call_start -> call_sign --------------------------------------------> call_end
 *              \-> call_verify -> judge_rest -> (certs) -> judge_signed --/
 *                                      ^---- next Identity ----'
 *
 * Signing and the cheap checks come first; the wait for a certificate is the
 * only place where a call can rest, and its deadline ends that.
 */
#include "redirector/call/call.h"

#include <stdlib.h>
#include <string.h>

static void judge_rest(struct call *c);

static void waiting_remove(struct call *c)
{
	if (!c->waited)
		return;
	*(c->prev ? &c->prev->next : &c->waiting->first) = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->prev = c->next = NULL;
	c->waiting->count--;
}

static void waiting_add(struct call *c)
{
	c->waited = true;
	c->prev = NULL;
	c->next = c->waiting->first;
	if (c->next)
		c->next->prev = c;
	c->waiting->first = c;
	c->waiting->count++;
}

static void call_end(struct call *c)
{
	waiting_remove(c);
	if (c->timer)
		timer_stop(c->timer);
	c->done(c);
}

static void call_sign(struct call *c)
{
	const struct sk_credential *credential = NULL;
	enum sk_err err = policy_claims(c->tenant, &c->facts, &c->claims);

	c->has_claims = !err;
	c->claims.rph = NULL;
	c->claims.rcd = NULL;
	/* without a key nobody was to say an attestation either */
	if (err == SK_NO_ATTEST && !c->tenant->keys)
		err = SK_NO_CREDENTIAL;
	if (!err)
		err = keystore_credential(c->tenant->keys, c->facts.now, c->claims.iat,
					  &credential);
	if (!err)
		err = sk_sign(credential, &c->claims, c->identity, sizeof(c->identity),
			      &c->identity_len);
	c->err = err;
	call_end(c);
}

/*
 * V20: where a call was diverted, the chain of div tokens from where it is going
 * back to the token that passed (RFC 8946, 4.2).
 */
static enum sk_err check_diversion(struct call *c)
{
	size_t chain[SK_IDENTITY_MAX], length;
	struct sk_party target;
	bool diverted = policy_is_diverted(c->tenant, &c->facts, &c->parties.called, &target);

	if (!c->links || (!diverted && !policy_has_type(&c->facts, SK_PPT_DIV)))
		return SK_OK;
	return sk_div_follow(c->links, c->link_count, &target, chain, &length);
}

/* One that is valid is enough (RFC 8224, 6.2.1); else of all failures the one that says most. */
static void conclude(struct call *c)
{
	enum sk_err worst = SK_PPT_UNKNOWN, ours = SK_OK;

	for (size_t i = 0; i < c->judged_count; i++) {
		enum sk_err err = c->judged[i].err;

		worst = sk_err_rank(err) > sk_err_rank(worst) ? err : worst;
		ours = sk_err_class(err) == SK_CLASS_OURS ? err : ours;
	}
	if (c->passed) {
		c->err = check_diversion(c);
		/* a link that we failed to judge breaks no chain of theirs */
		if (c->err && ours)
			c->err = ours;
		call_end(c);
		return;
	}
	/* RFC 8224, 6.2, step 1: headers of unknown type are ignored, as if none were there */
	if (worst == SK_PPT_UNKNOWN && c->tenant->set->verify.identity_required)
		worst = SK_IDENTITY_REQUIRED;
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
	c->has_claims = true;
	c->noted = err;
}

static void judged(struct call *c, enum sk_err err)
{
	bool first = !c->passed && !err && c->passport.jose.ppt == SK_PPT_SHAKEN;

	c->judged[c->judged_count++] = (struct judgement){ err, c->passport.token.signature };
	c->passed |= first;
	if (first || err)
		note_claims(c, err);
	if (!err && c->links)
		c->links[c->link_count++] = c->passport;
}

static struct sk_span passport_x5u(const struct call *c)
{
	return (struct sk_span){ c->passport.jose.x5u, c->passport.jose.x5u_len };
}

/* The certificate is there, or will not come: the second ladder. */
static void judge_signed(void *arg, const struct certs_result *result)
{
	struct call *c = arg;
	enum sk_err err = result->err;

	c->cert_from = result->from;
	if (!err)
		err = sk_verify_signed(&c->passport, result->chain, result->verdict);
	if (err == SK_BAD_SIGNATURE && result->from == CERTS_FROM_MEMORY)
		certs_suspect(c->certs, passport_x5u(c));
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

static void on_deadline(void *arg)
{
	struct call *c = arg;

	/* the only thing a call waits for is somebody's certificate: ATIS-1000082, case E8 */
	c->late = true;
	call_give_up(c, SK_FETCH_TIMEOUT);
}

/* The call rests until the certificate is there or its deadline. */
static enum sk_err rest(struct call *c)
{
	if (c->waited)
		return SK_OK; /* a second Identity waits within the same deadline */
	if (c->waiting->count >= c->waiting->max)
		return SK_BUSY;
	c->timer = timer_new(c->loop, on_deadline, c);
	if (!c->timer || !timer_set(c->timer, c->deadline_ms))
		return SK_ENOMEM;
	waiting_add(c);
	return SK_OK;
}

/* A token of another type is none of this check's business where there is a shaken one. */
static bool is_beside(const struct call *c, enum sk_ppt ppt)
{
	return ppt != SK_PPT_NONE && ppt != SK_PPT_SHAKEN &&
	       policy_has_type(&c->facts, SK_PPT_SHAKEN);
}

/* Local checks of one Identity: V4 to V16 of the order in shaken/verify.h. */
static enum sk_err judge_locally(struct call *c, struct sk_span value)
{
	const struct sk_verify_policy *policy = &c->tenant->verify;
	/* a single one is judged as shaken, whatever it says */
	bool one = c->facts.identity_count == 1 && !c->links;
	enum sk_ppt said = one ? SK_PPT_SHAKEN : policy_identity_type(value);
	bool div = c->links && said == SK_PPT_DIV;
	enum sk_err err;

	c->claims_read = false;
	memset(&c->passport.token, 0, sizeof(c->passport.token));
	if (!div && is_beside(c, said))
		return SK_PPT_UNKNOWN;
	err = sk_verify_token_of(value, div ? SK_PPT_DIV : SK_PPT_SHAKEN, policy, &c->passport);
	if (err)
		return err;
	c->claims_read = true;
	err = div ? sk_verify_div_claims(&c->passport.claims, &c->parties, policy, c->facts.now)
		  : sk_verify_claims(&c->passport.claims, &c->parties, policy, c->facts.now);
	if (!err)
		err = sk_verify_shape(&c->passport);
	return err;
}

/* Judges one Identity.  certs_want() may call judge_signed() before it returns, and that clears
 * `asking`.  @return false when the call has to wait for a certificate */
static bool judge_one(struct call *c)
{
	enum sk_err err = judge_locally(c, c->facts.identities[c->judged_count]);

	if (err) {
		judged(c, err);
		return true;
	}
	c->asking = true;
	certs_want(c->certs, passport_x5u(c), &c->wait, judge_signed, c);
	if (!c->asking)
		return true;
	c->asking = false;
	if (!c->no_wait)
		return false;
	stop_waiting(c, c->no_wait);
	return true;
}

static void judge_rest(struct call *c)
{
	while ((!c->passed || c->links) && c->judged_count < c->facts.identity_count) {
		enum sk_err err = judge_one(c) ? SK_OK : rest(c);

		if (err)
			stop_waiting(c, err);
		else if (c->wait.entry)
			return; /* it rests */
	}
	conclude(c);
}

/* Where chains are checked all tokens are judged and kept. */
static enum sk_err prepare_links(struct call *c)
{
	if (!c->tenant->set->verify.div)
		return SK_OK;
	c->links = calloc(c->facts.identity_count, sizeof(*c->links));
	return c->links ? SK_OK : SK_ENOMEM;
}

static void call_verify(struct call *c)
{
	enum sk_err err = policy_parties(c->tenant, &c->facts, &c->parties);

	if (!err)
		err = policy_date(c->tenant, &c->facts);
	if (!err && c->facts.identity_count == 0)
		err = c->tenant->set->verify.identity_required ? SK_IDENTITY_REQUIRED
							       : SK_NO_IDENTITY;
	if (!err)
		err = prepare_links(c);
	if (err) {
		c->err = err;
		call_end(c);
		return;
	}
	judge_rest(c);
}

void call_start(struct call *c)
{
	c->task = policy_task(c->tenant, &c->facts);
	switch (c->task) {
	case TASK_SIGN:
		call_sign(c);
		break;
	case TASK_VERIFY:
		call_verify(c);
		break;
	case TASK_PASS:
	default:
		c->err = SK_NOTHING_TO_DO;
		call_end(c);
	}
}

void call_give_up(struct call *c, enum sk_err why)
{
	stop_waiting(c, why);
	judge_rest(c);
}

void call_deinit(struct call *c)
{
	timer_free(c->timer);
	free(c->links);
	tenant_unref(c->tenant);
}
