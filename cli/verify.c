/*
 * `shaken verify`: the two ladders of the daemon (shaken/verify.h), with the
 * certificate from a file or fetched under the daemon's rules.  The answer shows
 * what the token says also when it is refused, decoded apart from the judgement:
 * shown is not the same as believed.
 */
#include "cli/verify.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/describe.h"
#include "cli/input.h"
#include "cli/out.h"
#include "redirector/base/file.h"
#include "redirector/call/profile.h"
#include "redirector/certs/fetch.h"
#include "shaken/shaken.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	MAX_SKEW = 60,         /* seconds, as in the daemon                       */
	FETCH_TIMEOUT = 10000, /* milliseconds: a person waits longer than a call */
	TLS_CA_MAX = 4 << 20,  /* a whole system's authorities fit in             */
};

struct verify_options {
	struct args_list trust, crl, signers;
	const char *certificate, *orig, *dest, *tls_ca;
	const char *ppt, *priority, *documents;
	struct input_rules rules;
	const char *country, *international, *trunk;
	int64_t now, max_age;
	bool json, lab;
};

/* All that the judgement needs. */
struct question {
	struct sk_verify_policy policy;
	struct sk_trust_rules rules;
	struct sk_call_parties call;
	struct certs_conf certs;
	const struct sk_trust *trust;
	struct profile profile;
	const char *certificate; /* NULL: fetch */
	enum sk_ppt ppt;         /* SK_PPT_NONE: what each token says that it is */
	const char *priority;    /* a Resource-Priority header; NULL: not asked  */
};

/* The chain from the file, or from where the token says. */
static int get_chain(const struct command *self, const struct question *q, struct sk_span x5u,
		     struct verdict *v)
{
	char *body = NULL;
	size_t len = 0;

	if (q->certificate)
		return input_chain(self, q->certificate, &v->chain, &v->err);

	v->err = fetch_once(&q->certs, x5u, &body, &len);
	if (!v->err)
		v->err = sk_chain_new(body, len, &v->chain);
	free(body);
	return CLI_YES;
}

/* What stands beside orig and dest (RFC 8443, 4.2; RFC 9795) */
static enum sk_err judge_content(const struct question *q, enum sk_ppt ppt,
				 const struct sk_token *token)
{
	struct sk_rph rph = { 0 };
	struct sk_rcd rcd = { 0 };
	enum sk_err err;

	if (ppt == SK_PPT_RCD)
		return sk_rcd_read(token, &rcd);
	if (ppt != SK_PPT_RPH)
		return SK_OK;

	err = sk_rph_read(token, &rph);
	if (!err && q->priority && !sk_rph_covers(&rph, sk_span_of(q->priority)))
		err = SK_RPH_MISMATCH;
	return err;
}

static enum sk_err judge_token(const struct question *q, struct sk_span value, struct verdict *v,
			       struct sk_passport *passport)
{
	const struct sk_claims *claims = &passport->claims;

	v->err = sk_verify_token_of(value, v->ppt, &q->policy, passport);
	if (!v->err && v->ppt == SK_PPT_SHAKEN)
		v->err = sk_verify_claims(claims, &q->call, &q->policy, v->now);
	else if (!v->err)
		v->err = sk_verify_beside_claims(claims, &q->call, &q->policy, v->now);
	if (!v->err)
		v->err = sk_verify_shape(passport);

	return v->err;
}

static int judge(const struct command *self, const struct question *q, struct sk_span value,
		 struct verdict *v)
{
	struct sk_passport passport = { 0 };
	enum sk_err trusted;
	int status;

	if (judge_token(q, value, v, &passport))
		return CLI_YES;

	status =
		get_chain(self, q, (struct sk_span){ passport.jose.x5u, passport.jose.x5u_len }, v);
	if (status != CLI_YES || v->err)
		return status;

	trusted = sk_trust_check(q->trust, v->chain, v->now, &v->findings);
	v->err = sk_verify_signed(&passport, v->chain, trusted);
	if (!v->err)
		v->err = judge_content(q, v->ppt, &passport.token);
	return CLI_YES;
}

/* What the token says, if it can be read at all; and as what it is to be judged. */
static void look(const struct question *q, struct sk_span value, struct verdict *v)
{
	struct sk_identity identity = { 0 };
	const bool cut = sk_identity_parse(value, &identity) == SK_OK;
	const enum sk_ppt says = cut ? sk_ppt_param(identity.ppt) : SK_PPT_OTHER;

	v->ppt = q->ppt;
	if (q->ppt == SK_PPT_NONE)
		v->ppt = says == SK_PPT_DIV || says == SK_PPT_RPH || says == SK_PPT_RCD
				 ? says
				 : SK_PPT_SHAKEN;
	v->rcd_err = SK_CLAIM_MISSING;
	v->shown = cut && sk_passport_parse(identity.token, &v->passport) == SK_OK;
	if (!v->shown)
		return;
	if (sk_rph_read(&v->passport.token, &v->rph) != SK_OK)
		v->rph.count = 0;
	v->rcd_err = sk_rcd_read(&v->passport.token, &v->rcd);
}

