/*
 * One INVITE, from request to answer
 *
 *   call_start -> call_sign -------- (token) --------> call_end
 *              \-> verify_start ---- (certs) ------/
 *
 * The waits for a token and for a certificate are the only places where a call can rest,
 * and its deadline ends both.
 */
#include "redirector/call/call.h"

#include "redirector/call/asked.h"
#include "redirector/call/attest.h"
#include "redirector/call/call_wait.h"
#include "redirector/call/signing.h"
#include "redirector/call/verify.h"

#include <stdlib.h>

void call_signed(struct call *c, enum sk_err err)
{
	c->err = err;
	call_end(c);
}

/* Somebody asks outright: one PASSporT, of the type that he names. */
static enum sk_err sign_asked(struct call *c)
{
	const struct asked *asked = c->asked;
	enum sk_err err =
		asked_claims(c->tenant, asked, c->facts.id, c->facts.first_seen, &c->claims);

	if (!err && asked->ppt == SK_PPT_SHAKEN)
		err = attest_decide(c);
	c->has_claims = !err;
	if (err && !c->tenant->keys)
		return SK_NO_CREDENTIAL;
	return err ? err : signing_asked(c);
}

static enum sk_err sign(struct call *c)
{
	enum sk_err err = policy_claims(c->tenant, &c->facts, attest_may_say(c), &c->claims);

	c->claims.rph = NULL;
	c->claims.rcd = NULL;
	if (err == SK_SIGNED_ALREADY)
		return signing_div(c);
	if (!err)
		err = attest_decide(c);
	c->has_claims = !err;
	/* without a key nobody was to say an attestation either */
	if ((err == SK_NO_ATTEST || err == SK_NUMBERS_AWAY) && !c->tenant->keys)
		return SK_NO_CREDENTIAL;
	return err ? err : signing_shaken(c);
}

static void call_sign(struct call *c)
{
	enum sk_err err = c->asked ? sign_asked(c) : sign(c);

	if (c->job)
		err = call_rest(c);
	if (c->job && !err)
		return;
	signing_abandon(c);
	call_signed(c, err);
}

void call_init(struct call *c)
{
	c->over_limit = c->dummy = c->no_dummy = c->listed = false;
	c->lists = 0;
	c->caller = 0;
	c->customer[0] = '\0';
	c->credential = "";
	c->job = NULL;
	c->has_claims = c->passed = c->waited = c->late = c->asking = c->replayed = false;
	c->identity[0] = c->x5u[0] = c->rcd_name[0] = '\0';
	c->no_wait = c->noted = c->extra_err = SK_OK;
	c->identity_len = c->judged_count = c->link_count = c->extra_count = 0;
	c->rph = c->rcd = (struct beside){ .judged = false };
	c->cert_from = CERTS_FROM_NOWHERE;
	c->wait = (struct certs_wait){ .entry = NULL };
	c->prev = c->next = NULL;
}

void call_start(struct call *c)
{
	c->task = c->asked ? c->asked->task : policy_task(c->tenant, &c->facts);
	c->has_number = false;
	c->err = attest_look(c);
	if (!c->err && c->over_limit)
		c->err = SK_OVER_LIMIT;
	if (c->err) {
		call_end(c);
		return;
	}
	switch (c->task) {
	case TASK_SIGN:
		call_sign(c);
		break;
	case TASK_VERIFY:
		verify_start(c);
		break;
	case TASK_PASS:
	default:
		c->err = SK_NOTHING_TO_DO;
		call_end(c);
	}
}

void call_give_up(struct call *c, enum sk_err why)
{
	if (c->job) {
		signing_abandon(c);
		call_signed(c, why);
		return;
	}
	verify_give_up(c, why);
}

void call_deinit(struct call *c)
{
	timer_free(c->timer);
	free(c->links);
	free(c->extras);
	tenant_unref(c->tenant);
	conf_unref(c->conf);
}
