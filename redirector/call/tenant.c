/*
 * What a call needs of the configuration, made once: choices, keys, policy.
 */
#include "redirector/call/tenant.h"

#include <stdio.h>
#include <stdlib.h>

static bool settle(struct tenant *t, char why[KEYSTORE_WHY_SIZE])
{
	const struct verify_conf *set = &t->set->verify;

	if (!profile_settle(t->set, &t->profile, why))
		return false;
	t->verify = (struct sk_verify_policy){
		.max_age = set->max_age,
		.max_skew = set->max_skew,
		.alg_required = t->profile.alg_required,
		.extra_params_refused = t->profile.extra_params_refused,
		.unknown_ppt_refused = t->profile.unknown_ppt_refused,
		.url_rules = t->conf->certs.lab ? SK_URL_LAB : SK_URL_STRICT,
	};
	return true;
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
	if (!settle(t, why) ||
	    !keystore_load(&t->set->sign, t->verify.url_rules, now, &t->keys, why))
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
