/*
 * Choosing is two questions: which credential (by name, by provider code, by number, the
 * usual one), and which of its certificates.  Nothing is switched at a moment: each call asks
 * by its own time, so the next certificate takes over without anybody doing something.
 */
#include "redirector/keys/keystore_state.h"

#include <stdatomic.h>
#include <stdlib.h>

static void entry_deinit(struct keystore_entry *e)
{
	for (size_t i = 0; i < SK_COUNT(e->credentials); i++)
		sk_credential_free(e->credentials[i]);
	published_free(e->published);
	sk_chain_free(e->chain);
	sk_key_free(e->key);
	token_key_unref(e->token);
	free(e->certificate);
	free(e->name);
}

void keystore_free(struct keystore *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->entry_count; i++)
		entry_deinit(&k->entries[i]);
	free(k->entries);
	for (size_t i = 0; i < k->member_count; i++)
		free(k->members[i].spc);
	free(k->members);
	patterns_free(k->patterns);
	free(k);
}

static const struct keystore_member *by_name(const struct keystore *k, struct sk_span name)
{
	for (size_t i = 0; i < k->member_count; i++)
		if (sk_span_eq(name, sk_span_of(k->entries[k->members[i].first].name)))
			return &k->members[i];
	return NULL;
}

static const struct keystore_member *by_number(const struct keystore *k,
					       const struct sk_party *orig)
{
	size_t owner;

	return orig && orig->kind == SK_PARTY_TN &&
			       patterns_find(k->patterns, sk_span_of(orig->text), &owner)
		       ? &k->members[owner]
		       : NULL;
}

/* @param numbers  The one that has the number; NULL: none */
static const struct keystore_member *by_spc(const struct keystore *k, struct sk_span spc,
					    const struct keystore_member *numbers)
{
	if (numbers && sk_span_eq(spc, sk_span_of(numbers->spc)))
		return numbers;
	for (size_t i = 0; i < k->member_count; i++)
		if (sk_span_eq(spc, sk_span_of(k->members[i].spc)))
			return &k->members[i];
	return NULL;
}

static bool has_x5u(const struct keystore_entry *e, struct sk_span x5u)
{
	return sk_span_eq(x5u, sk_span_of(sk_credential_x5u(e->credentials[SK_PPT_SHAKEN])));
}

/* Several entries may have one address: a certificate and the next one. */
static const struct keystore_member *by_x5u(const struct keystore *k, struct sk_span x5u)
{
	for (size_t i = 0; i < k->member_count; i++)
		for (size_t j = 0; j < k->members[i].count; j++)
			if (has_x5u(&k->entries[k->members[i].first + j], x5u))
				return &k->members[i];
	return NULL;
}

static const struct keystore_member *wanted(const struct keystore *k,
					    const struct keystore_wish *wish)
{
	const struct keystore_member *numbers;

	if (wish->x5u.len > 0)
		return by_x5u(k, wish->x5u);
	if (wish->name.len > 0)
		return by_name(k, wish->name);
	numbers = by_number(k, wish->orig);
	if (wish->spc.len > 0)
		return by_spc(k, wish->spc, numbers);
	if (numbers)
		return numbers;
	return k->usual == KEYSTORE_NOBODY ? NULL : &k->members[k->usual];
}

/* RFC 8224, 6.1, step 3: the time of signing and the Date must both lie within */
static bool is_valid(const struct keystore_entry *e, int64_t now, int64_t iat)
{
	return !e->chain ||
	       (!sk_chain_valid_at(e->chain, now) && !sk_chain_valid_at(e->chain, iat));
}

static bool became_valid_later(const struct keystore_entry *a, const struct keystore_entry *b)
{
	if (!a->chain || !b->chain)
		return a->chain != NULL;
	return sk_chain_leaf(a->chain)->not_before > sk_chain_leaf(b->chain)->not_before;
}

enum sk_err keystore_choose(const struct keystore *k, const struct keystore_wish *wish, int64_t now,
			    int64_t iat, const struct keystore_entry **out)
{
	const struct keystore_member *m = k ? wanted(k, wish) : NULL;
	const struct keystore_entry *best = NULL;
	bool refused = !m;

	for (size_t i = 0; m && i < m->count; i++) {
		const struct keystore_entry *e = &k->entries[m->first + i];

		if (!is_valid(e, now, iat) || (wish->x5u.len > 0 && !has_x5u(e, wish->x5u)))
			continue;
		if (atomic_load_explicit(&e->refused, memory_order_relaxed))
			refused = true;
		else if (!best || became_valid_later(e, best))
			best = e;
	}
	if (!best)
		return refused ? SK_NO_CREDENTIAL : SK_SIGNER_EXPIRED;
	*out = best;
	return SK_OK;
}

const struct sk_credential *keystore_credential(const struct keystore_entry *e, enum sk_ppt ppt)
{
	return (unsigned)ppt < SK_COUNT(e->credentials) ? e->credentials[ppt] : NULL;
}

const char *keystore_name(const struct keystore_entry *e)
{
	return e->name;
}

struct token_key *keystore_token(const struct keystore_entry *e)
{
	return e->token;
}

size_t keystore_count(const struct keystore *k)
{
	return k ? k->entry_count : 0;
}

void keystore_at(const struct keystore *k, size_t i, struct keystore_cert *out)
{
	const struct keystore_entry *e = &k->entries[i];

	*out = (struct keystore_cert){
		.name = e->name,
		.x5u = sk_credential_x5u(e->credentials[SK_PPT_SHAKEN]),
		.certificate = e->certificate,
		.chain = e->chain,
		.published = e->published,
		.next = e->next,
		.entry = e,
	};
}

void keystore_refuse(struct keystore *k, size_t i, bool refuse)
{
	atomic_store_explicit(&k->entries[i].refused, refuse, memory_order_relaxed);
}

/* Of a credential that has a next certificate the end is that of the last. */
static int64_t member_end(const struct keystore *k, const struct keystore_member *m)
{
	int64_t end = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct sk_chain *chain = k->entries[m->first + i].chain;
		int64_t after = chain ? sk_chain_leaf(chain)->not_after : 0;

		end = after > end ? after : end;
	}
	return end;
}

int64_t keystore_not_after(const struct keystore *k)
{
	int64_t first = 0;

	for (size_t i = 0; k && i < k->member_count; i++) {
		int64_t end = member_end(k, &k->members[i]);

		if (end > 0 && (first == 0 || end < first))
			first = end;
	}
	return first;
}
