/*
 * A Diversion may count for several (counter=3), and nothing makes its sender count
 * right: the larger of values and counters is believed.
 */
#include "redirector/call/diversion.h"

#include "shaken/tn.h"

/* Up to the first `stop` outside of quotes and brackets, or all of it; steps over it. */
static struct sk_span take_item(struct sk_span *rest, char stop)
{
	bool quoted = false, inside = false;
	struct sk_span item;
	size_t i = 0;

	for (; i < rest->len; i++) {
		char c = rest->ptr[i];

		if (c == stop && !quoted && !inside)
			break;
		if (c == '\\' && quoted && i + 1 < rest->len)
			i++;
		else if (c == '"' && !inside)
			quoted = !quoted;
		else if ((c == '<' || c == '>') && !quoted)
			inside = c == '<';
	}
	item = (struct sk_span){ rest->ptr, i };
	i += i < rest->len;
	*rest = (struct sk_span){ rest->ptr + i, rest->len - i };
	return sk_span_trim(item);
}

/* Digits and nothing else; what is more than a loop needs is a loop. */
static bool read_counter(struct sk_span text, size_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		n = n > DIVERSIONS_MAX ? n : n * 10 + (size_t)(text.ptr[i] - '0');
	}
	*out = n;
	return text.len > 0;
}

/* RFC 5806, 4: a value without counter stands for one diversion; so does one nobody can read. */
static size_t counter_of(struct sk_span value)
{
	struct sk_span uri, params;
	size_t counter;

	if (sk_nameaddr_split(value, &uri, &params))
		return 1;
	while (params.len > 0) {
		struct sk_span param = take_item(&params, ';');
		struct sk_span name = take_item(&param, '=');

		if (sk_span_eq_nocase(name, SK_SPAN("counter")))
			return read_counter(sk_span_trim(param), &counter) ? counter : 1;
	}
	return 1;
}

size_t diversion_count(const struct facts *facts)
{
	size_t values = 0, counted = 0;

	for (size_t i = 0; i < facts->header_count; i++) {
		struct sk_span rest = facts->headers[i].value;

		if (!sk_span_eq_nocase(facts->headers[i].name, SK_SPAN("Diversion")))
			continue;
		while (rest.len > 0) {
			struct sk_span value = take_item(&rest, ',');

			values += value.len > 0;
			counted += value.len > 0 ? counter_of(value) : 0;
		}
	}
	return values > counted ? values : counted;
}
