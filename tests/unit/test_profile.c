/*
 * The three profiles, every choice by itself, and the map from outcomes to verstat.
 */
#include "config/load.h"
#include "redirector/call/profile.h"
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>

#define RFC "tenant: {profile: rfc8224}\n"
#define MAN "tenant: {profile: man}\n"

static bool settle(const char *yaml, struct profile *out, char why[256])
{
	struct complaints complaints = { 0 };
	struct conf *conf = NULL;
	bool ok;

	why[0] = '\0';
	if (!conf_load_text(yaml, strlen(yaml), "test", &conf, &complaints)) {
		snprintf(why, 256, "%s", complaints.count ? complaints.items[0] : "?");
		complaints_deinit(&complaints);
		return false;
	}
	complaints_deinit(&complaints);
	ok = profile_settle(&conf->tenant, out, why);
	conf_unref(conf);
	return ok;
}

static struct profile settled(const char *yaml)
{
	struct profile p = { .reason = REASON_BY_PROFILE };
	char why[256];

	if (!settle(yaml, &p, why)) {
		fprintf(stderr, "%s: %s\n", yaml, why);
		exit(1);
	}
	return p;
}

/* Everything but the verstats, which have a test of their own. */
struct choices {
	enum conf_orig_source orig_source;
	enum conf_date_check date_check;
	enum conf_reason reason;
	bool alg, extra, ppt, identity, sign_bypass, verify_bypass, diversion;
	unsigned header_claim, typ, constraint;
};

/* clang-format off */
static const struct choices atis = {
	ORIG_PAI_FIRST, DATE_IAT_ONLY, REASON_STIR, false, false, false, false, false, false, false, 436, 437, 438,
};
static const struct choices rfc = {
	ORIG_FROM_ONLY, DATE_RFC, REASON_STIR, false, false, false, false, false, false, false, 438, 438, 438,
};
static const struct choices man = {
	ORIG_FROM_FIRST, DATE_STRICT, REASON_SIP, true, true, true, true, true, true, true, 436, 437, 438,
};
/* clang-format on */

static struct choices choices_of(const struct profile *p)
{
	return (struct choices){
		p->orig_source,       p->date_check,           p->reason,
		p->alg_required,      p->extra_params_refused, p->unknown_ppt_refused,
		p->identity_required, p->sign_bypass,          p->verify_bypass,
		p->diversion,         p->header_claim_code,    p->typ_code,
		p->constraint_code
	};
}

static void check_choices(struct choices got, struct choices want, const char *what)
{
	CHECK(got.orig_source == want.orig_source, "%s: orig-source %d", what, got.orig_source);
	CHECK(got.date_check == want.date_check, "%s: date-check %d", what, got.date_check);
	CHECK(got.reason == want.reason, "%s: reason %d", what, got.reason);
	CHECK(got.alg == want.alg, "%s: alg-required", what);
	CHECK(got.extra == want.extra, "%s: extra-params-refused", what);
	CHECK(got.ppt == want.ppt, "%s: unknown-ppt-refused", what);
	CHECK(got.identity == want.identity, "%s: identity-required", what);
	CHECK(got.sign_bypass == want.sign_bypass, "%s: sign.bypass", what);
	CHECK(got.verify_bypass == want.verify_bypass, "%s: verify.bypass", what);
	CHECK(got.diversion == want.diversion, "%s: diversion", what);
	CHECK(got.header_claim == want.header_claim, "%s: header-claim-code %u", what,
	      got.header_claim);
	CHECK(got.typ == want.typ, "%s: typ-code %u", what, got.typ);
	CHECK(got.constraint == want.constraint, "%s: constraint-code %u", what, got.constraint);
}

/* A setting changes its own choice under every profile, and no other. */
#define CHANGES(yaml, field, value) \
	{ \
		yaml, offsetof(struct choices, field), sizeof(((struct choices *)0)->field), \
			(unsigned)(value) \
	}

