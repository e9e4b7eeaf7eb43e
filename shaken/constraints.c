/*
 * The extension is judged once and kept as it came; checking a payload walks the
 * DER again.  Few certificates have constraints, so a second form of the lists
 * would cost more than it saves.
 */
#include "shaken/constraints.h"

#include "shaken/der.h"
#include "shaken/json.h"
#include "shaken/span.h"

#include <stdlib.h>
#include <string.h>

enum {
	NAME_SIZE = 65, /* longest claim name and its terminator */
};

/* The three components; `ptr` NULL: not there */
struct lists {
	struct sk_der must_include, permitted, must_exclude;
};

struct sk_constraints {
	struct lists lists; /* into `der` */
	uint8_t der[];
};

/* Called for each name or value of a list, with a payload or a claim; false ends the walk */
typedef bool (*item_h)(struct sk_span item, const json_t *json);

/* A SEQUENCE SIZE (1..max) OF one kind of string */
static bool walk(struct sk_der list, uint8_t tag, size_t max, item_h each, const json_t *json)
{
	struct sk_span item;
	size_t count = 0;

	do {
		if (++count > max || !sk_der_text(&list, tag, &item) || !each(item, json))
			return false;
	} while (list.len > 0);

	return true;
}

static bool is_name(struct sk_span name, const json_t *json)
{
	(void)json;
	if (name.len == 0 || name.len >= NAME_SIZE)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] < 0x21 || name.ptr[i] > 0x7e)
			return false;

	return true;
}

static bool is_value(struct sk_span value, const json_t *json)
{
	(void)value, (void)json;
	return true;
}

/* RFC 8226, section 8: JWTClaimPermittedValues { claim, permitted } */
static bool take_permitted(struct sk_der *list, struct sk_span *claim, struct sk_der *values)
{
	struct sk_der pair;

	return sk_der_take(list, SK_DER_SEQUENCE, &pair) && sk_der_text(&pair, SK_DER_IA5, claim) &&
	       is_name(*claim, NULL) && sk_der_only(pair, SK_DER_SEQUENCE, values);
}

static bool is_names(struct sk_der list)
{
	return walk(list, SK_DER_IA5, SK_CONSTRAINT_NAMES, is_name, NULL);
}

static bool is_permitted(struct sk_der list)
{
	struct sk_span claim;
	struct sk_der values;
	size_t count = 0;

	do {
		if (++count > SK_CONSTRAINT_NAMES || !take_permitted(&list, &claim, &values))
			return false;
		if (!walk(values, SK_DER_UTF8, SK_CONSTRAINT_VALUES, is_value, NULL))
			return false;
	} while (list.len > 0);

	return true;
}

/* An OPTIONAL component [n]: false only when it is there and malformed */
static bool take_optional(struct sk_der *in, uint8_t n, bool (*judge)(struct sk_der),
			  struct sk_der *list)
{
	struct sk_der wrapped, found;

	if (!sk_der_take(in, SK_DER_EXPLICIT + n, &wrapped))
		return true;
	if (!sk_der_only(wrapped, SK_DER_SEQUENCE, &found) || !judge(found))
		return false;

	*list = found;
	return true;
}

static bool read_lists(struct sk_der der, bool enhanced, struct lists *out)
{
	struct lists lists = { 0 };
	struct sk_der in;

	if (!sk_der_only(der, SK_DER_SEQUENCE, &in))
		return false;
	if (!take_optional(&in, 0, is_names, &lists.must_include) ||
	    !take_optional(&in, 1, is_permitted, &lists.permitted))
		return false;
	/* RFC 9118, section 4: mustExclude is what the enhanced kind adds */
	if (enhanced && !take_optional(&in, 2, is_names, &lists.must_exclude))
		return false;
	if (in.len > 0)
		return false;

	*out = lists;
	return lists.must_include.ptr || lists.permitted.ptr || lists.must_exclude.ptr;
}

