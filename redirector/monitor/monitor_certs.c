/*
 * All tenants' certificates by what is left of them, and by name those that end soonest.  A
 * certificate whose successor is on file is counted all the same: the successor is another.
 */
#include "redirector/monitor/monitor_state.h"

#include <stdio.h>
#include <string.h>

enum {
	DAY = 86400,
};

const int64_t monitor_days[MONITOR_DAYS] = { 0, 1, 3, 7, 14, 30, INT64_MAX };

static size_t bucket_of(int64_t left)
{
	size_t i = 0;

	if (left <= 0)
		return 0;
	for (i = 1; i < MONITOR_DAYS - 1 && left > monitor_days[i] * DAY; i++)
		;
	return i;
}

static void set(struct seen_cert *to, const struct tenant *tenant, const struct keystore_cert *cert,
		const struct sk_leaf *leaf)
{
	*to = (struct seen_cert){ .next = cert->next,
				  .not_before = leaf->not_before,
				  .not_after = leaf->not_after };
	snprintf(to->tenant, sizeof(to->tenant), "%s", tenant->set->name);
	snprintf(to->credential, sizeof(to->credential), "%s", cert->name);
}

static void add(struct seen_certs *out, const struct tenant *tenant,
		const struct keystore_cert *cert, int64_t now)
{
	const struct sk_leaf *leaf = sk_chain_leaf(cert->chain);
	size_t at = out->count;

	out->total++;
	out->by_days[bucket_of(leaf->not_after - now)]++;
	while (at > 0 && out->items[at - 1].not_after > leaf->not_after)
		at--;
	if (at == MONITOR_CERTS_MAX)
		return;
	if (out->count < MONITOR_CERTS_MAX)
		out->count++;
	memmove(&out->items[at + 1], &out->items[at],
		(out->count - at - 1) * sizeof(out->items[0]));
	set(&out->items[at], tenant, cert, leaf);
}

/* Could it sign at this moment, with any of its credentials? */
static bool is_able(const struct tenant *tenant, int64_t now)
{
	for (size_t i = 0; i < keystore_count(tenant->keys); i++) {
		const struct keystore_entry *entry = NULL;
		struct keystore_cert cert;
		struct keystore_wish wish;

		keystore_at(tenant->keys, i, &cert);
		wish = (struct keystore_wish){ .name = sk_span_of(cert.name) };
		if (keystore_choose(tenant->keys, &wish, now, now, &entry) == SK_OK)
			return true;
	}
	return false;
}

/* Without one, who leaves the mode at auto may only want to sign. */
static bool has_trust(const struct conf *conf)
{
	return conf->trust.anchors.count > 0 || conf->trust.ca_list[0] != '\0' ||
	       conf->trust.ca_list_url[0] != '\0';
}

static void look_at(const struct tenant *tenant, bool trust, int64_t now, struct seen_certs *out)
{
	enum conf_mode mode = tenant->set->mode;

	out->verifiers += mode == MODE_VERIFY || (mode == MODE_AUTO && trust);
	if (mode == MODE_SIGN || (mode == MODE_AUTO && tenant->keys)) {
		out->signers++;
		out->signers_able += tenant->keys && is_able(tenant, now);
	}
	for (size_t i = 0; tenant->keys && i < keystore_count(tenant->keys); i++) {
		struct keystore_cert cert;

		keystore_at(tenant->keys, i, &cert);
		if (cert.chain)
			add(out, tenant, &cert, now);
	}
}

void monitor_certs(const struct directory *directory, int64_t now, struct seen_certs *out)
{
	const struct tenant *fallback = directory_fallback(directory);
	const bool trust = has_trust(directory_conf(directory));

	memset(out, 0, sizeof(*out));
	if (fallback)
		look_at(fallback, trust, now, out);
	for (size_t i = 0; i < directory_count(directory); i++)
		look_at(directory_at(directory, i), trust, now, out);
}
