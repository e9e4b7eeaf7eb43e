/*
 * The parameters of a Via are cut at each semicolon that stands outside of quotes.  What a client
 * that asks says in words that are the server's (oc-validity, oc-seq) is not handed back as if we
 * had said it.  Who does not ask gets its Via as it was (RFC 3261, 8.2.6.2).
 */
#include "redirector/sip/oc.h"

struct param {
	struct sk_span all;   /* with its semicolon */
	struct sk_span name;  /* without white space */
	struct sk_span value; /* `ptr` NULL: there is no "=" */
};

/* Where the first `a` or `b` outside of quotes stands, or the end. */
static size_t until(struct sk_span s, char a, char b)
{
	bool quoted = false;

	for (size_t i = 0; i < s.len; i++) {
		if (quoted && s.ptr[i] == '\\') /* RFC 3261, 25.1: quoted-pair */
			i++;
		else if (s.ptr[i] == '"')
			quoted = !quoted;
		else if (!quoted && (s.ptr[i] == a || s.ptr[i] == b))
			return i;
	}
	return s.len;
}

/* The next parameter.  @return false: the Via ends here, `rest` is what follows it */
static bool next(struct sk_span *rest, struct param *out)
{
	struct sk_span text;
	size_t len, name;

	if (rest->len == 0 || rest->ptr[0] != ';')
		return false;
	text = (struct sk_span){ rest->ptr + 1, rest->len - 1 };
	len = until(text, ';', ',');
	out->all = (struct sk_span){ rest->ptr, len + 1 };
	*rest = (struct sk_span){ text.ptr + len, text.len - len };
	text.len = len;
	name = until(text, '=', '=');
	out->name = sk_span_trim((struct sk_span){ text.ptr, name });
	out->value = (struct sk_span){ NULL, 0 };
	if (name < len)
		out->value = sk_span_trim((struct sk_span){ text.ptr + name + 1, len - name - 1 });
	return true;
}

/* "loss,A" in its quotes, as RFC 7339, 9, has it; a token without them says the same. */
static bool knows_loss(struct sk_span list)
{
	if (list.len >= 2 && list.ptr[0] == '"' && list.ptr[list.len - 1] == '"')
		list = (struct sk_span){ list.ptr + 1, list.len - 2 };
	while (list.len > 0) {
		size_t len = until(list, ',', ',');
		struct sk_span one = sk_span_trim((struct sk_span){ list.ptr, len });

		if (sk_span_eq_nocase(one, SK_SPAN("loss")))
			return true;
		len += len < list.len;
		list = (struct sk_span){ list.ptr + len, list.len - len };
	}
	return false;
}

/* The Via up to its first parameter; `rest` is what follows. */
static struct sk_span begin(struct sk_span via, struct sk_span *rest)
{
	size_t len = until(via, ';', ',');

	*rest = (struct sk_span){ via.ptr + len, via.len - len };
	return (struct sk_span){ via.ptr, len };
}

/* Most Vias do not ask, and are not worth more than this. */
static bool may_ask(struct sk_span via)
{
	for (size_t i = 0; i + 5 <= via.len; i++) {
		const char *at = memchr(via.ptr + i, '-', via.len - i);

		if (!at)
			return false;
		i = (size_t)(at - via.ptr);
		if (i + 5 <= via.len && strncasecmp(at, "-algo", 5) == 0)
			return true;
	}
	return false;
}

bool oc_asks(struct sk_span via)
{
	unsigned asked = 0, ways = 0;
	bool loss = false;
	struct sk_span rest;
	struct param p;

	if (!may_ask(via))
		return false;
	begin(via, &rest);
	while (next(&rest, &p)) {
		if (sk_span_eq_nocase(p.name, SK_SPAN("oc"))) {
			asked++;
			if (p.value.ptr) /* RFC 7339, 4.1: only a server gives it one */
				return false;
		} else if (sk_span_eq_nocase(p.name, SK_SPAN("oc-algo"))) {
			ways++;
			loss = knows_loss(p.value);
		}
	}
	return asked == 1 && ways == 1 && loss;
}

static bool is_ours(struct sk_span name)
{
	return sk_span_eq_nocase(name, SK_SPAN("oc")) ||
	       sk_span_eq_nocase(name, SK_SPAN("oc-algo")) ||
	       sk_span_eq_nocase(name, SK_SPAN("oc-validity")) ||
	       sk_span_eq_nocase(name, SK_SPAN("oc-seq"));
}

void oc_print(struct sk_span via, const struct oc *told, struct sk_buf *out)
{
	struct sk_span rest;
	struct param p;

	sk_buf_put(out, begin(via, &rest));
	while (next(&rest, &p))
		if (!is_ours(p.name))
			sk_buf_put(out, p.all);
	sk_buf_printf(out, ";oc=%u;oc-algo=\"loss\";oc-validity=%lld;oc-seq=%lld.%05lld",
		      told->loss, (long long)told->validity_ms, (long long)(told->seq / 100000),
		      (long long)(told->seq % 100000));
	sk_buf_put(out, rest);
}
