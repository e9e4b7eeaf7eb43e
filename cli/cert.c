/*
 * `shaken cert`: a chain file as a verifier sees it.  Without --trust it tells
 * what there is and finds fault with nothing but the file itself; with --trust
 * it gives the verdict, and the exit status follows it.
 */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/describe.h"
#include "cli/input.h"
#include "cli/out.h"
#include "shaken/shaken.h"

#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

SK_DEFINE_CLEANUP(BIO, BIO_free_all)

struct cert_options {
	struct args_list trust, crl, signers;
	struct input_rules rules;
	int64_t now;
	bool json;
};

/* One certificate of the chain. */
struct link {
	char subject[SK_CERT_NAME_SIZE];
	char key[64];
	const char *signature;
	char from[OUT_TIME_SIZE], to[OUT_TIME_SIZE];
	bool ca;
};

static void print_subject(const X509 *cert, char out[SK_CERT_NAME_SIZE])
{
	SK_CLEANUP(BIO_free_all_p) BIO *bio = BIO_new(BIO_s_mem());
	int len = 0;

	if (bio && X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253) >= 0)
		len = BIO_read(bio, out, SK_CERT_NAME_SIZE - 1);
	out[len > 0 ? len : 0] = '\0';
}

static void print_key(const X509 *cert, char *out, size_t size)
{
	const EVP_PKEY *key = X509_get0_pubkey(cert);
	char group[32] = "";
	const char *curve;

	if (!key) {
		snprintf(out, size, "unknown");
		return;
	}
	if (!EVP_PKEY_is_a(key, "EC") ||
	    !EVP_PKEY_get_group_name(key, group, sizeof(group), NULL)) {
		snprintf(out, size, "%s %d", EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
		return;
	}
	curve = EC_curve_nid2nist(OBJ_sn2nid(group));
	snprintf(out, size, "EC %s", curve ? curve : group);
}

static void print_time(const ASN1_TIME *time, char out[OUT_TIME_SIZE])
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm))
		out_time(timegm(&tm), out);
	else
		snprintf(out, OUT_TIME_SIZE, "no time");
}

static struct link read_link(X509 *cert)
{
	struct link link = { .signature = OBJ_nid2ln(X509_get_signature_nid(cert)) };

	print_subject(cert, link.subject);
	print_key(cert, link.key, sizeof(link.key));
	print_time(X509_get0_notBefore(cert), link.from);
	print_time(X509_get0_notAfter(cert), link.to);
	link.ca = X509_check_ca(cert) == 1;
	return link;
}

static json_t *describe_chain(const struct sk_chain *chain)
{
	json_t *array = json_array();

	for (size_t i = 0; i < sk_chain_count(chain); i++) {
		struct link link = read_link(sk_chain_at(chain, i));

		json_array_append_new(array, json_pack("{s:s, s:s, s:s?, s:s, s:s, s:b}", "subject",
						       link.subject, "key", link.key, "signature",
						       link.signature, "not_before", link.from,
						       "not_after", link.to, "ca", (int)link.ca));
	}
	return array;
}

static void print_chain(const struct sk_chain *chain)
{
	for (size_t i = 0; i < sk_chain_count(chain); i++) {
		struct link link = read_link(sk_chain_at(chain, i));

		printf("%zu. %s\n", i + 1, link.subject);
		printf("     %s, %s, %s\n", link.ca ? "authority" : "end entity", link.key,
		       link.signature ? link.signature : "unknown signature");
		printf("     %s to %s\n", link.from, link.to);
	}
	putchar('\n');
}

static void print_constraints(const json_t *constraints)
{
	char *text = constraints ? sk_json_text(constraints, JSON_ENSURE_ASCII) : NULL;

	if (text)
		out_row("constraints", "%s", text);
	free(text);
}

static int print_json(const struct sk_chain *chain, const struct sk_findings *findings,
		      const enum sk_err *verdict)
{
	json_t *object = json_pack(
		"{s:o, s:o, s:o*, s:o}", "leaf", describe_leaf(sk_chain_leaf(chain)), "chain",
		describe_chain(chain), "constraints", describe_constraints(sk_chain_at(chain, 0)),
		"findings", describe_findings(findings));

	if (verdict)
		json_object_set_new(object, "verdict", out_json_outcome(*verdict));
	return out_json(object, verdict ? out_status(*verdict) : CLI_YES);
}

