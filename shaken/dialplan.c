/*
 * What cannot be brought to E.164 without a guess is kept as it is for the called
 * side and is no number at all for the calling side.
 */
#include "shaken/dialplan.h"

#include "shaken/text.h"

enum {
	MIN_DIGITS = 7, /* shortest number of a country, where the plan does not say */
	COMPLETE = 11,  /* digits that only a number with its country code has       */
	SHORT_CODE = 3, /* digits of 112, 911 and the other N11                      */
};

/* Usual habits of a country, where the plan does not name a trunk prefix. */
struct country {
	const char *code;
	const char *trunk; /* dialled before a national number, no part of it  */
	size_t len;        /* digits of a national number; 0: they differ      */
};

/* clang-format off */
static const struct country countries[] = {
	{ "1", "1", 10 },  { "7", "8", 10 },   { "20", "0", 0 },  { "27", "0", 9 },  { "31", "0", 9 },
	{ "32", "0", 0 },  { "33", "0", 9 },   { "34", "", 9 },   { "36", "06", 0 }, { "39", "", 0 },
	{ "40", "0", 9 },  { "41", "0", 9 },   { "43", "0", 0 },  { "44", "0", 0 },  { "45", "", 8 },
	{ "46", "0", 0 },  { "47", "", 8 },    { "48", "", 9 },   { "49", "0", 0 },  { "54", "0", 0 },
	{ "55", "0", 0 },  { "60", "0", 0 },   { "61", "0", 9 },  { "62", "0", 0 },  { "63", "0", 0 },
	{ "64", "0", 0 },  { "65", "", 8 },    { "66", "0", 0 },  { "81", "0", 0 },  { "82", "0", 0 },
	{ "84", "0", 0 },  { "86", "0", 0 },   { "90", "0", 10 }, { "91", "0", 10 }, { "92", "0", 0 },
	{ "98", "0", 10 }, { "212", "0", 9 },  { "213", "0", 0 }, { "234", "0", 0 }, { "254", "0", 0 },
	{ "351", "", 9 },  { "353", "0", 0 },  { "358", "0", 0 }, { "359", "0", 0 }, { "380", "0", 9 },
	{ "385", "0", 0 }, { "386", "0", 8 },  { "420", "", 9 },  { "421", "0", 9 }, { "852", "", 8 },
	{ "886", "0", 0 }, { "966", "0", 9 },  { "971", "0", 0 }, { "972", "0", 0 },
};
/* clang-format on */

/* Separators: RFC 3966, 5.1.1, and the space of RFC 8224, 8.3 */
bool sk_dialled_scan(struct sk_span text, struct sk_dialled *out)
{
	struct sk_dialled n = { .bare = true };

	for (bool first = true; text.len > 0; first = false) {
		char c = take_char(&text);

		if ((c == '+' && first) || memchr("-.() ", c, 5)) {
			n.global |= c == '+';
			n.bare = false;
			continue;
		}
		if (!is_digit(c) && c != '*' && c != '#')
			return false;
		if (n.len < SK_DIAL_MAX)
			n.text[n.len] = c;
		n.len++;
		n.digits += is_digit(c);
	}

	*out = n;
	return true;
}

/* 112, 911 and the other N11: never with a country code (RFC 8224, 8.3). */
static bool is_short_code(const struct sk_dialled *n)
{
	return n->len == SHORT_CODE && n->digits == SHORT_CODE &&
	       (memcmp(n->text, "112", SHORT_CODE) == 0 ||
		(n->text[0] >= '2' && memcmp(n->text + 1, "11", 2) == 0));
}

static size_t min_digits(const struct sk_dialplan *plan)
{
	return plan->min_digits > 0 ? plan->min_digits : MIN_DIGITS;
}

/* Country code and national number, when together they can be an E.164 number. */
static bool join(struct sk_span code, struct sk_span rest, struct sk_party *out)
{
	size_t len = code.len + rest.len;
	char first = code.len > 0 ? code.ptr[0] : rest.ptr[0];

	/* E.164, 6.2: no country code starts with 0 */
	if (len > SK_TN_DIGITS || len < MIN_DIGITS || first == '0')
		return false;

	out->kind = SK_PARTY_TN;
	if (code.len > 0)
		memcpy(out->text, code.ptr, code.len);
	memcpy(out->text + code.len, rest.ptr, rest.len);
	out->text[len] = '\0';
	return true;
}

static struct country country_of(struct sk_span code, const struct sk_dialplan *plan)
{
	struct country found = { "", "", 0 };

	for (size_t i = 0; i < SK_COUNT(countries); i++)
		if (sk_span_eq(code, sk_span_of(countries[i].code)))
			found = countries[i];
	if (plan->trunk[0] != '\0' && sk_span_eq(code, sk_span_of(plan->country)))
		found.trunk = plan->trunk;

