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
	const char *ppt, *div, *rcd_name, *rcd_icon, *rcd_reason;
	struct args_list dest, rph;
	int64_t iat;
	bool sph, lab;
};

/* Claims, and what they point to. */
struct content {
	enum sk_ppt ppt;
	struct sk_claims claims;
	struct sk_rph rph;
	struct sk_rcd rcd;
};

/* Which options go with which types, and which of them a type needs. */
static int check_options(const struct command *self, const struct sign_options *o, enum sk_ppt ppt)
{
	enum {
		SHAKEN = 1 << SK_PPT_SHAKEN,
		DIV = 1 << SK_PPT_DIV,
		RPH = 1 << SK_PPT_RPH,
		RCD = 1 << SK_PPT_RCD,
	};
	/* clang-format off */
	const struct {
		const char *option;
		bool given;
		unsigned with, needed;
	} uses[] = {
		{ "--attest",     o->attest != NULL,     SHAKEN,       SHAKEN },
		{ "--origid",     o->origid != NULL,     SHAKEN,       0 },
		{ "--div",        o->div != NULL,        DIV,          DIV },
		{ "--rph",        o->rph.count > 0,      RPH,          RPH },
		{ "--sph",        o->sph,                RPH,          0 },
		{ "--rcd-name",   o->rcd_name != NULL,   SHAKEN | RCD, RCD },
		{ "--rcd-icon",   o->rcd_icon != NULL,   SHAKEN | RCD, 0 },
		{ "--rcd-reason", o->rcd_reason != NULL, SHAKEN | RCD, 0 },
	};
	/* clang-format on */
	const unsigned bit = 1u << ppt;

	for (size_t i = 0; i < SK_COUNT(uses); i++) {
		if (uses[i].given && !(uses[i].with & bit))
			return args_wrong(self, "%s: not with --ppt %s", uses[i].option,
					  sk_ppt_text(ppt));
		if (!uses[i].given && (uses[i].needed & bit))
			return args_wrong(self, "%s is missing", uses[i].option);
	}
	return CLI_YES;
}

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

static int read_origid(const struct command *self, const struct sign_options *o,
		       struct sk_claims *claims)
{
	if (!o->origid)
		return make_origid(claims->origid) ? CLI_YES : out_refusal(self, SK_ECRYPTO);
	if (!sk_uuid_check(sk_span_of(o->origid)))
		return args_wrong(self, "--origid: \"%s\" is no UUID (8-4-4-4-12 hex digits)",
				  o->origid);

	snprintf(claims->origid, sizeof(claims->origid), "%s", o->origid);
	return CLI_YES;
}

static int read_rph(const struct command *self, const struct sign_options *o, struct sk_rph *rph)
{
	if (o->rph.count > SK_RPH_MAX)
		return args_wrong(self, "--rph: at most %d times", SK_RPH_MAX);
	for (size_t i = 0; i < o->rph.count; i++) {
		const size_t len = strlen(o->rph.items[i]);

		rph->count = i + 1;
		if (len < SK_RPH_SIZE)
			memcpy(rph->auth[i], o->rph.items[i], len + 1);
		rph->psap_callback = false;
		if (len >= SK_RPH_SIZE || !sk_rph_check(rph))
			return args_wrong(self, "--rph: \"%s\" is no NAMESPACE.PRIORITY",
					  o->rph.items[i]);
	}
	rph->psap_callback = o->sph;
	return sk_rph_check(rph) ? CLI_YES : args_wrong(self, "--sph: only with --rph esnet.N");
}

static int read_rcd_text(const struct command *self, const char *option, const char *text,
			 char *out, size_t size)
{
	if (text && strlen(text) >= size)
		return args_wrong(self, "%s: longer than %zu bytes", option, size - 1);

	snprintf(out, size, "%s", text ? text : "");
	return CLI_YES;
}

static int read_rcd(const struct command *self, const struct sign_options *o, struct sk_rcd *rcd)
{
	int status = read_rcd_text(self, "--rcd-name", o->rcd_name, rcd->nam, sizeof(rcd->nam));

	if (status == CLI_YES)
		status = read_rcd_text(self, "--rcd-icon", o->rcd_icon, rcd->icn, sizeof(rcd->icn));
	if (status == CLI_YES)
		status = read_rcd_text(self, "--rcd-reason", o->rcd_reason, rcd->crn,
				       sizeof(rcd->crn));
	/* RFC 9795, 5.1.3: an https URL, or nobody will look at it */
	if (status == CLI_YES && rcd->icn[0] && strncasecmp(rcd->icn, "https://", 8) != 0)
		return args_wrong(self, "--rcd-icon: \"%s\" is not https://...", rcd->icn);
	if (status == CLI_YES && !sk_rcd_check(rcd))
		return args_wrong(self, "--rcd-...: UTF-8 without control characters");

	return status;
}

