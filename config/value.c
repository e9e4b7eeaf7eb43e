/*
 * From a node to a field.  A list is read with the check of its entries: a list
 * of files is files, a mapping to files is a mapping whose values are files.
 */
#include "config/loading.h"
#include "config/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	struct loading *l;
	const struct conf_item *item;
	char name[CONF_NAME_SIZE]; /* what it is called in complaints */
};

#define DIGITS "0123456789"
#define HEX    DIGITS "abcdefABCDEF"

/* RFC 3261, 25.1: token */
#define TOKEN DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.!%*_+`'~"

/* Always false, for `return refuse(...)`. */
static bool refuse(const struct reading *r, const struct node *node, const char *what)
{
	char text[CONF_ALLOWED_SIZE];
	struct sk_buf allowed;

	sk_buf_init(&allowed, text, sizeof(text));
	conf_item_allowed(r->item, &allowed);
	complain(r->l, node->place, "%s: \"%.80s\" %s%s%s", r->name, node->text, what,
		 allowed.len > 0 ? "; allowed: " : "", allowed.text);
	return false;
}

static bool out_of_memory(const struct reading *r, const struct node *node)
{
	complain(r->l, node->place, "%s: out of memory", r->name);
	return false;
}

static const char *kind_name(enum node_kind kind)
{
	switch (kind) {
	case NODE_TEXT:
		return "one value";
	case NODE_LIST:
		return "a list, [a, b]";
	case NODE_MAP:
		return "a mapping, {key: value}";
	}
	return "";
}

static bool expect(const struct reading *r, const struct node *node, enum node_kind kind)
{
	struct place place = node->place.line ? node->place : node->key_place;

	/* `key:` with nothing behind it: likely forgotten, so nothing is guessed */
	if (node->kind == NODE_TEXT && node->plain &&
	    (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
	     strcmp(node->text, "null") == 0)) {
		complain(r->l, place, "%s: no value is given; for an empty one write %s", r->name,
			 kind == NODE_TEXT   ? "\"\""
			 : kind == NODE_LIST ? "[]"
					     : "{}");
		return false;
	}
	if (node->kind != kind) {
		complain(r->l, place, "%s: is %s, must be %s", r->name, kind_name(node->kind),
			 kind_name(kind));
		return false;
	}
	return true;
}

static bool is_uuid(const char *s)
{
	static const size_t dashes[] = { 8, 13, 18, 23 };
	size_t at = 0;

	for (size_t i = 0; i < SK_COUNT(dashes); i++) {
		at += strspn(s + at, HEX);
		if (at != dashes[i] || s[at] != '-')
			return false;
		at++;
	}
	return strspn(s + at, HEX) == 12 && s[at + 12] == '\0';
}

static bool is_only(const char *s, const char *set)
{
	return s[strspn(s, set)] == '\0';
}

/* The check of one text by the row's type; the length is not judged here. */
static bool check_text(const struct reading *r, const struct node *node)
{
	const char *s = node->text;
	enum conf_type type = r->item->type;

	if ((type == CONF_HEADER || type == CONF_HEADERS) && !is_only(s, TOKEN))
		return refuse(r, node, "is no header name");
	if (type == CONF_UUID && s[0] != '\0' && !is_uuid(s))
		return refuse(r, node, "is no UUID");
	if (type == CONF_HEX && !is_only(s, HEX))
		return refuse(r, node, "is not all hex digits");
	if (type == CONF_PREFIX && !is_only(s, DIGITS))
		return refuse(r, node, "is not all digits");
	if (type == CONF_COUNTRY && (!is_only(s, DIGITS) || s[0] == '0'))
		return refuse(r, node, "is no country code");
	return true;
}

static bool is_file(const struct conf_item *item, const char *text)
{
	if (item->type != CONF_TARGET)
		return item->type == CONF_FILE || item->type == CONF_KEY ||
		       item->type == CONF_FILES || item->type == CONF_FILE_MAP;
	for (const struct conf_word *w = item->words; w->name; w++)
		if (strcmp(w->name, text) == 0)
			return false;
	return true;
}

