/*
 * Tenants, by what they are matched by (match.h) and by name.  The fallback is not in the
 * index: it is asked when nobody else took the request, and even then its sources must hold,
 * since a tenant's network is no reason to speak for somebody else.
 */
#include "redirector/call/directory.h"

#include "redirector/call/match.h"
#include "redirector/call/match_values.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct directory {
	_Atomic unsigned refs;
	struct conf *conf;
	struct tenant *fallback; /* NULL: none */
	struct tenant **tenants;
	size_t count;
	struct match *match;
	struct tenant **names; /* open addressing by name, at most half full; NULL: free */
	size_t name_mask;
};

static struct tenant **name_slot(const struct directory *d, struct sk_span name)
{
	for (size_t i = hash_text(name) & d->name_mask;; i = (i + 1) & d->name_mask) {
		struct tenant **slot = &d->names[i];

		if (!*slot || sk_span_eq(sk_span_of((*slot)->set->name), name))
			return slot;
	}
}

static bool add_name(struct directory *d, struct tenant *tenant, char why[DIRECTORY_WHY_SIZE])
{
	struct tenant **slot = name_slot(d, sk_span_of(tenant->set->name));

	if (*slot) {
		snprintf(why, DIRECTORY_WHY_SIZE, "two tenants are called %s", tenant->set->name);
		return false;
	}
	*slot = tenant;
	return true;
}

static bool add_tenant(struct directory *d, struct tenant *tenant, char why[DIRECTORY_WHY_SIZE])
{
	const char *name = tenant->set->name;
	void *other = NULL;
	enum match_result result;

	if (!add_name(d, tenant, why))
		return false;
	result = match_add(d->match, &tenant->set->match, tenant, &other);
	if (result == MATCH_OK)
		return true;
	if (result == MATCH_CONFLICT)
		snprintf(
			why, DIRECTORY_WHY_SIZE,
			"tenants %s and %s have the same criteria (match), and nothing tells their "
			"requests apart",
			name, ((const struct tenant *)other)->set->name);
	else
		snprintf(why, DIRECTORY_WHY_SIZE, "tenant %s: %s", name, match_text(result));
	return false;
}

static bool fill(struct directory *d, struct tenant *const *tenants, size_t count,
		 char why[DIRECTORY_WHY_SIZE])
{
	if (d->fallback && !add_name(d, d->fallback, why))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!add_tenant(d, tenants[i], why))
			return false;
		d->tenants[d->count++] = tenant_ref(tenants[i]);
	}
	return true;
}

static bool alloc_tables(struct directory *d, size_t count)
{
	size_t slots = 4;

	while (slots < 2 * (count + 1))
		slots *= 2;
	d->name_mask = slots - 1;
	d->match = match_new(d->conf);
	d->tenants = calloc(count + 1, sizeof(struct tenant *));
	d->names = calloc(slots, sizeof(struct tenant *));
	return d->match && d->tenants && d->names &&
	       (!d->fallback || match_admit(d->match, &d->fallback->set->match.sources));
}

struct directory *directory_new(struct conf *conf, struct tenant *fallback,
				struct tenant *const *tenants, size_t count,
				char why[DIRECTORY_WHY_SIZE])
{
	SK_CLEANUP(directory_unref_p) struct directory *d = calloc(1, sizeof(*d));

	snprintf(why, DIRECTORY_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
	if (!d)
		return NULL;
	atomic_init(&d->refs, 1);
	d->conf = conf_ref(conf);
	d->fallback = fallback ? tenant_ref(fallback) : NULL;
	if (!alloc_tables(d, count) || !fill(d, tenants, count, why))
		return NULL;
	return sk_steal(d);
}

struct directory *directory_ref(struct directory *d)
{
	atomic_fetch_add_explicit(&d->refs, 1, memory_order_relaxed);
	return d;
}

void directory_unref(struct directory *d)
{
	if (!d || atomic_fetch_sub_explicit(&d->refs, 1, memory_order_acq_rel) > 1)
		return;
	match_free(d->match);
	for (size_t i = 0; i < d->count; i++)
		tenant_unref(d->tenants[i]);
	free((void *)d->tenants);
	free((void *)d->names);
	tenant_unref(d->fallback);
	conf_unref(d->conf);
	free(d);
}

struct conf *directory_conf(const struct directory *d)
{
	return d->conf;
}

bool directory_admits(const struct directory *d, const struct addr *source)
{
	return match_admits(d->match, source);
}

struct tenant *directory_find(const struct directory *d, const struct facts *facts)
{
	struct tenant *found = match_find(d->match, facts);

	if (found)
		return found;
	if (d->fallback && match_holds(d->conf, &d->fallback->set->match, facts))
		return d->fallback;
	return NULL;
}

struct tenant *directory_by_name(const struct directory *d, struct sk_span name)
{
	return *name_slot(d, name);
}

size_t directory_count(const struct directory *d)
{
	return d->count;
}

struct tenant *directory_at(const struct directory *d, size_t i)
{
	return d->tenants[i];
}

struct tenant *directory_fallback(const struct directory *d)
{
	return d->fallback;
}
