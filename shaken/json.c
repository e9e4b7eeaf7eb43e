/*
 * A guard before jansson and a few flags.  jansson recurses as deep as its text
 * asks (2048 levels), so the depth is counted before it sees the text; that
 * count needs to know no more of JSON than where a string begins and ends.
 */
#include "shaken/json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool too_deep(struct sk_span text)
{
	bool quoted = false;
	size_t depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (quoted && c == '\\')
			i++; /* whatever is escaped ends no string */
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '[' || c == '{') && ++depth > SK_JSON_DEPTH)
			return true;
		else if (!quoted && (c == ']' || c == '}') && depth > 0)
			depth--;
	}

	return false;
}

/*
 * jansson calls a string that it has no room for an invalid token, and leaves no
 * code at all where it cannot make an object.  So it is asked for one more object:
 * no text is blamed while memory is short.
 */
static enum sk_err outcome_of(const json_error_t *error)
{
	json_auto_t *probe = json_object();

	if (!probe || error->text[0] == '\0' || json_error_code(error) == json_error_out_of_memory)
		return SK_ENOMEM;

	return SK_TOKEN_SYNTAX;
}

enum sk_err sk_json_parse(struct sk_span text, json_t **out)
{
	return sk_json_parse_max(text, SK_JSON_MAX, out);
}

enum sk_err sk_json_parse_max(struct sk_span text, size_t max, json_t **out)
{
	json_auto_t *json = NULL;
	json_error_t error;

	if (text.len > max)
		return SK_TOKEN_SIZE;
	if (text.len == 0 || too_deep(text))
		return SK_TOKEN_SYNTAX;

	/* RFC 8225, section 9: no duplicate names; jansson compares them unescaped */
	json = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		return outcome_of(&error);
	if (!json_is_object(json))
		return SK_TOKEN_SYNTAX;

	*out = sk_steal(json);
	return SK_OK;
}

/* A text that grows; once it could not, it stays broken. */
struct growing {
	char *text;
	size_t len, size;
	bool broken;
};

/*
 * jansson looks at what this returns for most pieces, but not for the names of members:
 * that is why `broken` is kept.
 */
static int grow(const char *piece, size_t len, void *arg)
{
	struct growing *g = arg;

	if (g->broken)
		return -1;
	if (g->size - g->len <= len) {
		size_t size = 2 * g->size + len;
		char *text = realloc(g->text, size);

		if (!text) {
			g->broken = true;
			return -1;
		}
		g->text = text;
		g->size = size;
	}
	memcpy(g->text + g->len, piece, len);
	g->len += len;
	g->text[g->len] = '\0';
	return 0;
}

char *sk_json_text(const json_t *value, size_t flags)
{
	struct growing g = { .text = malloc(256), .size = 256 };

	if (g.text && json_dump_callback(value, grow, &g, flags) == 0 && !g.broken)
		return g.text;
	free(g.text);
	return NULL;
}

bool sk_json_string(const json_t *object, const char *name, struct sk_span *out)
{
	const json_t *member = json_object_get(object, name);

	if (!json_is_string(member))
		return false;

	*out = (struct sk_span){ json_string_value(member), json_string_length(member) };
	return true;
}

static void put_escape(struct sk_buf *out, char c)
{
	static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *at = memchr(special, c, sizeof(special) - 1);

	if (at)
		sk_buf_printf(out, "\\%c", letters[at - special]);
	else
		sk_buf_printf(out, "\\u%04X", (unsigned)c);
}

/* What needs no escape goes out in one piece. */
void sk_json_put_string(struct sk_buf *out, const char *text)
{
	sk_buf_putc(out, '"');
	while (*text) {
		size_t plain = 0;

		while ((unsigned char)text[plain] >= 0x20 && text[plain] != '"' &&
		       text[plain] != '\\')
			plain++;
		sk_buf_put(out, (struct sk_span){ text, plain });
		text += plain;
		if (*text)
			put_escape(out, *text++);
	}
	sk_buf_putc(out, '"');
}

void sk_json_put_name(struct sk_buf *out, const char *name)
{
	if (out->len > 0 && out->text[out->len - 1] != '{')
		sk_buf_putc(out, ',');
	sk_json_put_string(out, name);
	sk_buf_putc(out, ':');
}
