/*
 * From settings to credentials that can sign.  A key's text is cleansed as soon as it is
 * parsed; from then on only the library holds the key.
 *
 * What surprises: a certificate that has ended is no reason to refuse when its next one has
 * taken over, or nothing could be started again after that.
 */
#include "redirector/keys/keystore_state.h"

#include "redirector/keys/secret.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Where a credential stands in the configuration, for its complaints. */
struct place {
	const char *group, *name; /* "sign." and "", or "credentials." and "NAME." */
	const char *next;         /* "" or "next-" */
};

struct loading {
	const struct tenant_conf *set;
	struct tokens *tokens;
	enum sk_url_rules rules;
	int64_t now;
	struct keystore *out;
	char *why;
};

/* The types that are signed. */
static const enum sk_ppt types[] = { SK_PPT_SHAKEN, SK_PPT_DIV, SK_PPT_RPH, SK_PPT_RCD };

SK_PRINTF(4, 5)
static bool refuse(struct loading *l, const struct place *at, const char *setting, const char *form,
		   ...)
{
	int n = snprintf(l->why, KEYSTORE_WHY_SIZE, "%s%.64s%s%s: ", at->group, at->name, at->next,
			 setting);
	va_list args;

	va_start(args, form);
	vsnprintf(l->why + n, KEYSTORE_WHY_SIZE - (size_t)n, form, args);
	va_end(args);
	return false;
}

