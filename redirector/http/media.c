#include "redirector/http/media.h"

static struct sk_span up_to(struct sk_span *rest, char mark)
{
	const char *end = rest->len ? memchr(rest->ptr, mark, rest->len) : NULL;
	struct sk_span piece = { rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len };

	rest->ptr += piece.len + (end != NULL);
	rest->len -= piece.len + (end != NULL);
	return sk_span_trim(piece);
}

bool media_is(struct sk_span value, const char *type)
{
	return sk_span_eq_nocase(up_to(&value, ';'), sk_span_of(type));
}

/* How closely a range names the type; 0: it does not. */
static int fits(struct sk_span range, struct sk_span type)
{
	const char *slash = memchr(type.ptr, '/', type.len);
	size_t head = slash ? (size_t)(slash - type.ptr) + 1 : type.len;

	if (sk_span_eq_nocase(range, type))
		return 3;
	if (range.len == head + 1 && range.ptr[head] == '*' &&
	    strncasecmp(range.ptr, type.ptr, head) == 0)
		return 2;
	return sk_span_eq(range, SK_SPAN("*/*"));
}

/* Is the weight 0?  "q=0", "q=0.000"; without one it is 1. */
static bool is_nothing(struct sk_span parameters)
{
	while (parameters.len > 0) {
		struct sk_span p = up_to(&parameters, ';');

		if (p.len < 3 || strncasecmp(p.ptr, "q=", 2) != 0)
			continue;
		for (size_t i = 2; i < p.len; i++)
			if (p.ptr[i] != '0' && p.ptr[i] != '.')
				return false;
		return true;
	}
	return false;
}

/* RFC 9110, 12.5.1 and 5.6.1: the list may be empty, and its empty elements count for nothing. */
void media_accepts(struct sk_span value, const char *type, int *best, bool *ok)
{
	struct sk_span wanted = sk_span_of(type);

	wanted = up_to(&wanted, ';');
	while (value.len > 0) {
		struct sk_span one = up_to(&value, ',');
		int closeness;

		if (one.len == 0)
			continue;
		if (*best == 0) {
			*best = -1; /* a preference, and nothing that fits yet */
			*ok = false;
		}
		closeness = fits(up_to(&one, ';'), wanted);
		if (closeness > 0 && closeness > *best) {
			*best = closeness;
			*ok = !is_nothing(one);
		}
	}
	if (*best == 0)
		*ok = true;
}
