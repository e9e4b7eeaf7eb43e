/*
 * The table is the whole of it: a new country is a new row.  The verstat starts as
 * ATIS-1000082 has it, for every outcome; the configuration changes single ones or
 * a class, and can never turn a failure into Passed.
 */
#include "redirector/call/profile.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct profile rows[] = {
	/* ATIS-1000074 and ATIS-1000082: the calling number is what the network asserts */
	[PROFILE_ATIS] = {
		.orig_source = ORIG_PAI_FIRST, .date_check = DATE_IAT_ONLY, .reason = REASON_STIR,
		.header_claim_code = 436, .typ_code = 437, .constraint_code = 438,
	},
	/* RFC 8224: From alone (4.1); whatever is wrong inside a token is 438 (6.2.2) */
	[PROFILE_RFC8224] = {
		.orig_source = ORIG_FROM_ONLY, .date_check = DATE_RFC, .reason = REASON_STIR,
		.header_claim_code = 438, .typ_code = 438, .constraint_code = 438,
	},
	/* French MAN: From unless anonymous, Date and Identity are there, four parts and no more */
	[PROFILE_MAN] = {
		.orig_source = ORIG_FROM_FIRST, .date_check = DATE_STRICT, .reason = REASON_SIP,
		.alg_required = true, .extra_params_refused = true, .unknown_ppt_refused = true,
		.identity_required = true,
		.sign_bypass = true, .verify_bypass = true, .diversion = true,
		.header_claim_code = 436, .typ_code = 437, .constraint_code = 438,
	},
};
/* clang-format on */

static void choose(enum conf_by_profile choice, bool *out)
{
	if (choice != CHOICE_BY_PROFILE)
		*out = choice == CHOICE_YES;
}

/* By a class or by the outcome's own name: "token", "SK_IAT_STALE". */
static bool names(const char *key, enum sk_err err, bool by_class)
{
	return strcmp(key, by_class ? sk_class_name(sk_err_class(err)) : sk_err_name(err)) == 0;
}

static bool is_key(const char *key)
{
	for (int err = SK_OK + 1; err < SK_ERR_COUNT; err++)
		if (names(key, (enum sk_err)err, true) || names(key, (enum sk_err)err, false))
			return true;
	return false;
}

/* SK_OK can be named by nothing: no map makes of Passed something else, nor anything Passed. */
static void say(struct profile *out, const char *key, enum sk_verstat verstat, bool by_class)
{
	for (int err = SK_OK + 1; err < SK_ERR_COUNT; err++)
		if (names(key, (enum sk_err)err, by_class))
			out->verstat[err] = verstat;
}

/* A fault of ours proves nothing about the caller. */
static bool blames_us(const struct profile *p, char why[256])
{
	for (int err = SK_OK + 1; err < SK_ERR_COUNT; err++) {
		if (sk_err_class((enum sk_err)err) != SK_CLASS_OURS ||
		    p->verstat[err] == SK_VERSTAT_NO)
			continue;
		snprintf(why, 256, "verify.verstat: %s is a fault of ours and cannot be failed",
			 sk_err_name((enum sk_err)err));
		return true;
	}
	return false;
}

static bool settle_verstat(const struct text_map *map, struct profile *out, char why[256])
{
	for (int err = 0; err < SK_ERR_COUNT; err++)
		out->verstat[err] = sk_outcome((enum sk_err)err)->verstat;

	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->values[i], "failed") != 0 && strcmp(map->values[i], "no") != 0) {
			snprintf(why, 256, "verify.verstat: %.80s: %.80s is neither no nor failed",
				 map->keys[i], map->values[i]);
			return false;
		}
		if (!is_key(map->keys[i])) {
			snprintf(why, 256,
				 "verify.verstat: %.80s is neither an outcome nor a class",
				 map->keys[i]);
			return false;
		}
	}
	/* first the classes: a mapping has no order, and the single outcome means it more */
	for (size_t i = 0; i < 2 * map->count; i++) {
		size_t at = i % map->count;

		say(out, map->keys[at],
		    map->values[at][0] == 'f' ? SK_VERSTAT_FAILED : SK_VERSTAT_NO, i < map->count);
	}
	return !blames_us(out, why);
}

/* Of the codes that a setting can be written with, those that some document has at this place. */
static bool choose_code(const char *name, enum conf_code_choice choice, enum conf_code_choice other,
			unsigned *out, char why[256])
{
	if (choice == CODE_BY_PROFILE)
		return true;
	if (choice != other && choice != CODE_438) {
		snprintf(why, 256, "verify.%s: %d is in no document; allowed: %d, 438", name,
			 (int)choice, (int)other);
		return false;
	}
	*out = (unsigned)choice;
	return true;
}

static bool settle_codes(const struct verify_conf *set, struct profile *out, char why[256])
{
	return choose_code("header-claim-code", set->header_claim_code, CODE_436,
			   &out->header_claim_code, why) &&
	       choose_code("typ-code", set->typ_code, CODE_437, &out->typ_code, why) &&
	       choose_code("constraint-code", set->constraint_code, CODE_437, &out->constraint_code,
			   why);
}

/* RFC 3261, 25.1: a token, or it could end the header it is the value of. */
static bool is_token(const char *text)
{
	return text[0] && text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					    "0123456789-.!%*_+`'~")] == '\0';
}

bool profile_settle(const struct tenant_conf *conf, struct profile *out, char why[256])
{
	struct profile p = rows[conf->profile];

	if (conf->sign.orig_source != ORIG_BY_PROFILE)
		p.orig_source = conf->sign.orig_source;
	if (conf->verify.date_check != DATE_BY_PROFILE)
		p.date_check = conf->verify.date_check;
	if (conf->answer.reason != REASON_BY_PROFILE)
		p.reason = conf->answer.reason;
	choose(conf->verify.alg_required, &p.alg_required);
	choose(conf->verify.extra_params_refused, &p.extra_params_refused);
	choose(conf->verify.unknown_ppt_refused, &p.unknown_ppt_refused);
	choose(conf->verify.identity_required, &p.identity_required);
	choose(conf->verify.bypass, &p.verify_bypass);
	choose(conf->sign.bypass, &p.sign_bypass);
	choose(conf->sign.diversion, &p.diversion);
	if (p.sign_bypass && !is_token(conf->sign.bypass_value)) {
		snprintf(why, 256, "sign.bypass-value: %.80s is not a token",
			 conf->sign.bypass_value);
		return false;
	}
	if (!settle_codes(&conf->verify, &p, why) ||
	    !settle_verstat(&conf->verify.verstat, &p, why))
		return false;
	*out = p;
	return true;
}

static void set_code(struct sk_outcome *row, unsigned code)
{
	row->code = (uint16_t)code;
	row->phrase = code == 436   ? "Bad Identity Info"
		      : code == 437 ? "Unsupported Credential"
				    : "Invalid Identity Header";
}

struct sk_outcome profile_outcome(const struct profile *profile, enum sk_err err)
{
	struct sk_outcome row = *sk_outcome(err);

	if (err == SK_HEADER_CLAIM)
		set_code(&row, profile->header_claim_code);
	else if (err == SK_TYP_INVALID)
		set_code(&row, profile->typ_code);
	else if (err == SK_CONSTRAINT)
		set_code(&row, profile->constraint_code);
	if ((unsigned)err < SK_ERR_COUNT)
		row.verstat = profile->verstat[err];
	return row;
}
