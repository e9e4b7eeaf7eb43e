/*
 * Who holds numbers may hand some of them on.  A service provider code in the
 * issuer's list stands for all numbers of that provider: which ones these are is
 * in no certificate, so such an issuer encompasses any number.
 */
#include "shaken/delegate.h"

#include "shaken/x509.h"

#include <string.h>

/* The numbers of an entry as an interval; false when it is no interval */
static bool interval(const struct sk_tnauth_entry *entry, uint64_t *first, uint64_t *last)
{
	uint64_t number = 0;

	for (const char *c = entry->text; *c; c++) {
		if (*c < '0' || *c > '9')
			return false;
		number = number * 10 + (uint64_t)(*c - '0');
	}
	*first = number;
	*last = entry->kind == SK_TNAUTH_RANGE ? number + entry->count - 1 : number;
	return true;
}

static bool has_spc(const struct sk_tnauth *list, const char *code)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].kind == SK_TNAUTH_SPC &&
		    (!code || strcmp(list->entries[i].text, code) == 0))
			return true;

	return false;
}

/* The last number up to which one entry of the list covers on from `at`; false: not even `at` */
static bool reach(const struct sk_tnauth *list, uint64_t at, size_t digits, uint64_t *end)
{
	bool found = false;

	for (size_t i = 0; i < list->count; i++) {
		const struct sk_tnauth_entry *entry = &list->entries[i];
		uint64_t first, last;

		if (entry->kind == SK_TNAUTH_SPC || strlen(entry->text) != digits ||
		    !interval(entry, &first, &last) || at < first || at > last)
			continue;
		if (!found || last > *end)
			*end = last;
		found = true;
	}
	return found;
}

static bool has_text(const struct sk_tnauth *list, const char *number)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].kind == SK_TNAUTH_ONE &&
		    strcmp(list->entries[i].text, number) == 0)
			return true;

	return false;
}

/* RFC 9060, section 4: the entries of a list add up, so a range may lie across several of them */
static bool encompasses_entry(const struct sk_tnauth *parent, const struct sk_tnauth_entry *child)
{
	const size_t digits = strlen(child->text);
	uint64_t at, last, end = 0;

	if (child->kind == SK_TNAUTH_SPC)
		return has_spc(parent, child->text);
	if (has_spc(parent, NULL))
		return true;
	if (!interval(child, &at, &last))
		return has_text(parent, child->text);

	while (reach(parent, at, digits, &end)) {
		if (end >= last)
			return true;
		at = end + 1;
	}
	return false;
}

static bool encompasses(const struct sk_tnauth *parent, const struct sk_tnauth *child)
{
	for (size_t i = 0; i < child->count; i++)
		if (!encompasses_entry(parent, &child->entries[i]))
			return false;

	return true;
}

enum sk_err sk_delegate_check(X509 *const *path, size_t count, const struct sk_tnauth *leaf)
{
	struct sk_tnauth child = *leaf, parent;
	bool present = false;

	for (size_t i = 1; i < count; i++) {
		if (sk_x509_tnauth(path[i], &present, &parent))
			return SK_CERT_TNAUTH;
		if (!present) /* a CA for all providers issues one code, and no numbers */
			return sk_tnauth_spc(&child) ? SK_OK : SK_CERT_TNAUTH;
		if (!encompasses(&parent, &child))
			return SK_CERT_TNAUTH;
		child = parent;
	}
	return SK_OK;
}