/* One value: its rows at once, its object into `answers`. */
static int verify_one(const struct command *self, const struct verify_options *o,
		      const struct question *q, struct sk_span value, json_t *answers)
{
	SK_CLEANUP(verdict_deinit)
	struct verdict v = { .now = o->now >= 0 ? o->now : time(NULL), .anchors = o->trust.count };
	int status;

	look(q, value, &v);
	status = judge(self, q, value, &v);
	if (status != CLI_YES)
		return status;

	v.row = profile_outcome(&q->profile, v.err);
	if (answers)
		json_array_append_new(answers, verdict_json(&v));
	else
		verdict_print(self, &v);
	return out_status(v.err);
}

/* @return the worst of all: only when every value is good the answer is yes */
static int verify_all(const struct command *self, const struct verify_options *o,
		      const struct question *q, const struct input_identities *given,
		      json_t *answers)
{
	int worst = CLI_YES;

	for (size_t i = 0; i < given->count; i++) {
		int status;

		if (i > 0 && !answers)
			putchar('\n');
		status = verify_one(self, o, q, given->values[i], answers);
		if (status > worst)
			worst = status;
	}
	return worst;
}

static int verify(const struct command *self, const struct verify_options *o, struct question *q,
		  const struct input_identities *given)
{
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	json_auto_t *answers = o->json ? json_array() : NULL;
	const struct input_trust from = { .anchors = &o->trust,
					  .crls = &o->crl,
					  .signers = &o->signers,
					  .chain = o->certificate,
					  .now = o->now >= 0 ? o->now : time(NULL) };
	int status = input_trust(self, &q->rules, &from, &trust);

	if (status != CLI_YES)
		return status;

	q->trust = trust;
	status = verify_all(self, o, q, given, answers);
	/* a file that could not be read has been told already, and is no verdict */
	if (!o->json || (status == CLI_OURS && json_array_size(answers) < given->count))
		return status;
	if (given->count == 1)
		return out_json(json_incref(json_array_get(answers, 0)), status);

	return out_json(json_incref(answers), status);
}

/* Else it would be reported as a fetch that failed for no reason. */
static int check_tls_ca(const struct command *self, const char *path)
{
	char why[FILE_WHY_SIZE];
	char *text = NULL;
	size_t len = 0;

	if (path && !file_read(path, FILE_PUBLIC, TLS_CA_MAX, &text, &len, why))
		return out_fault(self, "--tls-ca: %s: %s", path, why);

	file_free(text, len);
	return CLI_YES;
}

/* The tenant's profile, and what of it is about tokens; the Date header is the call's. */
static int read_documents(const struct command *self, const char *word, struct question *q)
{
	static const char *const words[] = {
		[PROFILE_ATIS] = "atis",
		[PROFILE_RFC8224] = "rfc8224",
		[PROFILE_MAN] = "man",
	};
	char why[256];

	for (size_t i = 0; i < SK_COUNT(words); i++) {
		const struct tenant_conf tenant = { .profile = (enum conf_profile)i,
						    .sign.bypass = CHOICE_NO };

		if (strcmp(word, words[i]) != 0)
			continue;
		if (!profile_settle(&tenant, &q->profile, why))
			return out_fault(self, "--rules %s: %s", word, why);
		q->policy.alg_required = q->profile.alg_required;
		q->policy.extra_params_refused = q->profile.extra_params_refused;
		q->policy.unknown_ppt_refused = q->profile.unknown_ppt_refused;
		return CLI_YES;
	}
	return args_wrong(self, "--rules: \"%s\" is none of atis, rfc8224, man", word);
}

static int read_question(const struct command *self, const struct verify_options *o,
			 struct question *q)
{
	struct sk_dialplan plan;
	int status = input_plan(self, o->country, o->international, o->trunk, &plan);

	if (status == CLI_YES)
		status = input_rules(self, &o->rules, &q->rules);
	if (status == CLI_YES)
		status = read_documents(self, o->documents ? o->documents : "atis", q);
	if (status == CLI_YES && o->ppt && strcmp(o->ppt, "any") != 0)
		status = input_ppt(self, o->ppt, &q->ppt);
	if (status == CLI_YES)
		status = input_number(self, "--orig", o->orig, &plan, SK_ROLE_ORIG,
				      &q->call.callers[0]);
	if (status == CLI_YES)
		status =
			input_number(self, "--dest", o->dest, &plan, SK_ROLE_DEST, &q->call.called);
	return status;
}