static const struct {
	const char *yaml;
	size_t at, size;
	unsigned value;
} changes[] = {
	CHANGES("sign: {orig-source: pai-first}\n", orig_source, ORIG_PAI_FIRST),
	CHANGES("sign: {orig-source: from-first}\n", orig_source, ORIG_FROM_FIRST),
	CHANGES("sign: {orig-source: from-only}\n", orig_source, ORIG_FROM_ONLY),
	CHANGES("verify: {date-check: iat-only}\n", date_check, DATE_IAT_ONLY),
	CHANGES("verify: {date-check: rfc}\n", date_check, DATE_RFC),
	CHANGES("verify: {date-check: strict}\n", date_check, DATE_STRICT),
	CHANGES("answer: {reason: stir}\n", reason, REASON_STIR),
	CHANGES("answer: {reason: sip}\n", reason, REASON_SIP),
	CHANGES("answer: {reason: none}\n", reason, REASON_NONE),
	CHANGES("verify: {alg-required: yes}\n", alg, true),
	CHANGES("verify: {alg-required: no}\n", alg, false),
	CHANGES("verify: {extra-params-refused: yes}\n", extra, true),
	CHANGES("verify: {extra-params-refused: no}\n", extra, false),
	CHANGES("verify: {unknown-ppt-refused: yes}\n", ppt, true),
	CHANGES("verify: {unknown-ppt-refused: no}\n", ppt, false),
	CHANGES("verify: {identity-required: yes}\n", identity, true),
	CHANGES("verify: {identity-required: no}\n", identity, false),
	CHANGES("sign: {bypass: yes}\n", sign_bypass, true),
	CHANGES("sign: {bypass: no}\n", sign_bypass, false),
	CHANGES("verify: {bypass: yes}\n", verify_bypass, true),
	CHANGES("verify: {bypass: no}\n", verify_bypass, false),
	CHANGES("sign: {diversion: yes}\n", diversion, true),
	CHANGES("sign: {diversion: no}\n", diversion, false),
	CHANGES("verify: {header-claim-code: 436}\n", header_claim, 436),
	CHANGES("verify: {header-claim-code: 438}\n", header_claim, 438),
	CHANGES("verify: {typ-code: 437}\n", typ, 437),
	CHANGES("verify: {typ-code: 438}\n", typ, 438),
	CHANGES("verify: {constraint-code: 437}\n", constraint, 437),
	CHANGES("verify: {constraint-code: 438}\n", constraint, 438),
};

static void profiles(void)
{
	static const struct {
		const char *yaml;
		const struct choices *want;
	} rows[] = {
		{ "", &atis }, { "tenant: {profile: atis}\n", &atis }, { RFC, &rfc }, { MAN, &man }
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct profile p = settled(rows[i].yaml);
		char yaml[128];

		check_choices(choices_of(&p), *rows[i].want, rows[i].yaml);
		for (size_t k = 0; k < SK_COUNT(changes); k++) {
			struct choices want = *rows[i].want;
			bool flag = changes[k].value != 0;

			if (changes[k].size == sizeof(flag))
				memcpy((char *)&want + changes[k].at, &flag, sizeof(flag));
			else
				memcpy((char *)&want + changes[k].at, &changes[k].value,
				       sizeof(changes[k].value));
			snprintf(yaml, sizeof(yaml), "%s%s", rows[i].yaml, changes[k].yaml);
			p = settled(yaml);
			check_choices(choices_of(&p), want, yaml);
		}
	}
}

/* The code of each outcome by profile: only three differ, and only there. */
static void codes(void)
{
	static const struct {
		const char *yaml;
		unsigned header_claim, typ, constraint;
	} rows[] = {
		{ "", 436, 437, 438 },
		{ RFC, 438, 438, 438 },
		{ MAN, 436, 437, 438 },
		{ "verify: {header-claim-code: 438}\n", 438, 437, 438 },
		{ "verify: {typ-code: 438}\n", 436, 438, 438 },
		{ "verify: {constraint-code: 437}\n", 436, 437, 437 },
		{ RFC "verify: {header-claim-code: 436, typ-code: 437}\n", 436, 437, 438 },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct profile p = settled(rows[i].yaml);

		for (int err = 0; err < SK_ERR_COUNT; err++) {
			const struct sk_outcome row = profile_outcome(&p, (enum sk_err)err);
			const struct sk_outcome *by_table = sk_outcome((enum sk_err)err);
			unsigned want = err == SK_HEADER_CLAIM  ? rows[i].header_claim
					: err == SK_TYP_INVALID ? rows[i].typ
					: err == SK_CONSTRAINT  ? rows[i].constraint
								: by_table->code;
			const char *phrase = want == 436   ? "Bad Identity Info"
					     : want == 437 ? "Unsupported Credential"
					     : want == 438 ? "Invalid Identity Header"
							   : by_table->phrase;

			CHECK(row.code == want, "%s%s: %u", rows[i].yaml, row.name, row.code);
			CHECK_STR(row.phrase, phrase, row.name);
			CHECK(row.verstat == by_table->verstat && row.blame == by_table->blame,
			      "%s%s", rows[i].yaml, row.name);
		}
	}
}

