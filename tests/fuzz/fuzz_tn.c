/*
 * A canonical text is a fixed point: read again it is itself.  A calling number is
 * plain E.164.  The first byte chooses the reader, the plan and the role.
 */
#include "shaken/tn.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sk_dialplan plans[] = {
	{ .country = "1", .international = "011", .digits_are_tn = true, .min_digits = 7 },
	{ .country = "33",
	  .international = "00",
	  .trunk = "0",
	  .digits_are_tn = true,
	  .min_digits = 7 },
	{ .country = "39", .international = "00" },
	{ .country = "" },
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_tn(const struct sk_party *party, const struct sk_dialplan *plan,
		     enum sk_role role)
{
	size_t len = strlen(party->text), digits = strspn(party->text, "0123456789");
	struct sk_party again;
	char text[SK_PARTY_SIZE + 1];

	must(len > 0 && len <= 32 && len == strspn(party->text, "0123456789*#"));
	if (role == SK_ROLE_ORIG)
		must(digits == len && len >= 7 && len <= SK_TN_DIGITS && party->text[0] != '0');
	if (digits != len || len < 7 || party->text[0] == '0')
		return;

	snprintf(text, sizeof(text), "+%s", party->text);
	must(sk_party_from_number(sk_span_of(text), plan, role, &again) == SK_OK);
	must(sk_party_eq(party, &again));
}

static void check_uri(const struct sk_party *party, const struct sk_dialplan *plan,
		      enum sk_role role)
{
	struct sk_party again;

	for (const char *at = party->text; *at; at++)
		must(*at > ' ' && *at <= '~' && !strchr("\"<>\\", *at));
	must(sk_party_from_uri(sk_span_of(party->text), plan, role, &again) == SK_OK);
	must(sk_party_eq(party, &again));
}

static void check_split(struct sk_span text)
{
	struct sk_span uri, params;

	if (sk_nameaddr_split(text, &uri, &params))
		return;

	must(uri.len > 0 && uri.ptr >= text.ptr && uri.ptr + uri.len <= params.ptr);
	must(params.ptr + params.len <= text.ptr + text.len);
	must(params.len == 0 || params.ptr[0] == ';');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;

	struct sk_span text = { (const char *)data + 1, size - 1 };
	const struct sk_dialplan *plan = &plans[data[0] & 3];
	enum sk_role role = data[0] & 4 ? SK_ROLE_DEST : SK_ROLE_ORIG;
	struct sk_party party;
	enum sk_err err;

	check_split(text);
	if (data[0] & 8)
		err = sk_party_from_uri(text, plan, role, &party);
	else if (data[0] & 16)
		err = sk_party_from_number(text, plan, role, &party);
	else
		err = sk_party_read(text, plan, role, &party);
	must(err == SK_OK || err == SK_REQUEST_SYNTAX || err == SK_TN_SYNTAX);
	if (!err && party.kind == SK_PARTY_TN)
		check_tn(&party, plan, role);
	if (!err && party.kind == SK_PARTY_URI)
		check_uri(&party, plan, role);

	return 0;
}