static bool is_no_base_claim(struct sk_span name, const json_t *json)
{
	(void)json;
	return !sk_span_eq(name, SK_SPAN("iat")) && !sk_span_eq(name, SK_SPAN("orig")) &&
	       !sk_span_eq(name, SK_SPAN("dest"));
}

enum sk_err sk_constraints_new(const uint8_t *der, size_t len, bool enhanced,
			       struct sk_constraints **out)
{
	SK_CLEANUP(sk_constraints_free_p) struct sk_constraints *c = NULL;
	struct lists lists;

	if (len > SK_CONSTRAINT_SIZE || !read_lists((struct sk_der){ der, len }, enhanced, &lists))
		return SK_CERT_SYNTAX;

	/* RFC 9118, section 3: nobody can sign a PASSporT without these, so it counts as absent */
	if (lists.must_exclude.ptr &&
	    !walk(lists.must_exclude, SK_DER_IA5, SK_CONSTRAINT_NAMES, is_no_base_claim, NULL)) {
		*out = NULL;
		return SK_OK;
	}

	c = malloc(sizeof(*c) + len);
	if (!c)
		return SK_ENOMEM;
	memcpy(c->der, der, len);
	if (!read_lists((struct sk_der){ c->der, len }, enhanced, &c->lists))
		return SK_CERT_SYNTAX;

	*out = sk_steal(c);
	return SK_OK;
}

void sk_constraints_free(struct sk_constraints *constraints)
{
	free(constraints);
}

/* is_name() has checked the length and that there is no NUL */
static const json_t *claim_of(const json_t *payload, struct sk_span name)
{
	char key[NAME_SIZE];

	memcpy(key, name.ptr, name.len);
	key[name.len] = '\0';
	return json_object_get(payload, key);
}

static bool is_there(struct sk_span name, const json_t *payload)
{
	return claim_of(payload, name) != NULL;
}

static bool is_absent(struct sk_span name, const json_t *payload)
{
	return claim_of(payload, name) == NULL;
}

static bool differs(struct sk_span value, const json_t *claim)
{
	const struct sk_span text = { json_string_value(claim), json_string_length(claim) };

	return !sk_span_eq(value, text);
}

/*
 * The values are strings (RFC 8226, section 8).  Of an object or an array it is the text that
 * RFC 8225, section 9 makes of it: so a certificate fixes rcdi (RFC 9795).  A number has none.
 */
static enum sk_err check_values(const json_t *claim, struct sk_der values)
{
	json_auto_t *printed = NULL;
	char *text;

	if (json_is_object(claim) || json_is_array(claim)) {
		text = sk_json_text(claim, JSON_COMPACT | JSON_SORT_KEYS);
		printed = text ? json_string(text) : NULL;
		free(text);
		if (!printed)
			return SK_ENOMEM;
		claim = printed;
	}
	if (!json_is_string(claim))
		return SK_CONSTRAINT;

	return walk(values, SK_DER_UTF8, SK_CONSTRAINT_VALUES, differs, claim) ? SK_CONSTRAINT
									       : SK_OK;
}

static enum sk_err check_permitted(const json_t *payload, struct sk_der list)
{
	struct sk_span name;
	struct sk_der values;

	while (list.len > 0) {
		if (!take_permitted(&list, &name, &values))
			return SK_CONSTRAINT;

		const json_t *claim = claim_of(payload, name);
		enum sk_err err = claim ? check_values(claim, values) : SK_OK;

		if (err)
			return err;
	}
	return SK_OK;
}

enum sk_err sk_constraints_check(const struct sk_constraints *constraints, const json_t *payload)
{
	const struct lists *lists = &constraints->lists;

	if (lists->must_include.ptr &&
	    !walk(lists->must_include, SK_DER_IA5, SK_CONSTRAINT_NAMES, is_there, payload))
		return SK_CONSTRAINT;
	if (lists->must_exclude.ptr &&
	    !walk(lists->must_exclude, SK_DER_IA5, SK_CONSTRAINT_NAMES, is_absent, payload))
		return SK_CONSTRAINT;

	return lists->permitted.ptr ? check_permitted(payload, lists->permitted) : SK_OK;
}
