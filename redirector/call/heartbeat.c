/*
 * A heartbeat is not verified and on no list, so nobody may look like one who calls somebody.
 * The called number has to be a dummy where the call goes, too; a calling one is enough only
 * where nothing is lost but a signature, and then in every header that could say another.
 */
#include "redirector/call/heartbeat.h"

/* The digits of a URI's user part, without separators; false for anything else. */
static bool read_digits(struct sk_span uri, char out[SK_PARTY_SIZE])
{
	const char *colon = memchr(uri.ptr, ':', uri.len);
	size_t len = 0;

	for (const char *c = colon ? colon + 1 : uri.ptr + uri.len; c < uri.ptr + uri.len; c++) {
		if (*c == ';' || *c == '@')
			break;
		if (memchr("+-.() ", *c, 6))
			continue;
		if (*c < '0' || *c > '9' || len >= SK_PARTY_SIZE - 1)
			return false;
		out[len++] = *c;
	}
	out[len] = '\0';
	return len > 0;
}

/* Do the two mean the same number?  In a plan of ten digits 9999999999 may come as +19999999999. */
static bool means(const struct tenant *t, struct sk_span uri, const char *dummy, enum sk_role role)
{
	const struct sk_dialplan *plan = &t->set->dialplan;
	struct sk_party a, b;

	return !sk_party_from_number(sk_span_of(dummy), plan, role, &a) &&
	       !sk_party_from_uri(uri, plan, role, &b) && sk_party_eq(&a, &b);
}

static bool is_dummy_uri(const struct tenant *t, struct sk_span uri, enum sk_role role)
{
	const struct text_list *dummies = &t->set->sign.dummies;
	char digits[SK_PARTY_SIZE];

	if (!read_digits(uri, digits))
		return false;
	for (size_t i = 0; i < dummies->count; i++) {
		const char *dummy = dummies->items[i];

		if (strcmp(digits, dummy) == 0)
			return true;
		/* every call comes by here: look closer only where the end is the same */
		if (dummy[0] && digits[strlen(digits) - 1] == dummy[strlen(dummy) - 1] &&
		    means(t, uri, dummy, role))
			return true;
	}
	return false;
}

static bool is_dummy(const struct tenant *t, struct sk_span value, enum sk_role role)
{
	struct sk_span uri, params;

	return !sk_nameaddr_split(value, &uri, &params) && is_dummy_uri(t, uri, role);
}

bool heartbeat_is(const struct call *c)
{
	const struct facts *f = &c->facts;

	if (is_dummy_uri(c->tenant, f->request_uri, SK_ROLE_DEST) &&
	    is_dummy(c->tenant, f->to, SK_ROLE_DEST))
		return true;
	if (c->task != TASK_SIGN || !is_dummy(c->tenant, f->from, SK_ROLE_ORIG))
		return false;
	for (size_t i = 0; i < f->pai_count; i++)
		if (!is_dummy(c->tenant, f->pai[i], SK_ROLE_ORIG))
			return false;
	return true;
}