/* clang-format off */
static const struct {
	const char *yaml; enum sk_err err; enum sk_verstat want;
} maps[] = {
	{ "", SK_IAT_STALE, SK_VERSTAT_NO },
	{ "", SK_BAD_SIGNATURE, SK_VERSTAT_FAILED },
	{ "verify: {verstat: {SK_IAT_STALE: failed}}\n", SK_IAT_STALE, SK_VERSTAT_FAILED },
	{ "verify: {verstat: {SK_IAT_STALE: failed}}\n", SK_DATE_STALE, SK_VERSTAT_NO },
	{ "verify: {verstat: {token: failed}}\n", SK_X5U_MISMATCH, SK_VERSTAT_FAILED },
	{ "verify: {verstat: {token: failed}}\n", SK_IAT_STALE, SK_VERSTAT_NO },
	{ "verify: {verstat: {token: failed}}\n", SK_OK, SK_VERSTAT_PASSED },
	{ "verify: {verstat: {stale: failed, fetch: failed}}\n", SK_FETCH_DNS, SK_VERSTAT_FAILED },
	{ "verify: {verstat: {stale: failed, fetch: failed}}\n", SK_DATE_STALE, SK_VERSTAT_FAILED },
	{ "verify: {verstat: {credential: no}}\n", SK_CERT_EXPIRED, SK_VERSTAT_NO },
	{ "verify: {verstat: {token: no}}\n", SK_BAD_SIGNATURE, SK_VERSTAT_NO },
	{ "verify: {verstat: {absent: failed}}\n", SK_NO_IDENTITY, SK_VERSTAT_FAILED },
	{ "verify: {verstat: {input: failed}}\n", SK_NO_ORIG, SK_VERSTAT_FAILED },
	{ "verify: {verstat: {ours: no}}\n", SK_ENOMEM, SK_VERSTAT_NO },
	/* the single outcome counts more than its class, in whichever order they stand */
	{ "verify: {verstat: {token: failed, SK_TYP_INVALID: no}}\n", SK_TYP_INVALID, SK_VERSTAT_NO },
	{ "verify: {verstat: {SK_TYP_INVALID: no, token: failed}}\n", SK_TYP_INVALID, SK_VERSTAT_NO },
	{ "verify: {verstat: {SK_TYP_INVALID: no, token: failed}}\n", SK_PPT_MISMATCH, SK_VERSTAT_FAILED },
	{ MAN "verify: {verstat: {token: failed}}\n", SK_PPT_PARAM, SK_VERSTAT_FAILED },
};

static const struct { const char *yaml, *why; } refusals[] = {
	{ "verify: {verstat: {SK_OK: failed}}\n", "SK_OK" },
	{ "verify: {verstat: {SK_OK: no}}\n", "SK_OK" },
	{ "verify: {verstat: {none: failed}}\n", "none" },
	{ "verify: {verstat: {SK_IAT: failed}}\n", "SK_IAT" },
	{ "verify: {verstat: {sk_iat_stale: failed}}\n", "sk_iat_stale" },
	{ "verify: {verstat: {tokens: failed}}\n", "tokens" },
	{ "verify: {verstat: {token: passed}}\n", "passed" },
	{ "verify: {verstat: {token: TN-Validation-Passed}}\n", "Passed" },
	{ "verify: {verstat: {token: f}}\n", "verstat" },
	{ "verify: {verstat: {token: Failed}}\n", "Failed" },
	{ "verify: {verstat: {ours: failed}}\n", "ours" },
	{ "verify: {verstat: {SK_ENOMEM: failed}}\n", "SK_ENOMEM" },
	{ "verify: {verstat: {SK_BUSY: failed, token: no}}\n", "SK_BUSY" },
	{ "verify: {header-claim-code: 437}\n", "header-claim-code" },
	{ "verify: {typ-code: 436}\n", "typ-code" },
	{ "verify: {constraint-code: 436}\n", "constraint-code" },
	{ "verify: {typ-code: 403}\n", "typ-code" },
	{ MAN "sign: {bypass-value: \"a b\"}\n", "bypass-value" },
	{ MAN "sign: {bypass-value: \"a\\r\\nX: 1\"}\n", "not allowed" },
	{ MAN "sign: {bypass-value: \"\xc3\xa9\"}\n", "bypass-value" },
	{ "sign: {bypass: yes, bypass-value: \"a;b\"}\n", "bypass-value" },
};
/* clang-format on */

static void verstats(void)
{
	struct profile p;
	char why[256];

	for (size_t i = 0; i < SK_COUNT(maps); i++) {
		p = settled(maps[i].yaml);
		CHECK(p.verstat[maps[i].err] == maps[i].want, "%s%s: %d", maps[i].yaml,
		      sk_err_name(maps[i].err), p.verstat[maps[i].err]);
		CHECK(profile_outcome(&p, maps[i].err).verstat == maps[i].want, "%s", maps[i].yaml);
		/* whatever was written: Passed is for SK_OK alone, and a fault of ours blames
		 * nobody */
		for (int err = 0; err < SK_ERR_COUNT; err++) {
			CHECK((p.verstat[err] == SK_VERSTAT_PASSED) == (err == SK_OK), "%s%s",
			      maps[i].yaml, sk_err_name((enum sk_err)err));
			CHECK(sk_err_class((enum sk_err)err) != SK_CLASS_OURS ||
				      p.verstat[err] == SK_VERSTAT_NO,
			      "%s%s", maps[i].yaml, sk_err_name((enum sk_err)err));
		}
	}
	for (size_t i = 0; i < SK_COUNT(refusals); i++) {
		CHECK(!settle(refusals[i].yaml, &p, why), "%s", refusals[i].yaml);
		CHECK(strstr(why, refusals[i].why), "%s: %s", refusals[i].yaml, why);
	}
	p = settled("");
	CHECK(profile_outcome(&p, SK_ERR_COUNT).code == 0, "no such outcome");
}

int main(void)
{
	profiles();
	codes();
	verstats();
	return check_result();
}