static bool out_of_memory(struct loading *l)
{
	snprintf(l->why, KEYSTORE_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
	return false;
}

/* --- one certificate with its key --- */

static bool load_token_key(struct loading *l, const struct place *at, const char *uri,
			   struct keystore_entry *e)
{
	char reason[TOKEN_WHY_SIZE];

	if (!l->tokens)
		return refuse(l, at, "key", "a key in a token needs hsm.module");
	return token_key_new(l->tokens, uri, &e->token, reason) ||
	       refuse(l, at, "key", "%s", reason);
}

static bool load_key(struct loading *l, const struct place *at, const char *path,
		     struct keystore_entry *e)
{
	char reason[FILE_WHY_SIZE];
	char *text = NULL;
	size_t len;
	enum sk_err err;

	if (strncmp(path, "pkcs11:", 7) == 0)
		return load_token_key(l, at, path, e);
	if (!secret_read(path, SK_KEY_FILE_MAX, &text, &len, reason))
		return refuse(l, at, "key", "%.200s: %s", path, reason);
	err = sk_key_new(text, len, &e->key);
	file_free(text, len);
	return !err || refuse(l, at, "key", "%.200s: %s", path, sk_err_text(err));
}

static bool load_chain(struct loading *l, const struct place *at, struct keystore_entry *e)
{
	char reason[FILE_WHY_SIZE];
	char *text = NULL;
	size_t len;
	enum sk_err err;

	if (!file_read(e->certificate, FILE_PUBLIC, SK_CERT_FILE_MAX, &text, &len, reason))
		return refuse(l, at, "certificate", "%.200s: %s", e->certificate, reason);
	err = sk_chain_new(text, len, &e->chain);
	file_free(text, len);
	if (err) /* of that one the text speaks of an address */
		return refuse(l, at, "certificate", "%.200s: %s", e->certificate,
			      err == SK_FETCH_SYNTAX
				      ? "the file holds no certificate, or a broken one"
				      : sk_err_text(err));
	err = published_new(e->chain, &e->published);
	if (err)
		return refuse(l, at, "certificate", "%.200s: %s", e->certificate, sk_err_text(err));
	sk_chain_trim(e->chain, NULL, 0); /* a signer asks no issuer */
	return true;
}

/* A provider code covers what its holder has; a list may have several (RFC 8226, section 9). */
static bool has_spc(const struct sk_chain *chain, const char *spc)
{
	const struct sk_leaf *leaf = sk_chain_leaf(chain);

	for (size_t i = 0; leaf->has_tnauth && i < leaf->tnauth.count; i++)
		if (leaf->tnauth.entries[i].kind == SK_TNAUTH_SPC &&
		    strcmp(leaf->tnauth.entries[i].text, spc) == 0)
			return true;
	return false;
}

/* It is the key's, and for the provider that was stated. */
static bool check_chain(struct loading *l, const struct place *at, const char *spc,
			struct keystore_entry *e)
{
	enum sk_err err =
		e->token ? token_key_check(e->token, e->chain) : sk_key_check(e->key, e->chain);

	if (err == SK_SIGNER_AWAY)
		err = SK_OK; /* asked again with each signature */
	if (err)
		return refuse(l, at, "certificate", "%.200s: %s", e->certificate, sk_err_text(err));
	if (spc[0] && !has_spc(e->chain, spc))
		return refuse(l, at, "certificate", "%.200s: is not for provider code %.32s",
			      e->certificate, spc);
	return true;
}

static bool make_credentials(struct loading *l, const struct place *at, const char *x5u,
			     struct keystore_entry *e)
{
	struct sk_signer *signer = e->token ? token_key_signer(e->token) : sk_key_signer(e->key);

	for (size_t i = 0; i < SK_COUNT(types); i++) {
		enum sk_err err = sk_credential_new(sk_span_of(x5u), l->rules, types[i], signer,
						    &e->credentials[types[i]]);

		if (err)
			return refuse(l, at, "x5u", "%.200s: %s", x5u, sk_err_text(err));
	}
	return true;
}

static struct keystore_entry *entry_new(struct loading *l, const char *name,
					const char *certificate, bool next)
{
	struct keystore_entry *e = &l->out->entries[l->out->entry_count];

	e->name = strdup(name);
	e->certificate = strdup(certificate);
	e->next = next;
	l->out->entry_count++;
	return e->name && e->certificate ? e : NULL;
}

static bool load_entry(struct loading *l, const struct place *at, const struct credential_conf *set,
		       struct keystore_entry *e)
{
	bool next = e->next;

	if (!load_key(l, at, next && set->next_key[0] ? set->next_key : set->key, e))
		return false;
	if (e->certificate[0] && (!load_chain(l, at, e) || !check_chain(l, at, set->spc, e)))
		return false;
	return make_credentials(l, at, next && set->next_x5u[0] ? set->next_x5u : set->x5u, e);
}

/* --- one credential --- */

static bool check_time(struct loading *l, const struct place *at, const struct keystore_entry *e,
		       const struct keystore_entry *next)
{
	enum sk_err err = e->chain ? sk_chain_valid_at(e->chain, l->now) : SK_OK;
	enum sk_err later = next ? sk_chain_valid_at(next->chain, l->now) : SK_CERT_NOT_YET;
	const struct place next_at = { at->group, at->name, "next-" };

	if (err && later)
		return refuse(l, at, "certificate", "%.200s: %s", e->certificate, sk_err_text(err));
	if (later == SK_CERT_EXPIRED)
		return refuse(l, &next_at, "certificate", "%.200s: %s", next->certificate,
			      sk_err_text(later));
	return true;
}

static bool load_next(struct loading *l, const struct place *at, const struct credential_conf *set,
		      struct keystore_entry **out)
{
	const struct place next_at = { at->group, at->name, "next-" };
	struct keystore_entry *e;

	if (!set->next_certificate[0])
		return (!set->next_key[0] && !set->next_x5u[0]) ||
		       refuse(l, &next_at, "certificate", "is not set, and the rest of it is");
	e = entry_new(l, set->name, set->next_certificate, true);
	if (!e)
		return out_of_memory(l);
	*out = e;
	return load_entry(l, &next_at, set, e);
}

static bool add_patterns(struct loading *l, const struct place *at,
			 const struct credential_conf *set)
{
	char reason[PATTERNS_WHY_SIZE];

	for (size_t i = 0; i < set->numbers.count; i++)
		if (!patterns_add(l->out->patterns, sk_span_of(set->numbers.items[i]),
				  l->out->member_count, reason))
			return refuse(l, at, "numbers", "%s", reason);
	return true;
}

static bool load_member(struct loading *l, const struct place *at,
			const struct credential_conf *set)
{
	struct keystore *k = l->out;
	struct keystore_member *m = &k->members[k->member_count];
	struct keystore_entry *e, *next = NULL;

	if (!set->key[0])
		return refuse(l, at, "key", "is not set");
	for (size_t i = 0; i < k->member_count; i++)
		if (strcmp(k->entries[k->members[i].first].name, set->name) == 0)
			return refuse(l, at, "key", "there is a credential of this name already");
	if (set->spc[0] && !set->certificate[0])
		return refuse(l, at, "spc", "needs a certificate to be compared with");
	m->first = k->entry_count;
	e = entry_new(l, set->name, set->certificate, false);
	if (!e)
		return out_of_memory(l);
	if (!load_entry(l, at, set, e) || !load_next(l, at, set, &next) ||
	    !check_time(l, at, e, next) || !add_patterns(l, at, set))
		return false;
	m->spc = strdup(set->spc);
	if (!m->spc)
		return out_of_memory(l);
	m->count = k->entry_count - m->first;
	k->member_count++;
	return true;
}

/* --- all of them --- */

static bool load_default(struct loading *l)
{
	const struct sign_conf *sign = &l->set->sign;
	char name[] = "default", none[] = "";
	const struct place at = { "sign.", "", "" };
	const struct credential_conf set = {
		.name = name,
		.key = sign->key,
		.certificate = sign->certificate,
		.x5u = sign->x5u,
		.next_key = none,
		.next_certificate = none,
		.next_x5u = none,
		.spc = none,
	};

	return !sign->key[0] || load_member(l, &at, &set);
}

static bool load_named(struct loading *l)
{
	const struct credential_conf *all = l->set->credentials.items;

	for (size_t i = 0; i < l->set->credentials.count; i++) {
		char name[72];
		const struct place at = { "credentials.", name, "" };

		snprintf(name, sizeof(name), "%.64s.", all[i].name);
		if (!load_member(l, &at, &all[i]))
			return false;
	}
	return true;
}

/* The one named "default"; or the only one there is, unless it is for certain numbers. */
static ptrdiff_t find_usual(const struct loading *l)
{
	const struct keystore *k = l->out;
	const struct credential_conf *all = l->set->credentials.items;

	for (size_t i = 0; i < k->member_count; i++)
		if (strcmp(k->entries[k->members[i].first].name, "default") == 0)
			return (ptrdiff_t)i;
	return k->member_count == 1 && all[0].numbers.count == 0 ? 0 : KEYSTORE_NOBODY;
}

static bool settle(struct loading *l)
{
	struct keystore *k = l->out;
	char reason[PATTERNS_WHY_SIZE];
	size_t both[2];

	if (!patterns_settle(k->patterns, both, reason)) {
		snprintf(l->why, KEYSTORE_WHY_SIZE,
			 "credentials.%.64s.numbers: %s is one of credentials.%.64s, too",
			 k->entries[k->members[both[1]].first].name, reason,
			 k->entries[k->members[both[0]].first].name);
		return false;
	}
	k->usual = find_usual(l);
	return true;
}

static bool make_room(struct loading *l, size_t members)
{
	struct keystore *k = l->out;

	k->entries = calloc(2 * members, sizeof(*k->entries));
	k->members = calloc(members, sizeof(*k->members));
	k->patterns = patterns_new();
	return (k->entries && k->members && k->patterns) || out_of_memory(l);
}

bool keystore_load(const struct tenant_conf *set, struct tokens *tokens, enum sk_url_rules rules,
		   int64_t now, struct keystore **out, char why[KEYSTORE_WHY_SIZE])
{
	size_t members = set->credentials.count + (set->sign.key[0] != '\0');
	SK_CLEANUP(keystore_free_p) struct keystore *k = NULL;
	struct loading l = { set, tokens, rules, now, NULL, why };

	if (members == 0) {
		*out = NULL;
		return true;
	}
	k = l.out = calloc(1, sizeof(*k));
	if (!k)
		return out_of_memory(&l);
	if (!make_room(&l, members) || !load_default(&l) || !load_named(&l) || !settle(&l))
		return false;
	*out = sk_steal(k);
	return true;
}
