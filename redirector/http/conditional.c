#include "redirector/http/conditional.h"

/* RFC 9110, 8.8.3: etagc */
static bool is_in_tag(char c)
{
	const unsigned char u = (unsigned char)c;

	return u == 0x21 || (u >= 0x23 && u != 0x7f);
}

static void skip(struct sk_span *s, size_t count)
{
	s->ptr += count;
	s->len -= count;
}

/* Empty elements are allowed (RFC 9110, 5.6.1.2). */
static void skip_commas(struct sk_span *s)
{
	while (s->len > 0 && (s->ptr[0] == ' ' || s->ptr[0] == '\t' || s->ptr[0] == ','))
		skip(s, 1);
}

/* @param out  The tag with its quotes, without a W/  @return false: there is none, or a broken one
 */
static bool take_tag(struct sk_span *s, struct sk_span *out, bool *weak)
{
	size_t end = 1;

	*weak = s->len >= 2 && s->ptr[0] == 'W' && s->ptr[1] == '/';
	if (*weak)
		skip(s, 2);
	if (s->len < 2 || s->ptr[0] != '"')
		return false;
	while (end < s->len && is_in_tag(s->ptr[end]))
		end++;
	if (end == s->len || s->ptr[end] != '"')
		return false;
	*out = (struct sk_span){ s->ptr, end + 1 };
	skip(s, end + 1);
	return true;
}

bool conditional_has(struct sk_span list, const char *tag, bool strong)
{
	struct sk_span one, rest = sk_span_trim(list);
	bool weak;

	if (sk_span_eq(rest, SK_SPAN("*")))
		return true;
	for (skip_commas(&rest); take_tag(&rest, &one, &weak); skip_commas(&rest)) {
		if (!(strong && weak) && sk_span_eq(one, sk_span_of(tag)))
			return true;
		if (rest.len > 0 && rest.ptr[0] != ',' && rest.ptr[0] != ' ' && rest.ptr[0] != '\t')
			return false;
	}
	return false;
}