static int print_rows(const struct sk_chain *chain, const struct sk_findings *findings,
		      const enum sk_err *verdict)
{
	const struct sk_leaf *leaf = sk_chain_leaf(chain);
	json_t *constraints = describe_constraints(sk_chain_at(chain, 0));

	print_chain(chain);
	describe_leaf_rows(leaf);
	print_constraints(constraints);
	json_decref(constraints);
	if (leaf->extensions)
		out_row("extensions", "%s: %s", sk_err_name(leaf->extensions),
			sk_err_text(leaf->extensions));
	describe_findings_rows(findings);
	if (!verdict)
		return CLI_YES;

	out_row("verdict", "%s: %s", sk_err_name(*verdict), sk_err_text(*verdict));
	return out_status(*verdict);
}

static int show(const struct command *self, const struct cert_options *o, const char *path,
		const struct sk_trust_rules *rules, const struct sk_chain *chain)
{
	const struct input_trust from = { .anchors = &o->trust,
					  .crls = &o->crl,
					  .signers = &o->signers,
					  .chain = path,
					  .now = o->now >= 0 ? o->now : time(NULL) };
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	struct sk_findings findings = { 0 };
	enum sk_err verdict = SK_OK;
	const enum sk_err *asked = NULL;
	int status;

	sk_profile_check(chain, rules, &findings);
	if (o->trust.count > 0) {
		status = input_trust(self, rules, &from, &trust);
		if (status != CLI_YES)
			return status;
		verdict = sk_trust_check(trust, chain, from.now, NULL);
		asked = &verdict;
	}
	return o->json ? print_json(chain, &findings, asked) : print_rows(chain, &findings, asked);
}

static int run(const struct command *self, int argc, char **argv)
{
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;
	struct sk_trust_rules rules;
	struct cert_options o = { .now = -1 };
	struct args_list rest = { 0 };
	/* clang-format off */
	const struct args_option options[] = {
		{ "--trust",         .list = &o.trust },
		{ "--crl",           .list = &o.crl },
		{ "--crl-signer",    .list = &o.signers },
		{ "--profile",       .text = &o.rules.profile },
		{ "--crl-required",  .flag = &o.rules.crl_required },
		{ "--delegates",     .flag = &o.rules.delegates },
		{ "--no-p384",       .flag = &o.rules.no_p384 },
		{ "--now",           .number = &o.now, .min = 0, .max = CLI_TIME_MAX },
		{ "--json",          .flag = &o.json },
	};
	/* clang-format on */
	const struct args args = { self, options, SK_COUNT(options), 1 };
	enum args_result result = args_read(&args, argc, argv, &rest);
	enum sk_err err = SK_OK;
	int status;

	if (result != ARGS_GO)
		return args_status(result);
	if (rest.count != 1)
		return args_wrong(self, "which file?");
	if (o.crl.count > 0 && o.trust.count == 0)
		return args_wrong(self, "--crl needs --trust");
	if (o.signers.count > 0 && o.crl.count == 0)
		return args_wrong(self, "--crl-signer needs --crl");

	status = input_rules(self, &o.rules, &rules);
	if (status == CLI_YES)
		status = input_chain(self, rest.items[0], &chain, &err);
	if (status != CLI_YES)
		return status;
	if (err && o.json)
		return out_json(json_pack("{s:o}", "verdict", out_json_outcome(err)),
				out_status(err));

	if (err == SK_FETCH_SYNTAX) /* the file has been named */
		return out_status(err);
	return err ? out_refusal(self, err) : show(self, &o, rest.items[0], &rules, chain);
}

const struct command command_cert = {
	.name = "cert",
	.summary = "show a certificate chain, and judge it with --trust",
	.synopsis = "[OPTION]... FILE",
	.help = "  FILE                      what an x5u serves: PEM, the leaf first; or DER\n"
		"  --trust FILE|DIR          trust anchors, PEM; may be repeated\n"
		"  --crl FILE                revocation lists; may be repeated\n"
		"  --crl-signer FILE         who else signs them, such as the administrator, PEM\n"
		"  --now SECONDS             judge at this time, seconds since 1970\n"
		"  --profile off|warn|strict what findings of the profile do to the verdict "
		"(warn)\n"
		"  --crl-required            refuse what no valid revocation list speaks for\n"
		"  --delegates               accept certificates of numbers (RFC 9060)\n"
		"  --no-p384                 refuse P-384 and SHA-384 of authorities\n"
		"  --json                    answer as JSON\n"
		"\n"
		"Example: shaken cert --trust root.pem sp.pem\n",
	.run = run,
};