/* One checked text, owned by the caller. */
static bool take_text(const struct reading *r, const struct node *node, char **out)
{
	const char *why = "";
	char *text;

	if (!expect(r, node, NODE_TEXT) || !check_text(r, node))
		return false;
	text = is_file(r->item, node->text) ? file_resolve(r->l, r->item, node->text, &why)
					    : strdup(node->text);
	if (!text)
		return why[0] != '\0' ? refuse(r, node, why) : out_of_memory(r, node);
	*out = text;
	return true;
}

static bool in_range(const struct conf_item *item, size_t n)
{
	return n >= (size_t)item->min && n <= (size_t)item->max;
}

static void read_text(const struct reading *r, const struct node *node, char **field)
{
	size_t len;

	if (!take_text(r, node, field))
		return;
	len = strlen(node->text);
	/* hex digits are all there, or there are none */
	if (!in_range(r->item, len) && !(r->item->type == CONF_HEX && len == 0))
		refuse(r, node, len == 0 ? "may not be empty" : "has the wrong length");
}

static void read_fixed(const struct reading *r, const struct node *node, char *field)
{
	if (!expect(r, node, NODE_TEXT) || !check_text(r, node))
		return;
	if (!in_range(r->item, strlen(node->text)))
		refuse(r, node, "is too long");
	else
		memcpy(field, node->text, strlen(node->text) + 1);
}

static void read_bool(const struct reading *r, const struct node *node, bool *field)
{
	static const struct {
		const char *name;
		bool value;
	} words[] = {
		{ "yes", true },    { "no", false }, { "true", true },
		{ "false", false }, { "on", true },  { "off", false },
	};

	if (!expect(r, node, NODE_TEXT))
		return;
	for (size_t i = 0; i < SK_COUNT(words); i++) {
		if (strcmp(words[i].name, node->text) == 0) {
			*field = words[i].value;
			return;
		}
	}
	refuse(r, node, "is neither yes nor no");
}

static bool take_number(const struct reading *r, const struct node *node, int64_t *out)
{
	char what[CONF_ALLOWED_SIZE];
	int64_t n;

	if (!expect(r, node, NODE_TEXT))
		return false;
	if (r->item->type == CONF_COUNT && strcmp(node->text, "auto") == 0) {
		*out = 0;
		return true;
	}
	if (!number_parse(r->item->type, node->text, &n)) {
		snprintf(what, sizeof(what), "is not %s", number_form(r->item->type));
		return refuse(r, node, what);
	}
	if (n < r->item->min || n > r->item->max)
		return refuse(r, node, "is out of range");
	*out = n;
	return true;
}

static bool take_word(const struct reading *r, const struct node *node, unsigned *out)
{
	if (!expect(r, node, NODE_TEXT))
		return false;
	for (const struct conf_word *w = r->item->words; w->name; w++) {
		if (strcmp(w->name, node->text) == 0) {
			*out = w->value;
			return true;
		}
	}
	return refuse(r, node, "is not known");
}

/* Kind and number of entries of a list or mapping. */
static bool expect_entries(const struct reading *r, const struct node *node, enum node_kind kind)
{
	if (!expect(r, node, kind))
		return false;
	if (in_range(r->item, node->count))
		return true;
	complain(r->l, node->place, "%s: has %zu entries; allowed: %lld to %lld", r->name,
		 node->count, (long long)r->item->min, (long long)r->item->max);
	return false;
}

static void read_words(const struct reading *r, const struct node *node, unsigned *field)
{
	unsigned bits = 0;

	if (!expect_entries(r, node, NODE_LIST))
		return;
	for (size_t i = 0; i < node->count; i++) {
		unsigned bit = 0;

		if (!take_word(r, node->items[i], &bit))
			return;
		if (bits & bit) {
			refuse(r, node->items[i], "is named twice");
			return;
		}
		bits |= bit;
	}
	*field = bits;
}

