/*
 * The rules of verify.*: what would be said of a call, and to whom.
 */
#include "config/check.h"

#include <string.h>

static void check_certificates(struct loading *l, const struct conf *conf)
{
	const struct text_map *map = &conf->tenant.verify.certificates;

	for (size_t i = 0; i < map->count; i++)
		check_url(l, conf, "verify.certificates", entry_place(l, "verify.certificates", i),
			  map->keys[i], "a certificate");
}

/* The documents disagree between two codes each; a third would be nobody's. */
static void check_codes(struct loading *l, const struct verify_conf *verify)
{
	const struct {
		const char *path;
		enum conf_code_choice code, never;
		const char *allowed;
	} rows[] = {
		{ "verify.header-claim-code", verify->header_claim_code, CODE_437, "436 | 438" },
		{ "verify.typ-code", verify->typ_code, CODE_436, "437 | 438" },
		{ "verify.constraint-code", verify->constraint_code, CODE_436, "437 | 438" },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++)
		if (rows[i].code == rows[i].never)
			complain(l, place_of(l, rows[i].path),
				 "%s: \"%d\" is no code for this; allowed: profile | %s",
				 rows[i].path, (int)rows[i].code, rows[i].allowed);
}

/* Is it an outcome of that name, or the class of one? */
static bool is_outcome(const char *key)
{
	for (int err = SK_OK + 1; err < SK_ERR_COUNT; err++)
		if (strcmp(key, sk_err_name((enum sk_err)err)) == 0 ||
		    strcmp(key, sk_class_name(sk_err_class((enum sk_err)err))) == 0)
			return true;
	return false;
}

static bool is_ours(const char *key)
{
	for (int err = SK_OK + 1; err < SK_ERR_COUNT; err++)
		if (strcmp(key, sk_err_name((enum sk_err)err)) == 0)
			return sk_err_class((enum sk_err)err) == SK_CLASS_OURS;
	return strcmp(key, sk_class_name(SK_CLASS_OURS)) == 0;
}

static void check_verstat(struct loading *l, const struct text_map *map)
{
	for (size_t i = 0; i < map->count; i++) {
		struct place place = entry_place(l, "verify.verstat", i);
		bool failed = strcmp(map->values[i], "failed") == 0;

		if (!is_outcome(map->keys[i]))
			complain(l, place,
				 "verify.verstat: \"%.80s\" is neither a failure, such as "
				 "SK_ORIG_MISMATCH, nor a class; allowed: input | absent | token | "
				 "stale | fetch | credential",
				 map->keys[i]);
		else if (!failed && strcmp(map->values[i], "no") != 0)
			complain(l, place,
				 "verify.verstat: \"%.80s\" is not known; allowed: no | failed",
				 map->values[i]);
		else if (failed && is_ours(map->keys[i]))
			complain(l, place,
				 "verify.verstat: \"%.80s\" is a fault of ours and says nothing of "
				 "the number; allowed: no",
				 map->keys[i]);
	}
}

static void check_effects(struct loading *l, const struct conf *conf)
{
	const struct verify_conf *verify = &conf->tenant.verify;

	if (verify->identity_required == CHOICE_YES && conf->tenant.mode == MODE_AUTO)
		warn(l, place_of(l, "verify.identity-required"),
		     "verify.identity-required: with tenant.mode: auto a call without Identity is "
		     "signed and not refused; give incoming calls an instance with mode: verify");
	if (verify->replay == REPLAY_REFUSE && verify->div)
		warn(l, place_of(l, "verify.replay"),
		     "verify.replay: \"refuse\" with verify.div: a call that was diverted and "
		     "comes "
		     "by a second time is refused as a replay; take report when that happens");
	if (verify->div && verify->div_max_age < verify->max_age)
		warn(l, place_of_either(l, "verify.div-max-age", "verify.max-age"),
		     "verify.div-max-age: %llds is less than verify.max-age, %llds, but the inner "
		     "PASSporTs of a diverted call are the older ones",
		     (long long)verify->div_max_age, (long long)verify->max_age);
	if (!verify->div && loading_node(l, "verify.div-max-age"))
		warn(l, place_of(l, "verify.div-max-age"),
		     "verify.div-max-age: has no effect without verify.div");
}

void check_verifying(struct loading *l, const struct conf *conf)
{
	check_certificates(l, conf);
	check_codes(l, &conf->tenant.verify);
	check_verstat(l, &conf->tenant.verify.verstat);
	check_effects(l, conf);
}