static int ask(const struct command *self, const struct verify_options *o,
	       const struct args_list *rest)
{
	char no_ca[] = "";
	char *tls_ca = o->tls_ca ? strdup(o->tls_ca) : NULL;
	struct question q = {
		.policy = { .max_age = o->max_age,
			    .max_skew = MAX_SKEW,
			    .url_rules = o->lab ? SK_URL_LAB : SK_URL_STRICT },
		.call = { .caller_count = 1 },
		.certs = { .tls_ca = tls_ca ? tls_ca : no_ca,
			   .timeout = FETCH_TIMEOUT,
			   .lab = o->lab },
		.certificate = o->certificate,
		.ppt = o->ppt ? SK_PPT_NONE : SK_PPT_SHAKEN,
		.priority = o->priority,
	};
	struct input_identities given = { 0 };
	int status = read_question(self, o, &q);

	if (status == CLI_YES)
		status = check_tls_ca(self, o->tls_ca);
	if (status == CLI_YES)
		status = input_identities(self, rest, &given);
	if (status == CLI_YES)
		status = verify(self, o, &q, &given);

	free(given.text);
	free(tls_ca);
	return status;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct verify_options o = { .now = -1, .max_age = 60 };
	struct args_list rest = { 0 };
	/* clang-format off */
	const struct args_option options[] = {
		{ "--orig",          .text = &o.orig, .required = true },
		{ "--dest",          .text = &o.dest, .required = true },
		{ "--ppt",           .text = &o.ppt },
		{ "--resource-priority", .text = &o.priority },
		{ "--trust",         .list = &o.trust },
		{ "--crl",           .list = &o.crl },
		{ "--crl-signer",    .list = &o.signers },
		{ "--certificate",   .text = &o.certificate },
		{ "--now",           .number = &o.now, .min = 0, .max = CLI_TIME_MAX },
		{ "--max-age",       .number = &o.max_age, .min = 1, .max = INT32_MAX },
		{ "--rules",         .text = &o.documents },
		{ "--profile",       .text = &o.rules.profile },
		{ "--crl-required",  .flag = &o.rules.crl_required },
		{ "--delegates",     .flag = &o.rules.delegates },
		{ "--no-p384",       .flag = &o.rules.no_p384 },
		{ "--tls-ca",        .text = &o.tls_ca },
		{ "--country",       .text = &o.country },
		{ "--international", .text = &o.international },
		{ "--trunk",         .text = &o.trunk },
		{ "--lab",           .flag = &o.lab },
		{ "--json",          .flag = &o.json },
	};
	/* clang-format on */
	const struct args args = { self, options, SK_COUNT(options), SK_IDENTITY_MAX };
	enum args_result result = args_read(&args, argc, argv, &rest);

	return result == ARGS_GO ? ask(self, &o, &rest) : args_status(result);
}

const struct command command_verify = {
	.name = "verify",
	.summary = "is this Identity value good for this call?",
	.synopsis = "--orig TN --dest TN [OPTION]... [IDENTITY... | -]",
	.help = "  IDENTITY                  value of an Identity header, up to 8; -, or none: "
		"standard\n"
		"                            input.  Each is judged; the status is 0 when all are "
		"good\n"
		"  --orig TN                 calling number of the call\n"
		"  --dest TN                 called number of the call; of a div token the number "
		"it goes to\n"
		"  --ppt TYPE                judge a token as shaken (the default), div, rph or "
		"rcd;\n"
		"                            any: each as what it says that it is\n"
		"  --resource-priority TEXT  header of the call that an rph token must cover\n"
		"  --trust FILE|DIR          trust anchors, PEM; may be repeated\n"
		"  --crl FILE                revocation lists; may be repeated\n"
		"  --crl-signer FILE         who else signs them, such as the administrator, PEM\n"
		"  --certificate FILE        the certificate chain; without it, it is fetched from "
		"x5u\n"
		"  --now SECONDS             judge at this time, seconds since 1970\n"
		"  --max-age SECONDS         how old the token may be (60)\n"
		"  --rules atis|rfc8224|man  where documents disagree: whose rules (atis)\n"
		"  --profile off|warn|strict what findings of the certificate profile do (warn)\n"
		"  --crl-required            refuse what no valid revocation list speaks for\n"
		"  --delegates               accept certificates of numbers (RFC 9060)\n"
		"  --no-p384                 refuse P-384 and SHA-384 of authorities\n"
		"  --country CC              country code of national numbers\n"
		"  --international P         prefix dialled before international numbers\n"
		"  --trunk P                 prefix dialled before national numbers\n"
		"  --tls-ca FILE             authorities of the hosts of x5u, PEM (the system's)\n"
		"  --lab                     fetch from any port and any address: for a "
		"laboratory\n"
		"  --json                    answer as JSON; several values: an array\n"
		"\n"
		"Example: shaken verify --trust root.pem --certificate sp.pem \\\n"
		"    --orig 12155551212 --dest 12155551213 < identity.txt\n",
	.run = run,
};
