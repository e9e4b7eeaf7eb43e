/*
 * What a call needs of the configuration, made once: choices, keys, policy, counters.  The
 * main file's tenant reads its settings in a struct conf that it holds; one with a file of its
 * own has them to itself.
 */
#include "redirector/call/tenant.h"

#include "config/tenant_file.h"
#include "redirector/certs/configured.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static bool settle(struct tenant *t, bool lab, char why[KEYSTORE_WHY_SIZE])
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
		.url_rules = lab ? SK_URL_LAB : SK_URL_STRICT,
	};
	return true;
}

/* The slot "TENANT/TRUNK" of a trunk with a limit of its own. */
static struct tally_slot *trunk_slot(struct tally *tally, const char *tenant, const char *trunk)
{
	char name[TALLY_NAME_SIZE];
	int len = snprintf(name, sizeof(name), "%s/%s", tenant, trunk);

	if (len < 0 || (size_t)len >= sizeof(name))
		return NULL;
	return tally_slot(tally, (struct sk_span){ name, (size_t)len });
}

/* A limit that nobody can count is no limit: better to say so than to let everything pass. */
static bool no_room(const char *setting, const char *name, char why[KEYSTORE_WHY_SIZE])
{
	snprintf(why, KEYSTORE_WHY_SIZE,
		 "%s: no room to count for %s (tenants.max; a restart forgets who is gone)",
		 setting, name);
	return false;
}

/* Counters are shared, and one tenant must leave room for the others. */
static bool too_many(const struct tenant *t, char why[KEYSTORE_WHY_SIZE])
{
	snprintf(why, KEYSTORE_WHY_SIZE, "trunks.*.rate: %s has more than %d trunks with a rate",
		 t->set->name, TALLY_TRUNKS_MAX);
	return false;
}

static bool count_trunks(struct tenant *t, struct tally *tally, char why[KEYSTORE_WHY_SIZE])
{
	const struct trunk_conf *trunks = t->set->trunks.items;
	size_t count = t->set->trunks.count, rated = 0;

	if (count == 0)
		return true;
	t->trunks = calloc(count, sizeof(struct tally_slot *));
	if (!t->trunks) {
		snprintf(why, KEYSTORE_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (trunks[i].rate == 0)
			continue;
		if (rated++ == TALLY_TRUNKS_MAX)
			return too_many(t, why);
		if (!tally)
			continue;
		t->trunks[i] = trunk_slot(tally, t->set->name, trunks[i].name);
		if (!t->trunks[i])
			return no_room("trunks.*.rate", trunks[i].name, why);
	}
	return true;
}

/* Slots come last: what is refused before takes none. */
static bool count_calls(struct tenant *t, struct tally *tally, char why[KEYSTORE_WHY_SIZE])
{
	const struct limits_conf *limits = &t->set->limits;

	if (tally)
		t->tally = tally_slot(tally, sk_span_of(t->set->name));
	if (tally && !t->tally && (limits->rate > 0 || limits->fetches > 0 || limits->waiting > 0))
		return no_room("limits", t->set->name, why);
	return count_trunks(t, tally, why);
}

/* Those of the main file vouch for its own tenant's calls alone. */
static bool load_certificates(struct tenant *t, char why[KEYSTORE_WHY_SIZE])
{
	if (!t->own)
		return true;
	t->certs.fetch = t->set->verify.fetch;
	return t->set->verify.certificates.count == 0 ||
	       configured_load(&t->set->verify.certificates, &t->certs.configured, why);
}

static bool build(struct tenant *t, const struct tenant_parts *parts, char why[KEYSTORE_WHY_SIZE])
{
	t->table = parts->tally;
	return settle(t, parts->lab, why) &&
	       (parts->keyless || keystore_load(t->set, parts->tokens, t->verify.url_rules,
						parts->clock->wall(parts->clock), &t->keys, why)) &&
	       load_certificates(t, why) && count_calls(t, parts->tally, why);
}

static struct tenant *alloc(char why[KEYSTORE_WHY_SIZE])
{
	struct tenant *t = calloc(1, sizeof(*t));

	if (!t) {
		snprintf(why, KEYSTORE_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
		return NULL;
	}
	atomic_init(&t->refs, 1);
	return t;
}

struct tenant *tenant_new(struct conf *conf, const struct tenant_parts *parts,
			  char why[KEYSTORE_WHY_SIZE])
{
	SK_CLEANUP(tenant_unref_p) struct tenant *t = alloc(why);

	if (!t)
		return NULL;
	t->conf = conf_ref(conf);
	t->set = &conf->tenant;
	return build(t, parts, why) ? sk_steal(t) : NULL;
}

struct tenant *tenant_of_file(struct tenant_conf *set, const struct tenant_parts *parts,
			      char why[KEYSTORE_WHY_SIZE])
{
	SK_CLEANUP(tenant_unref_p) struct tenant *t = alloc(why);

	if (!t) {
		tenant_conf_free(set);
		return NULL;
	}
	t->own = set;
	t->set = set;
	return build(t, parts, why) ? sk_steal(t) : NULL;
}

struct tenant *tenant_ref(struct tenant *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void tenant_unref(struct tenant *t)
{
	/* what others did with it has happened before the last one frees */
	if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) > 1)
		return;
	if (t->free_source)
		t->free_source(t->source);
	for (size_t i = 0; t->trunks && i < t->set->trunks.count; i++)
		tally_drop(t->table, t->trunks[i]);
	free((void *)t->trunks);
	keystore_free(t->keys);
	configured_free(t->certs.configured);
	tenant_conf_free(t->own);
	conf_unref(t->conf);
	free(t);
}
