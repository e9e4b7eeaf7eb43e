/*
 * Where documents disagree there is a profile: a row of choices, each of which
 * the configuration may set by itself (standards differ on all of these).
 */
#include "redirector/call/tenant.h"

#include <stdio.h>
#include <stdlib.h>

struct choices {
	enum conf_orig_source orig_source;
	enum conf_date_check date_check;
	bool alg_required;
	bool extra_params_refused;
	bool unknown_ppt_refused;
};

static const struct choices profiles[] = {
	/* ATIS-1000074 and RFC 8224, 6.2: the calling number is what the network asserts */
	[PROFILE_ATIS] = { ORIG_PAI_FIRST, DATE_IAT_ONLY, false, false, false },
	/* RFC 8224, 4.1: From alone */
	[PROFILE_RFC8224] = { ORIG_FROM_ONLY, DATE_RFC, false, false, false },
	/* French MAN: From unless anonymous, Date is checked, four parts and no more */
	[PROFILE_MAN] = { ORIG_FROM_FIRST, DATE_STRICT, true, true, true },
};

static bool choose(enum conf_by_profile choice, bool by_profile)
{
	return choice == CHOICE_BY_PROFILE ? by_profile : choice == CHOICE_YES;
}

static void settle(struct tenant *t)
{
	const struct tenant_conf *set = t->set;
	const struct choices *p = &profiles[set->profile];

	t->orig_source =
		set->sign.orig_source == ORIG_BY_PROFILE ? p->orig_source : set->sign.orig_source;
	t->date_check =
		set->verify.date_check == DATE_BY_PROFILE ? p->date_check : set->verify.date_check;
	t->verify = (struct sk_verify_policy){
		.max_age = set->verify.max_age,
		.max_skew = set->verify.max_skew,
		.alg_required = choose(set->verify.alg_required, p->alg_required),
		.extra_params_refused =
			choose(set->verify.extra_params_refused, p->extra_params_refused),
		.unknown_ppt_refused =
			choose(set->verify.unknown_ppt_refused, p->unknown_ppt_refused),
		.url_rules = t->conf->certs.lab ? SK_URL_LAB : SK_URL_STRICT,
	};
}

struct tenant *tenant_new(struct conf *conf, int64_t now, char why[KEYSTORE_WHY_SIZE])
{
	SK_CLEANUP(tenant_unref_p) struct tenant *t = calloc(1, sizeof(*t));

	if (!t) {
		snprintf(why, KEYSTORE_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
		return NULL;
	}
	t->refs = 1;
	t->conf = conf_ref(conf);
	t->set = &conf->tenant;
	settle(t);
	if (!keystore_load(&t->set->sign, t->verify.url_rules, now, &t->keys, why))
		return NULL;
	return sk_steal(t);
}

struct tenant *tenant_ref(struct tenant *t)
{
	t->refs++;
	return t;
}

void tenant_unref(struct tenant *t)
{
	if (!t || --t->refs > 0)
		return;
	keystore_free(t->keys);
	conf_unref(t->conf);
	free(t);
}

struct tenant *tenant_find(struct tenant *only, const struct facts *facts)
{
	(void)facts;
	return only;
}
