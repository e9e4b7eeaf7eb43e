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
	struct args_list trust, crl;
	const char *certificate, *orig, *dest, *tls_ca;
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
	const char *certificate; /* NULL: fetch */
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

static int judge(const struct command *self, const struct question *q, struct sk_span value,
		 struct verdict *v)
{
	struct sk_passport passport = { 0 };
	enum sk_err trusted;
	int status;

	v->err = sk_verify_token(value, &q->policy, &passport);
	if (!v->err)
		v->err = sk_verify_claims(&passport.claims, &q->call, &q->policy, v->now);
	if (!v->err)
		v->err = sk_verify_shape(&passport);
	if (v->err)
		return CLI_YES;

	status =
		get_chain(self, q, (struct sk_span){ passport.jose.x5u, passport.jose.x5u_len }, v);
	if (status != CLI_YES || v->err)
		return status;

	trusted = sk_trust_check(q->trust, v->chain, v->now, &v->findings);
	v->err = sk_verify_signed(&passport, v->chain, trusted);
	return CLI_YES;
}

/* What the token says, if it can be read at all. */
static void look(struct sk_span value, struct verdict *v)
{
	struct sk_identity identity;

	v->shown = sk_identity_parse(value, &identity) == SK_OK &&
		   sk_passport_parse(identity.token, &v->passport) == SK_OK;
}

static int verify(const struct command *self, const struct verify_options *o, struct question *q,
		  struct sk_span value)
{
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	SK_CLEANUP(verdict_deinit)
	struct verdict v = { .now = o->now >= 0 ? o->now : time(NULL), .anchors = o->trust.count };
	int status = input_trust(self, &q->rules, &o->trust, &o->crl, &trust);

	if (status != CLI_YES)
		return status;

	q->trust = trust;
	look(value, &v);
	status = judge(self, q, value, &v);
	if (status != CLI_YES)
		return status;

	return o->json ? verdict_json(&v) : verdict_print(self, &v);
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

static int read_question(const struct command *self, const struct verify_options *o,
			 struct question *q)
{
	struct sk_dialplan plan;
	int status = input_plan(self, o->country, o->international, o->trunk, &plan);

	if (status == CLI_YES)
		status = input_rules(self, &o->rules, &q->rules);
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
	};
	struct sk_span value;
	char *text = NULL;
	int status = read_question(self, o, &q);

	if (status == CLI_YES)
		status = check_tls_ca(self, o->tls_ca);
	if (status == CLI_YES)
		status = input_identity(self, rest, &text, &value);
	if (status == CLI_YES)
		status = verify(self, o, &q, value);

	free(text);
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
		{ "--trust",         .list = &o.trust },
		{ "--crl",           .list = &o.crl },
		{ "--certificate",   .text = &o.certificate },
		{ "--now",           .number = &o.now, .min = 0, .max = CLI_TIME_MAX },
		{ "--max-age",       .number = &o.max_age, .min = 1, .max = INT32_MAX },
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
	const struct args args = { self, options, SK_COUNT(options), 1 };
	enum args_result result = args_read(&args, argc, argv, &rest);

	return result == ARGS_GO ? ask(self, &o, &rest) : args_status(result);
}

const struct command command_verify = {
	.name = "verify",
	.summary = "is this Identity value good for this call?",
	.synopsis = "--orig TN --dest TN [OPTION]... [IDENTITY | -]",
	.help = "  IDENTITY                  value of an Identity header; -, or none: standard "
		"input\n"
		"  --orig TN                 calling number of the call\n"
		"  --dest TN                 called number of the call\n"
		"  --trust FILE|DIR          trust anchors, PEM; may be repeated\n"
		"  --crl FILE                revocation lists; may be repeated\n"
		"  --certificate FILE        the certificate chain; without it, it is fetched from "
		"x5u\n"
		"  --now SECONDS             judge at this time, seconds since 1970\n"
		"  --max-age SECONDS         how old the token may be (60)\n"
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
		"  --json                    answer as JSON\n"
		"\n"
		"Example: shaken verify --trust root.pem --certificate sp.pem \\\n"
		"    --orig 12155551212 --dest 12155551213 < identity.txt\n",
	.run = run,
};