	return found;
}

/* Can these digits be a number of that country, without its trunk prefix? */
static bool is_national(const struct country *c, struct sk_span digits)
{
	if (digits.len == 0 || (c->len > 0 && digits.len != c->len))
		return false;
	/* North America: an area code starts with 2 to 9 */
	if (strcmp(c->code, "1") == 0 && digits.ptr[0] == '1')
		return false;

	/* "00..." is more than a trunk prefix; bare numbers may start with 0 (Italy) */
	return digits.ptr[0] != '0' || (c->code[0] != '\0' && c->trunk[0] == '\0' && c->len == 0);
}

/*
 * A number as it is dialled inside of a country.  `literal`: it is surely one of
 * that country (RFC 3966, 5.1.5), else it may also be complete without a '+'.
 */
static bool from_national(struct sk_span digits, struct sk_span code, bool literal,
			  const struct sk_dialplan *plan, struct sk_party *out)
{
	struct country c = country_of(code, plan);
	struct sk_span rest = skip(digits, starts_with(digits, c.trunk) ? strlen(c.trunk) : 0);
	bool own = digits.len > code.len && memcmp(digits.ptr, code.ptr, code.len) == 0;
	bool bare = c.len > 0 || c.trunk[0] == '\0'; /* may be dialled without trunk prefix */

	if (rest.len < digits.len && is_national(&c, rest))
		return join(code, rest, out);
	/* of a bare number without known length only a long one is told to be complete */
	if (bare && is_national(&c, digits) && (literal || c.len > 0 || !own || digits.len <= 10))
		return join(code, digits, out);

	return !literal && digits.len > c.len && (own || digits.len >= 10) &&
	       join(SK_SPAN(""), digits, out);
}

/* Bring plain digits to E.164; false when that would be a guess. */
static bool to_e164(const struct sk_dialled *n, const struct sk_dialled *context,
		    const struct sk_dialplan *plan, struct sk_party *out)
{
	struct sk_span digits = { n->text, n->len };
	struct sk_span country = sk_span_of(plan->country);

	if (n->global)
		return join(SK_SPAN(""), digits, out);
	if (context)
		return from_national(digits, (struct sk_span){ context->text, context->len }, true,
				     plan, out);
	if (plan->international[0] != '\0' && starts_with(digits, plan->international))
		return digits.len > strlen(plan->international) &&
		       join(SK_SPAN(""), skip(digits, strlen(plan->international)), out);
	/* without a country a short one may be national; a long one is complete but for its '+' */
	if (country.len == 0)
		return digits.len >= COMPLETE && join(SK_SPAN(""), digits, out);

	return from_national(digits, country, false, plan, out);
}

/* Is it too short for the number of a country, so that no code can be added? */
static bool is_short(const struct sk_dialled *n, const struct sk_dialled *context,
		     const struct sk_dialplan *plan)
{
	if (n->global)
		return n->len < MIN_DIGITS;
	/* a context longer than a country code stands for the digits that lack */
	if (context && context->len > 3)
		return is_short_code(n);

	return n->len < min_digits(plan);
}

void sk_dialled_settle(const struct sk_dialled *n, struct sk_span context,
		       const struct sk_dialplan *plan, enum sk_role role, struct sk_party *out)
{
	struct sk_dialled code;
	bool plain = n->len == n->digits, local = context.len > 0 && !n->global, abroad;

	*out = (struct sk_party){ .kind = SK_PARTY_NONE };
	if (n->len == 0 || n->len > SK_DIAL_MAX)
		return;

	abroad = local && sk_dialled_scan(context, &code) && code.global && code.len > 0 &&
		 code.len <= SK_TN_DIGITS && code.len == code.digits;
	if (plain && (abroad || !local) && !is_short(n, abroad ? &code : NULL, plan) &&
	    to_e164(n, abroad ? &code : NULL, plan, out))
		return;

	/* RFC 8224, 8.3: what has no country stays as dialled; ATIS-1000074: called side only */
	if (role == SK_ROLE_ORIG || n->digits > SK_TN_DIGITS)
		return;
	if (n->global && (!plain || n->len >= MIN_DIGITS))
		return;
	if (local && !abroad && !is_short_code(n))
		return;

	out->kind = SK_PARTY_TN;
	memcpy(out->text, n->text, n->len);
	out->text[n->len] = '\0';
}

bool sk_dialled_counts(const struct sk_dialled *n, bool phone, const struct sk_dialplan *plan)
{
	if (phone || n->global)
		return true;
	if (!plan->digits_are_tn || !n->bare || n->len == 0)
		return false;

	return n->digits >= min_digits(plan) || !is_digit(n->text[0]) || is_short_code(n);
}
