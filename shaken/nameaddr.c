/*
 * Where the address stands in a header value.  A quoted name may hold any of the
 * characters that mean something outside of it.
 */
#include "shaken/text.h"
#include "shaken/tn.h"

/* Printable characters that mean nothing here, each in its own place. */
static const char plain_chars[256] = "                                "
				     " ! #$%&'()*+ -./0123456789:; = ?"
				     "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[ ]^_"
				     "`abcdefghijklmnopqrstuvwxyz{|}~ ";

/*
 * Up to the first of `stops`, one or two characters, that no quoted string holds; false for an open
 * string, a control character, or a comma, which would begin a second value.
 */
static bool take_unquoted(struct sk_span *rest, const char *stops, struct sk_span *head)
{
	struct sk_span s = *rest;
	bool quoted = false;
	size_t i = 0;

	for (; i < s.len; i++) {
		char c = s.ptr[i];

		if (is_in(c, plain_chars))
			continue;
		if (((unsigned char)c < ' ' && !sk_is_lws(c)) || c == 0x7f || (c == ',' && !quoted))
			return false;
		if (!quoted && (c == stops[0] || (stops[0] && c == stops[1])) && c != '\0')
			break;
		if (c == '"')
			quoted = !quoted;
		else if (c == '\\' && quoted)
			i++;
	}
	if (quoted)
		return false;

	*head = (struct sk_span){ s.ptr, i };
	*rest = skip(s, i);
	return true;
}

/* RFC 3261, 20.10 and 25.1: name-addr, or addr-spec, where every `;` is the header's. */
enum sk_err sk_nameaddr_split(struct sk_span value, struct sk_span *uri, struct sk_span *params)
{
	struct sk_span rest = sk_span_trim(value), inner = rest, head, tail;

	if (rest.len == 0 || !take_unquoted(&rest, "<", &head))
		return SK_REQUEST_SYNTAX;

	if (rest.len > 0) {
		inner = skip(rest, 1);
		rest = inner;
		inner = take_until(&rest, ">");
		if (rest.len == 0)
			return SK_REQUEST_SYNTAX;
		rest = sk_span_trim(skip(rest, 1));
	} else {
		rest = inner;
		inner = sk_span_trim(take_until(&rest, ";"));
		/* RFC 3261, section 20: an address with a `?` must stand in brackets */
		if (memchr(inner.ptr, '?', inner.len))
			return SK_REQUEST_SYNTAX;
	}
	if (!is_uri_text(inner) || inner.len == 0 || (rest.len > 0 && rest.ptr[0] != ';'))
		return SK_REQUEST_SYNTAX;

	tail = rest;
	if (!take_unquoted(&rest, "<>", &head) || rest.len > 0)
		return SK_REQUEST_SYNTAX;

	*uri = inner;
	*params = tail;
	return SK_OK;
}