/* The claims that a type has beside orig, dest and iat. */
static int read_content(const struct command *self, const struct sign_options *o,
			const struct sk_dialplan *plan, struct content *out)
{
	struct sk_claims *claims = &out->claims;
	int status = CLI_YES;

	if (o->attest)
		status = input_attest(self, o->attest, &claims->attest);
	if (status == CLI_YES && out->ppt == SK_PPT_SHAKEN)
		status = read_origid(self, o, claims);
	if (status == CLI_YES && o->div)
		status = input_number(self, "--div", o->div, plan, SK_ROLE_DEST, &claims->div);
	if (status == CLI_YES && o->rph.count > 0) {
		claims->rph = &out->rph;
		status = read_rph(self, o, &out->rph);
	}
	if (status == CLI_YES && (o->rcd_name || o->rcd_icon || o->rcd_reason)) {
		claims->rcd = &out->rcd;
		status = read_rcd(self, o, &out->rcd);
	}
	return status;
}

static int read_claims(const struct command *self, const struct sign_options *o,
		       struct content *out)
{
	struct sk_claims *claims = &out->claims;
	struct sk_dialplan plan;
	int status = input_plan(self, o->country, o->international, o->trunk, &plan);

	if (status == CLI_YES)
		status = read_content(self, o, &plan, out);
	if (status == CLI_YES)
		status = input_number(self, "--orig", o->orig, &plan, SK_ROLE_ORIG, &claims->orig);
	if (status == CLI_YES)
		status = read_dest(self, o, &plan, claims);

	claims->iat = o->iat >= 0 ? o->iat : time(NULL);
	return status;
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
		const struct content *content)
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

	err = sk_credential_new(sk_span_of(o->x5u), rules, content->ppt, sk_key_signer(key),
				&credential);
	if (!err)
		err = sk_sign(credential, &content->claims, value, sizeof(value), &len);
	if (err)
		return out_refusal(self, err);

	printf("%.*s\n", (int)len, value);
	return CLI_YES;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct sign_options o = { .iat = -1 };
	struct args_list rest = { 0 };
	struct content content = { .ppt = SK_PPT_SHAKEN };
	/* clang-format off */
	const struct args_option options[] = {
		{ "--key",           .text = &o.key,    .required = true },
		{ "--x5u",           .text = &o.x5u,    .required = true },
		{ "--ppt",           .text = &o.ppt },
		{ "--attest",        .text = &o.attest },
		{ "--orig",          .text = &o.orig,   .required = true },
		{ "--dest",          .list = &o.dest,   .required = true },
		{ "--origid",        .text = &o.origid },
		{ "--div",           .text = &o.div },
		{ "--rph",           .list = &o.rph },
		{ "--sph",           .flag = &o.sph },
		{ "--rcd-name",      .text = &o.rcd_name },
		{ "--rcd-icon",      .text = &o.rcd_icon },
		{ "--rcd-reason",    .text = &o.rcd_reason },
		{ "--iat",           .number = &o.iat, .min = 0, .max = CLI_TIME_MAX },
		{ "--country",       .text = &o.country },
		{ "--international", .text = &o.international },
		{ "--trunk",         .text = &o.trunk },
		{ "--lab",           .flag = &o.lab },
	};
	/* clang-format on */
	const struct args args = { self, options, SK_COUNT(options), 0 };
	enum args_result result = args_read(&args, argc, argv, &rest);
	int status = CLI_YES;

	if (result != ARGS_GO)
		return args_status(result);
	if (!sk_url_parse(sk_span_of(o.x5u), o.lab ? SK_URL_LAB : SK_URL_STRICT, NULL))
		return args_wrong(self,
				  "--x5u: \"%s\" is not https://HOST[:443|:8443]/PATH "
				  "(with --lab: any port)",
				  o.x5u);

	if (o.ppt)
		status = input_ppt(self, o.ppt, &content.ppt);
	if (status == CLI_YES)
		status = check_options(self, &o, content.ppt);
	if (status == CLI_YES)
		status = read_claims(self, &o, &content);
	return status == CLI_YES ? sign(self, &o, &content) : status;
}

const struct command command_sign = {
	.name = "sign",
	.summary = "print the Identity header's value of a call",
	.synopsis = "--key FILE --x5u URL --attest A|B|C --orig TN --dest TN [OPTION]...\n"
		    "   or: shaken sign --key FILE --x5u URL --ppt TYPE --orig TN --dest TN "
		    "[OPTION]...",
	.help = "  --key FILE          private key on P-256, PEM, readable by its owner only\n"
		"  --x5u URL           where verifiers find the certificate\n"
		"  --attest A|B|C      full, partial or gateway attestation\n"
		"  --orig TN           calling number\n"
		"  --dest TN           called number, or urn:service:sos; up to 8 times\n"
		"  --origid UUID       origination identifier (random)\n"
		"  --ppt TYPE          shaken (the default), div, rph or rcd\n"
		"  --div TN            with div: the number that the call was diverted from; "
		"--dest\n"
		"                      is where it goes\n"
		"  --rph VALUE         with rph: a priority that is authorized, esnet.1; up to 8 "
		"times\n"
		"  --sph               with rph: an emergency centre calls back\n"
		"  --rcd-name TEXT     with rcd, or inside of shaken: the caller's name\n"
		"  --rcd-icon URL      the same: where a picture of the caller is\n"
		"  --rcd-reason TEXT   the same: what the call is about\n"
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
