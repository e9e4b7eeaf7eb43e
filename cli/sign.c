/*
 * `shaken sign`: the Identity value of one call.  All that changes from call to
 * call comes from the command line; only the time and the origid are made here
 * when they are not given.
 */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/out.h"
#include "redirector/base/file.h"
#include "shaken/shaken.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct sign_options {
	const char *key, *x5u, *attest, *orig, *origid;
	const char *country, *international, *trunk;
	struct args_list dest;
	int64_t iat;
	bool lab;
};

/* A random UUID (RFC 9562, 5.4): version 4 in the high half of byte 6, variant 10 in byte 8. */
static bool make_origid(char out[SK_UUID_SIZE])
{
	uint8_t b[16];

	if (RAND_bytes(b, sizeof(b)) != 1)
		return false;
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(out, SK_UUID_SIZE,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		 b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		 b[15]);
	return true;
}

static int read_dest(const struct command *self, const struct sign_options *o,
		     const struct sk_dialplan *plan, struct sk_claims *claims)
{
	int status = CLI_YES;

	if (o->dest.count > SK_DEST_MAX)
		return args_wrong(self, "--dest: at most %d times", SK_DEST_MAX);
	for (size_t i = 0; status == CLI_YES && i < o->dest.count; i++)
		status = input_number(self, "--dest", o->dest.items[i], plan, SK_ROLE_DEST,
				      &claims->dest[i]);
	claims->dest_count = o->dest.count;
	return status;
}

static int read_claims(const struct command *self, const struct sign_options *o,
		       struct sk_claims *claims)
{
	struct sk_dialplan plan;
	int status = input_plan(self, o->country, o->international, o->trunk, &plan);

	if (status == CLI_YES)
		status = input_attest(self, o->attest, &claims->attest);
	if (status == CLI_YES)
		status = input_number(self, "--orig", o->orig, &plan, SK_ROLE_ORIG, &claims->orig);
	if (status == CLI_YES)
		status = read_dest(self, o, &plan, claims);
	if (status != CLI_YES)
		return status;

	claims->iat = o->iat >= 0 ? o->iat : time(NULL);
	if (!o->origid)
		return make_origid(claims->origid) ? CLI_YES : out_refusal(self, SK_ECRYPTO);
	if (!sk_uuid_check(sk_span_of(o->origid)))
		return args_wrong(self, "--origid: \"%s\" is no UUID (8-4-4-4-12 hex digits)",
				  o->origid);
	snprintf(claims->origid, sizeof(claims->origid), "%s", o->origid);
	return CLI_YES;
}

static int read_key(const struct command *self, const char *path, struct sk_key **out)
{
	char why[FILE_WHY_SIZE];
	char *text = NULL;
	size_t len = 0;
	enum sk_err err;

	if (!file_read(path, FILE_SECRET, SK_KEY_FILE_MAX, &text, &len, why))
		return out_fault(self, "%s: %s", path, why);
	err = sk_key_new(text, len, out);
	file_free(text, len);

	return err ? out_refusal(self, err) : CLI_YES;
}

static int sign(const struct command *self, const struct sign_options *o,
		const struct sk_claims *claims)
{
	SK_CLEANUP(sk_key_free_p) struct sk_key *key = NULL;
	SK_CLEANUP(sk_credential_free_p) struct sk_credential *credential = NULL;
	enum sk_url_rules rules = o->lab ? SK_URL_LAB : SK_URL_STRICT;
	char value[SK_IDENTITY_SIZE];
	size_t len = 0;
	int status = read_key(self, o->key, &key);
	enum sk_err err;

	if (status != CLI_YES)
		return status;

	err = sk_credential_new(sk_span_of(o->x5u), rules, SK_PPT_SHAKEN, sk_key_signer(key),
				&credential);
	if (!err)
		err = sk_sign(credential, claims, value, sizeof(value), &len);
	if (err)
		return out_refusal(self, err);

	printf("%.*s\n", (int)len, value);
	return CLI_YES;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct sign_options o = { .iat = -1 };
	struct args_list rest = { 0 };
	struct sk_claims claims = { 0 };
	/* clang-format off */
	const struct args_option options[] = {
		{ "--key",           .text = &o.key,    .required = true },
		{ "--x5u",           .text = &o.x5u,    .required = true },
		{ "--attest",        .text = &o.attest, .required = true },
		{ "--orig",          .text = &o.orig,   .required = true },
		{ "--dest",          .list = &o.dest,   .required = true },
		{ "--origid",        .text = &o.origid },
		{ "--iat",           .number = &o.iat, .min = 0, .max = CLI_TIME_MAX },
		{ "--country",       .text = &o.country },
		{ "--international", .text = &o.international },
		{ "--trunk",         .text = &o.trunk },
		{ "--lab",           .flag = &o.lab },
	};
	/* clang-format on */
	const struct args args = { self, options, SK_COUNT(options), 0 };
	enum args_result result = args_read(&args, argc, argv, &rest);
	int status;

	if (result != ARGS_GO)
		return args_status(result);
	if (!sk_url_parse(sk_span_of(o.x5u), o.lab ? SK_URL_LAB : SK_URL_STRICT, NULL))
		return args_wrong(self,
				  "--x5u: \"%s\" is not https://HOST[:443|:8443]/PATH "
				  "(with --lab: any port)",
				  o.x5u);

	status = read_claims(self, &o, &claims);
	return status == CLI_YES ? sign(self, &o, &claims) : status;
}

const struct command command_sign = {
	.name = "sign",
	.summary = "print the Identity header's value of a call",
	.synopsis = "--key FILE --x5u URL --attest A|B|C --orig TN --dest TN [OPTION]...",
	.help = "  --key FILE          private key on P-256, PEM, readable by its owner only\n"
		"  --x5u URL           where verifiers find the certificate\n"
		"  --attest A|B|C      full, partial or gateway attestation\n"
		"  --orig TN           calling number\n"
		"  --dest TN           called number; up to 8 times\n"
		"  --origid UUID       origination identifier (random)\n"
		"  --iat SECONDS       time of signing, seconds since 1970 (now)\n"
		"  --country CC        country code of national numbers\n"
		"  --international P   prefix dialled before international numbers\n"
		"  --trunk P           prefix dialled before national numbers\n"
		"  --lab               any port in --x5u: for a laboratory\n"
		"\n"
		"Example: shaken sign --key sp.key --x5u https://certs.lab.example/sp.pem \\\n"
		"    --attest A --orig '+1 (215) 555-1212' --dest +12155551213\n",
	.run = run,
};
