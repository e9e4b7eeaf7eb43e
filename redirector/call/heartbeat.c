/*
 * A heartbeat is not verified and on no list, so nobody may look like one who calls somebody.
 * The called number has to be a dummy where the call goes, too; a calling one is enough only
 * where nothing is lost but a signature, and then in every header that could say another.
 */
#include "redirector/call/heartbeat.h"

#include "redirector/call/asked.h"

enum {
	TAIL = 4, /* last digits that two forms of a number have in common, where both have so many
		   */
};

/* The digits of a URI's user part, without separators; false for anything else. */
static bool read_digits(struct sk_span uri, char out[SK_PARTY_SIZE], size_t *out_len)
{
	const char *colon = memchr(uri.ptr, ':', uri.len);
	size_t len = 0;

	for (const char *c = colon ? colon + 1 : uri.ptr + uri.len; c < uri.ptr + uri.len; c++) {
		if (*c == ';' || *c == '@')
			break;
		if (*c >= '0' && *c <= '9' && len < SK_PARTY_SIZE - 1)
			out[len++] = *c;
		else if (!memchr("+-.() ", *c, 6))
			return false;
	}
	out[len] = '\0';
	*out_len = len;
	return len > 0;
}

/* Whatever is put before a number or taken from it to make it a full one: not its end. */
static bool ends_alike(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t len = a_len < b_len ? a_len : b_len;

	len = len < TAIL ? len : TAIL;
	return len > 0 && memcmp(a + a_len - len, b + b_len - len, len) == 0;
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
	size_t len;

	if (!read_digits(uri, digits, &len))
		return false;
	for (size_t i = 0; i < dummies->count; i++) {
		const char *dummy = dummies->items[i];

		/* every call comes by here: look closer only where the end is the same */
		if (ends_alike(digits, len, dummy, strlen(dummy)) &&
		    (strcmp(digits, dummy) == 0 || means(t, uri, dummy, role)))
			return true;
	}
	return false;
}

static bool is_dummy(const struct tenant *t, struct sk_span value, enum sk_role role)
{
	struct sk_span uri, params;

	return !sk_nameaddr_split(value, &uri, &params) && is_dummy_uri(t, uri, role);
}

/* A party that was named, canonical already. */
static bool is_dummy_party(const struct tenant *t, const struct sk_party *party, enum sk_role role)
{
	const struct text_list *dummies = &t->set->sign.dummies;
	struct sk_party dummy;

	for (size_t i = 0; i < dummies->count; i++)
		if (!sk_party_from_number(sk_span_of(dummies->items[i]), &t->set->dialplan, role,
					  &dummy) &&
		    sk_party_eq(&dummy, party))
			return true;
	return false;
}

static bool is_asked(const struct tenant *t, const struct asked *asked)
{
	bool to = true;

	for (size_t i = 0; i < asked->to_count; i++)
		to = to && is_dummy_party(t, &asked->to[i], SK_ROLE_DEST);
	return to || (asked->task == TASK_SIGN && is_dummy_party(t, &asked->from, SK_ROLE_ORIG));
}

bool heartbeat_is(const struct call *c)
{
	const struct facts *f = &c->facts;

	if (c->asked)
		return is_asked(c->tenant, c->asked);
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
