/*
 * One walk over the list, made twice: first only to judge, then to fill, so that
 * a bad last entry leaves the output as it was.
 */
#include "shaken/tnauth.h"

#include "shaken/der.h"

#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_spc_char(char c)
{
	return is_digit(c) || (c >= 'A' && c <= 'Z');
}

static bool is_number_char(char c)
{
	return is_digit(c) || c == '#' || c == '*';
}

/* Fills the `text` of an entry; checks each character */
static bool put_text(struct sk_span in, size_t max, bool (*allowed)(char), char *out)
{
	if (in.len == 0 || in.len > max)
		return false;
	for (size_t i = 0; i < in.len; i++)
		if (!allowed(in.ptr[i]))
			return false;

	memcpy(out, in.ptr, in.len);
	out[in.len] = '\0';
	return true;
}

static uint64_t number_of(const char *digits)
{
	uint64_t number = 0;

	for (; *digits; digits++)
		number = number * 10 + (uint64_t)(*digits - '0');

	return number;
}

/* The largest number of as many digits; at most 15 of them */
static uint64_t all_nines(size_t digits)
{
	uint64_t number = 0;

	while (digits-- > 0)
		number = number * 10 + 9;

	return number;
}

/* RFC 8226, section 9: [0] ServiceProviderCode */
static bool read_spc(struct sk_der in, struct sk_tnauth_entry *entry)
{
	struct sk_span text;

	entry->kind = SK_TNAUTH_SPC;
	return sk_der_text(&in, SK_DER_IA5, &text) && in.len == 0 &&
	       put_text(text, SK_SPC_SIZE - 1, is_spc_char, entry->text);
}

/* RFC 8226, section 9: [1] TelephoneNumberRange { start, count INTEGER (2..MAX) } */
static bool read_range(struct sk_der in, struct sk_tnauth_entry *entry)
{
	struct sk_span start;
	struct sk_der range;

	entry->kind = SK_TNAUTH_RANGE;
	if (!sk_der_only(in, SK_DER_SEQUENCE, &range))
		return false;
	if (!sk_der_text(&range, SK_DER_IA5, &start) || !sk_der_uint(&range, &entry->count))
		return false;
	/* counting on from a star has no meaning: digits only */
	if (range.len > 0 || !put_text(start, SK_TN_DIGITS, is_digit, entry->text))
		return false;

	return entry->count >= 2 &&
	       entry->count - 1 <= all_nines(start.len) - number_of(entry->text);
}

/* RFC 8226, section 9: [2] TelephoneNumber */
static bool read_one(struct sk_der in, struct sk_tnauth_entry *entry)
{
	struct sk_span text;

	entry->kind = SK_TNAUTH_ONE;
	return sk_der_text(&in, SK_DER_IA5, &text) && in.len == 0 &&
	       put_text(text, SK_TN_DIGITS, is_number_char, entry->text);
}

static bool read_entry(struct sk_der *list, struct sk_tnauth_entry *entry)
{
	struct sk_der value;
	uint8_t tag;

	*entry = (struct sk_tnauth_entry){ 0 };
	if (!sk_der_next(list, &tag, &value))
		return false;

	switch (tag) {
	case SK_DER_EXPLICIT + 0:
		return read_spc(value, entry);
	case SK_DER_EXPLICIT + 1:
		return read_range(value, entry);
	case SK_DER_EXPLICIT + 2:
		return read_one(value, entry);
	default:
		return false;
	}
}

enum sk_err sk_tnauth_parse(const uint8_t *der, size_t len, struct sk_tnauth *out)
{
	struct sk_tnauth_entry entry;
	struct sk_der list, rest;
	size_t count = 0;

	if (!sk_der_only((struct sk_der){ der, len }, SK_DER_SEQUENCE, &list))
		return SK_CERT_TNAUTH;

	for (rest = list; rest.len > 0; count++)
		if (count == SK_TNAUTH_MAX || !read_entry(&rest, &entry))
			return SK_CERT_TNAUTH;
	if (count == 0)
		return SK_CERT_TNAUTH;

	out->count = count;
	for (size_t i = 0; i < count; i++)
		if (!read_entry(&list, &out->entries[i]))
			return SK_CERT_TNAUTH;

	return SK_OK;
}

const char *sk_tnauth_spc(const struct sk_tnauth *list)
{
	if (list->count != 1 || list->entries[0].kind != SK_TNAUTH_SPC)
		return NULL;

	return list->entries[0].text;
}

static bool range_covers(const struct sk_tnauth_entry *range, const char *number)
{
	uint64_t start, wanted;

	/* the same number of digits, or 0123 would be 123 */
	if (strlen(number) != strlen(range->text) || strspn(number, "0123456789") != strlen(number))
		return false;

	start = number_of(range->text);
	wanted = number_of(number);
	return wanted >= start && wanted - start < range->count;
}

static bool entry_covers(const struct sk_tnauth_entry *entry, const char *number)
{
	switch (entry->kind) {
	case SK_TNAUTH_SPC:
		return true;
	case SK_TNAUTH_RANGE:
		return range_covers(entry, number);
	case SK_TNAUTH_ONE:
		return strcmp(entry->text, number) == 0;
	}
	return false;
}

bool sk_tnauth_covers(const struct sk_tnauth *list, const struct sk_party *number)
{
	if (number->kind != SK_PARTY_TN)
		return false;

	for (size_t i = 0; i < list->count; i++)
		if (entry_covers(&list->entries[i], number->text))
			return true;

	return false;
}
