/*
 * One pass with a cursor.  A `<` or `"` opens a stretch in which commas and
 * semicolons mean nothing; one that is never closed takes all that follows, so a
 * torn value can not be read as two whole ones.
 */
#include "shaken/identity.h"

#include "shaken/text.h"

static void advance(struct sk_span *s, size_t n)
{
	s->ptr += n;
	s->len -= n;
}

static void skip_lws(struct sk_span *s)
{
	while (s->len > 0 && sk_is_lws(s->ptr[0]))
		advance(s, 1);
}

static bool next_is(struct sk_span s, char c)
{
	return s.len > 0 && s.ptr[0] == c;
}

/*
 * How long the quoted or bracketed stretch at the start is, both ends included;
 * 0 when it is never closed.  RFC 3261, 25.1: only a quoted string has escapes.
 */
static size_t stretch_len(struct sk_span s)
{
	char end = s.ptr[0] == '<' ? '>' : '"';

	for (size_t i = 1; i < s.len; i++) {
		if (s.ptr[i] == end)
			return i + 1;
		if (end == '"' && s.ptr[i] == '\\')
			i++;
	}

	return 0;
}

static bool opens_stretch(char c)
{
	return c == '<' || c == '"';
}

bool sk_identity_next(struct sk_span *rest, struct sk_span *one)
{
	struct sk_span s = *rest;
	size_t i = 0;

	if (s.len == 0)
		return false;

	/* one value, whatever is in it: so nearly all are */
	if (!memchr(s.ptr, ',', s.len))
		i = s.len;
	while (i < s.len && s.ptr[i] != ',') {
		size_t len = opens_stretch(s.ptr[i])
				     ? stretch_len((struct sk_span){ s.ptr + i, s.len - i })
				     : 1;

		i = len > 0 ? i + len : s.len;
	}

	*one = sk_span_trim((struct sk_span){ s.ptr, i });
	*rest = i < s.len ? (struct sk_span){ s.ptr + i + 1, s.len - i - 1 }
			  : (struct sk_span){ s.ptr + i, 0 };
	return true;
}

/* RFC 3261, 25.1, LWS: a line end counts as white space only when more white space follows. */
static bool has_bad_control(struct sk_span s)
{
	for (size_t i = sk_span_printable(s); i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		char next;

		if (c > 0x1f && c != 0x7f)
			continue;
		next = i + 1 < s.len ? s.ptr[i + 1] : '\0';
		if (c == '\r' && next == '\n')
			continue;
		if (c == '\n' && (next == ' ' || next == '\t'))
			continue;
		if (c != '\t')
			return true;
	}

	return false;
}

#define LWS " \t\r\n"

/* What can end no word, each in its own place. */
static const char usual_chars[256] = "                                "
				     " ! #$%&'()*+ -./0123456789:    ?"
				     "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[ ]^_"
				     "`abcdefghijklmnopqrstuvwxyz{|}~ ";

/* A run without white space and delimiters: a name, or a value that is not quoted. */
static struct sk_span take_word(struct sk_span *rest, const char *stops)
{
	struct sk_span word = { rest->ptr, 0 };

	while (word.len < rest->len &&
	       (is_in(rest->ptr[word.len], usual_chars) || !is_one_of(rest->ptr[word.len], stops)))
		word.len++;

	advance(rest, word.len);
	return word;
}

/* The token, which is long: each stop can only make it shorter, and is searched for by itself. */
static struct sk_span take_token(struct sk_span *rest)
{
	struct sk_span word = { rest->ptr, rest->len };

	for (const char *stop = LWS ";"; *stop; stop++) {
		const char *at = word.len > 0 ? memchr(word.ptr, *stop, word.len) : NULL;

		word.len = at ? (size_t)(at - word.ptr) : word.len;
	}

	advance(rest, word.len);
	return word;
}

/* What stands behind the `=`. */
static bool take_value(struct sk_span *rest, struct sk_span *value, bool *brackets)
{
	size_t len;

	*brackets = next_is(*rest, '<');
	if (rest->len == 0 || !opens_stretch(rest->ptr[0])) {
		*value = take_word(rest, LWS ";\"<>");
		return value->len > 0;
	}

	len = stretch_len(*rest);
	if (len == 0)
		return false;

	*value = (struct sk_span){ rest->ptr + 1, len - 2 };
	advance(rest, len);
	return true;
}

/* Where a parameter is kept; NULL for one that means nothing to us. */
static struct sk_span *slot_of(struct sk_identity *identity, struct sk_span name)
{
	if (sk_span_eq_nocase(name, SK_SPAN("info")))
		return &identity->info;
	if (sk_span_eq_nocase(name, SK_SPAN("alg")))
		return &identity->alg;
	if (sk_span_eq_nocase(name, SK_SPAN("ppt")))
		return &identity->ppt;

	return NULL;
}

/* One `;name` or `;name=value`, white space around each piece. */
static bool take_param(struct sk_span *rest, struct sk_identity *identity)
{
	struct sk_span name, value, *slot;
	bool brackets = false;

	if (!next_is(*rest, ';'))
		return false;
	advance(rest, 1);
	skip_lws(rest);
	name = take_word(rest, LWS ";=\"<>,");
	if (name.len == 0)
		return false;
	skip_lws(rest);

	value = (struct sk_span){ rest->ptr, 0 };
	if (next_is(*rest, '=')) {
		advance(rest, 1);
		skip_lws(rest);
		if (!take_value(rest, &value, &brackets))
			return false;
		skip_lws(rest);
	}

	slot = slot_of(identity, name);
	if (!slot) {
		identity->extra_params++;
		return true;
	}
	/* two of them: whoever else reads this header may take the other one */
	if (slot->ptr)
		return false;

	*slot = value;
	if (slot == &identity->info)
		identity->info_brackets = brackets;
	return true;
}

enum sk_err sk_identity_parse(struct sk_span value, struct sk_identity *out)
{
	struct sk_span rest = sk_span_trim(value);
	struct sk_identity identity = { 0 };

	if (rest.len == 0 || has_bad_control(rest))
		return SK_IDENTITY_SYNTAX;

	identity.token = take_token(&rest);
	if (identity.token.len == 0)
		return SK_IDENTITY_SYNTAX;
	if (identity.token.len > SK_TOKEN_MAX)
		return SK_TOKEN_SIZE;

	skip_lws(&rest);
	while (rest.len > 0)
		if (!take_param(&rest, &identity))
			return SK_IDENTITY_SYNTAX;

	*out = identity;
	return SK_OK;
}