static void read_list(const struct reading *r, const struct node *node, struct text_list *field)
{
	if (!expect_entries(r, node, NODE_LIST))
		return;
	field->items = calloc(node->count + 1, sizeof(char *));
	if (!field->items) {
		out_of_memory(r, node);
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct node *entry = node->items[i];

		if (!take_text(r, entry, &field->items[field->count]))
			return;
		field->count++;
		if (entry->text[0] == '\0')
			refuse(r, entry, "may not be empty");
	}
}

static void read_nets(const struct reading *r, const struct node *node, struct net_list *field)
{
	if (!expect_entries(r, node, NODE_LIST))
		return;
	field->nets = calloc(node->count + 1, sizeof(struct net));
	if (!field->nets) {
		out_of_memory(r, node);
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct node *entry = node->items[i];

		if (!expect(r, entry, NODE_TEXT))
			return;
		if (!net_parse(sk_span_of(entry->text), &field->nets[field->count])) {
			refuse(r, entry,
			       "is no network: 192.0.2.0/24, 2001:db8::/32 or one address, "
			       "without bits behind the mask");
			return;
		}
		field->count++;
	}
}

static void read_map(const struct reading *r, const struct node *node, struct text_map *field)
{
	if (!expect_entries(r, node, NODE_MAP))
		return;
	field->keys = calloc(node->count + 1, sizeof(char *));
	field->values = calloc(node->count + 1, sizeof(char *));
	if (!field->keys || !field->values) {
		out_of_memory(r, node);
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct node *entry = node->items[i];
		char *value = NULL, *key;

		if (!take_text(r, entry, &value))
			return;
		key = strdup(entry->key);
		if (!key) {
			free(value);
			out_of_memory(r, entry);
			return;
		}
		field->keys[field->count] = key;
		field->values[field->count++] = value;
		if (value[0] == '\0')
			refuse(r, entry, "may not be empty");
	}
}

static void read_flat(const struct reading *r, const struct node *node, void *field)
{
	enum conf_type type = r->item->type;
	int64_t number = 0;
	unsigned word = 0;

	if (type == CONF_BOOL) {
		read_bool(r, node, field);
	} else if (type == CONF_COUNTRY || type == CONF_PREFIX) {
		read_fixed(r, node, field);
	} else if (type == CONF_WORDS) {
		read_words(r, node, field);
	} else if (type == CONF_WORD) {
		if (take_word(r, node, &word))
			memcpy(field, &word, sizeof(word));
	} else if (take_number(r, node, &number)) {
		if (type == CONF_SMALL)
			*(uint8_t *)field = (uint8_t)number;
		else
			*(int64_t *)field = number;
	}
}

void value_read(struct loading *l, const struct conf_item *item, const struct node *node,
		void *base)
{
	struct reading r = { .l = l, .item = item };
	void *field = (char *)base + item->at;

	conf_item_name(item, l->member, r.name);
	switch (conf_item_shape(item)) {
	case CONF_SHAPE_FLAT:
		read_flat(&r, node, field);
		break;
	case CONF_SHAPE_TEXT:
		read_text(&r, node, field);
		break;
	case CONF_SHAPE_LIST:
		read_list(&r, node, field);
		break;
	case CONF_SHAPE_NETS:
		read_nets(&r, node, field);
		break;
	case CONF_SHAPE_MAP:
		read_map(&r, node, field);
		break;
	}
}

void value_parse(struct loading *l, const struct conf_item *item, const char *text, void *base)
{
	SK_CLEANUP(tree_free_p) struct node *node = NULL;
	struct tree_error error = { .why = "it is empty" };

	if (!tree_parse(text, strlen(text), &node, &error) || !node) {
		complain(l, (struct place){ 0, 0 }, "%s: the default cannot be read: %s",
			 item->path, error.why);
		return;
	}
	/* its place is not one in the file */
	node->place = (struct place){ 0, 0 };
	value_read(l, item, node, base);
}
