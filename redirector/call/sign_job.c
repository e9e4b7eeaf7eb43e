/*
 * What surprises: a job may outlive its call by far, when a token hangs.  Then nobody waits
 * for it, and it drops its tenant in whatever thread it comes to its end.
 */
#include "redirector/call/sign_job.h"

#include "redirector/call/signing.h"

#include <stdlib.h>
#include <string.h>

struct sign_job {
	struct token_job job;
	struct call *call;     /* the loop's, until it is abandoned */
	struct tenant *tenant; /* a reference: the entry is its */
	struct sk_claims claims;
	struct signing signing;
	enum sk_err err;
	char identity[SK_IDENTITY_SIZE];
};

/* --- signing --- */

void signing_init(struct signing *s, enum sk_ppt ppt, const struct sk_claims *claims)
{
	s->ppt = ppt;
	s->claims = claims;
	s->entry = NULL;
	s->rcd_inside = s->rcd_beside = s->rph_beside = false;
	s->identity = NULL;
	s->identity_len = s->extra_count = 0;
	s->extras = NULL;
	s->extra_err = SK_OK;
}

static enum sk_err sign_as(const struct signing *s, enum sk_ppt ppt, const struct sk_claims *claims,
			   char text[SK_IDENTITY_SIZE], size_t *len)
{
	return sk_sign(keystore_credential(s->entry, ppt), claims, text, SK_IDENTITY_SIZE, len);
}

static enum sk_err sign_first(struct signing *s)
{
	struct sk_claims claims;

	if (s->rcd_inside) {
		claims = *s->claims;
		claims.rcd = &s->rcd;
		s->extra_err = sign_as(s, s->ppt, &claims, s->identity, &s->identity_len);
		if (!s->extra_err)
			return SK_OK;
	}
	return sign_as(s, s->ppt, s->claims, s->identity, &s->identity_len);
}

/* Orig, dest and iat are the same in all of one call; attest and origid are shaken's own. */
static enum sk_err add_extra(struct signing *s, enum sk_ppt ppt)
{
	struct sk_claims claims = *s->claims;
	struct signed_extra *extra;
	enum sk_err err;

	claims.attest = SK_ATTEST_NONE;
	claims.origid[0] = '\0';
	claims.rph = ppt == SK_PPT_RPH ? &s->rph : NULL;
	claims.rcd = ppt == SK_PPT_RCD ? &s->rcd : NULL;
	if (!s->extras)
		s->extras = calloc(SIGNING_EXTRAS_MAX, sizeof(*s->extras));
	if (!s->extras)
		return SK_ENOMEM;
	extra = &s->extras[s->extra_count];
	extra->ppt = ppt;
	err = sign_as(s, ppt, &claims, extra->text, &extra->len);
	s->extra_count += !err;
	return err;
}

enum sk_err signing_perform(struct signing *s)
{
	enum sk_err err = sign_first(s), rph = SK_OK, rcd = SK_OK;

	if (err)
		return err;
	if (s->rph_beside)
		rph = add_extra(s, SK_PPT_RPH);
	if (s->rcd_beside)
		rcd = add_extra(s, SK_PPT_RCD);
	if (rph || rcd)
		s->extra_err = rph ? rph : rcd;
	return SK_OK;
}

/* --- the job --- */

static struct sign_job *job_of(struct token_job *job)
{
	return (struct sign_job *)job;
}

static void job_free(struct sign_job *j)
{
	free(j->signing.extras);
	tenant_unref(j->tenant);
	free(j);
}

static void job_run(struct token_job *job)
{
	struct sign_job *j = job_of(job);

	j->err = signing_perform(&j->signing);
}

static void job_drop(struct token_job *job)
{
	job_free(job_of(job));
}

static void job_done(struct token_job *job)
{
	struct sign_job *j = job_of(job);
	struct call *c = j->call;
	enum sk_err err = j->err;

	c->job = NULL;
	if (!err) {
		signing_take(c, &j->signing);
		j->signing.extras = NULL; /* the call's now */
	}
	job_free(j);
	call_signed(c, err);
}

enum sk_err sign_job_start(struct call *c, const struct signing *s)
{
	struct sign_job *j = c->tokens ? malloc(sizeof(*j)) : NULL;
	enum sk_err err;

	if (!j)
		return c->tokens ? SK_ENOMEM : SK_SIGNER_AWAY;
	j->job = (struct token_job){
		.run = job_run,
		.done = job_done,
		.drop = job_drop,
		.key = keystore_token(s->entry),
	};
	j->call = c;
	j->tenant = tenant_ref(c->tenant);
	j->claims = *s->claims;
	j->signing = *s;
	j->signing.claims = &j->claims;
	if (s->claims->rph) { /* it is the call's */
		j->signing.rph = *s->claims->rph;
		j->claims.rph = &j->signing.rph;
	}
	j->signing.identity = j->identity;
	err = token_submit(c->tokens, &j->job);
	if (err) {
		job_free(j);
		return err;
	}
	c->job = j;
	return SK_OK;
}

void signing_abandon(struct call *c)
{
	struct sign_job *j = c->job;

	if (!j)
		return;
	c->job = NULL;
	token_abandon(c->tokens, &j->job);
}
