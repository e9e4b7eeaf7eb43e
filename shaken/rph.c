/*
 * An r-value is two tokens and a dot, "esnet.1".  The header compares without case,
 * and a claim repeats what the header says: what is signed can be found in the call.
 */
#include "shaken/rph.h"

#include "shaken/json.h"
#include "shaken/text.h"

/* RFC 4412, section 3.1: token-nodot, which is a token of SIP without its dot */
static bool is_token(struct sk_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && !is_one_of(s.ptr[i], "-!%*_+`'~"))
			return false;

	return s.len > 0;
}

/* RFC 4412, section 3.1: r-value = namespace "." r-priority */
static bool is_value(struct sk_span s)
{
	const char *dot = s.len > 0 ? memchr(s.ptr, '.', s.len) : NULL;
	const size_t at = dot ? (size_t)(dot - s.ptr) : 0;

	return dot && s.len < SK_RPH_SIZE && is_token((struct sk_span){ s.ptr, at }) &&
	       is_token(skip(s, at + 1));
}

/* The text behind the NUL must not count, so a span of what is before it; too long: not ended */
static struct sk_span text_of(const char text[SK_RPH_SIZE])
{
	return (struct sk_span){ text, strnlen(text, SK_RPH_SIZE) };
}

static bool is_emergency(struct sk_span value)
{
	const struct sk_span name = SK_SPAN("esnet.");

	return value.len > name.len &&
	       sk_span_eq_nocase((struct sk_span){ value.ptr, name.len }, name);
}

static bool has_emergency(const struct sk_rph *rph)
{
	for (size_t i = 0; i < rph->count; i++)
		if (is_emergency(text_of(rph->auth[i])))
			return true;

	return false;
}

bool sk_rph_check(const struct sk_rph *rph)
{
	if (rph->count < 1 || rph->count > SK_RPH_MAX)
		return false;
	for (size_t i = 0; i < rph->count; i++)
		if (!is_value(text_of(rph->auth[i])))
			return false;

	/* RFC 9027, 4.2: sph says something about an emergency call only */
	return !rph->psap_callback || has_emergency(rph);
}

static bool has_value(const struct sk_rph *rph, struct sk_span value)
{
	for (size_t i = 0; i < rph->count && i < SK_RPH_MAX; i++)
		if (sk_span_eq_nocase(text_of(rph->auth[i]), value))
			return true;

	return false;
}

/* The value is a value, and there is room */
static void add(struct sk_rph *rph, struct sk_span value)
{
	memcpy(rph->auth[rph->count], value.ptr, value.len);
	rph->auth[rph->count++][value.len] = '\0';
}

static bool read_auth(const json_t *list, struct sk_rph *rph)
{
	const size_t count = json_array_size(list);

	if (count < 1 || count > SK_RPH_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(list, i);
		const struct sk_span text = { json_string_value(item), json_string_length(item) };

		if (!is_value(text))
			return false;
		add(rph, text);
	}
	return true;
}

static enum sk_err read_claims(const json_t *payload, struct sk_rph *out)
{
	const json_t *object = json_object_get(payload, "rph");
	const json_t *auth = json_object_get(object, "auth");
	const json_t *sph = json_object_get(payload, "sph");
	struct sk_rph rph = { .psap_callback = sph != NULL };
	struct sk_span text;

	if (!object)
		return SK_CLAIM_MISSING;
	if (!json_is_object(object))
		return SK_CLAIM_TYPE;
	/* RFC 8443, section 3: auth is what the claim is about */
	if (!auth)
		return SK_CLAIM_MISSING;
	if (!read_auth(auth, &rph))
		return SK_CLAIM_TYPE;
	/* RFC 9027, 4.2: the one value there is */
	if (sph &&
	    (!sk_json_string(payload, "sph", &text) || !sk_span_eq(text, SK_SPAN("psap-callback"))))
		return SK_CLAIM_TYPE;
	if (!sk_rph_check(&rph))
		return SK_CLAIM_TYPE;

	*out = rph;
	return SK_OK;
}

enum sk_err sk_rph_read(const struct sk_token *token, struct sk_rph *out)
{
	json_auto_t *payload = NULL;
	enum sk_err err = sk_token_json(token->payload, &payload);

	return err ? err : read_claims(payload, out);
}

/* The next value of the header, and whether it is one; an empty place in the list is none */
static bool next_value(struct sk_span *rest, bool *more, struct sk_span *value)
{
	const char *comma = rest->len > 0 ? memchr(rest->ptr, ',', rest->len) : NULL;
	const size_t len = comma ? (size_t)(comma - rest->ptr) : rest->len;

	*value = sk_span_trim((struct sk_span){ rest->ptr, len });
	*more = comma != NULL;
	*rest = comma ? skip(*rest, len + 1) : (struct sk_span){ NULL, 0 };
	return is_value(*value);
}

bool sk_rph_covers(const struct sk_rph *rph, struct sk_span header)
{
	struct sk_span rest = header, value;
	bool more;

	do {
		if (!next_value(&rest, &more, &value) || !has_value(rph, value))
			return false;
	} while (more);

	return true;
}

/* "ets.*" allows every priority of the name space, and no other name space that begins so */
static bool allows(struct sk_span rule, struct sk_span value)
{
	const size_t front = rule.len > 0 ? rule.len - 1 : 0;

	if (rule.len < 2 || rule.ptr[front] != '*' || rule.ptr[front - 1] != '.')
		return sk_span_eq_nocase(rule, value);

	return value.len > front && sk_span_eq_nocase((struct sk_span){ rule.ptr, front },
						      (struct sk_span){ value.ptr, front });
}

static bool is_allowed(struct sk_span value, char *const *allowed, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (allows(sk_span_of(allowed[i]), value))
			return true;

	return false;
}

bool sk_rph_select(struct sk_span header, char *const *allowed, size_t count, struct sk_rph *out)
{
	struct sk_span rest = header, value;
	struct sk_rph rph = { .count = 0 };
	bool more;

	do {
		if (!next_value(&rest, &more, &value))
			return false;
		if (!is_allowed(value, allowed, count) || has_value(&rph, value))
			continue;
		if (rph.count == SK_RPH_MAX)
			return false;
		add(&rph, value);
	} while (more);

	if (rph.count == 0)
		return false;

	*out = rph;
	return true;
}

/* RFC 8225, section 9: names and values in the order of their code points */
void sk_rph_print(const struct sk_rph *rph, struct sk_buf *out)
{
	const char *sorted[SK_RPH_MAX];
	size_t count = 0;

	for (; count < rph->count && count < SK_RPH_MAX; count++) {
		size_t at = count;

		for (; at > 0 && strcmp(sorted[at - 1], rph->auth[count]) > 0; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = rph->auth[count];
	}

	sk_json_put_name(out, "rph");
	sk_buf_puts(out, "{\"auth\":[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			sk_buf_putc(out, ',');
		sk_json_put_string(out, sorted[i]);
	}
	sk_buf_puts(out, "]}");
	if (!rph->psap_callback)
		return;
	sk_json_put_name(out, "sph");
	sk_json_put_string(out, "psap-callback");
}
