/*
 * Events of libyaml become nodes.  Working on events and not on libyaml's own
 * documents is what makes an alias bomb cheap: the first anchor ends it.
 */
#include "config/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct reader {
	yaml_parser_t parser;
	size_t nodes;
	struct tree_error *error;
};

static struct place place_of(yaml_mark_t mark)
{
	return (struct place){ (unsigned)mark.line + 1, (unsigned)mark.column + 1 };
}

/* Always false, for `return refuse(...)`. */
static bool refuse(struct reader *r, struct place place, const char *why)
{
	r->error->place = place;
	snprintf(r->error->why, sizeof(r->error->why), "%s", why);
	return false;
}

static bool refuse_syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	struct place place = place_of(p->problem_mark);

	/* bytes that are not UTF-8 are found before there are lines */
	if (p->error == YAML_READER_ERROR)
		place = (struct place){ 0, 0 };
	r->error->place = place;
	snprintf(r->error->why, sizeof(r->error->why), "%s%s%s",
		 p->context ? p->context : "not YAML", p->problem ? ": " : "",
		 p->problem ? p->problem : "");
	return false;
}

static bool next(struct reader *r, yaml_event_t *event)
{
	if (!yaml_parser_parse(&r->parser, event))
		return refuse_syntax(r);
	return true;
}

void tree_free(struct node *node)
{
	if (!node)
		return;

	for (size_t i = 0; i < node->count; i++)
		tree_free(node->items[i]);
	free(node->items);
	free(node->text);
	free(node->key);
	free(node);
}

const struct node *tree_get(const struct node *map, const char *key)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;

	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->items[i]->key, key) == 0)
			return map->items[i];
	return NULL;
}

/*
 * Control characters, also those that YAML takes for line ends inside quotes:
 * no value needs them, and one in a header name or a log line would be an
 * injection.  libyaml has checked that it is UTF-8.
 */
static bool is_clean(const unsigned char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] < 0x20 || s[i] == 0x7f)
			return false;
		if (s[i] == 0xc2 && s[i + 1] < 0xa0) /* U+0080 to U+009F */
			return false;
		if (s[i] == 0xe2 && s[i + 1] == 0x80 && (s[i + 2] & 0xfe) == 0xa8)
			return false; /* U+2028, U+2029 */
		if (s[i] == 0xef && ((s[i + 1] == 0xbb && s[i + 2] == 0xbf) ||
				     (s[i + 1] == 0xbf && s[i + 2] >= 0xbe)))
			return false; /* U+FEFF, U+FFFE, U+FFFF */
	}
	return true;
}

static bool take_text(struct reader *r, const yaml_event_t *event, char **out)
{
	const unsigned char *value = event->data.scalar.value;
	size_t len = event->data.scalar.length;
	char *text;

	if (!is_clean(value, len))
		return refuse(r, place_of(event->start_mark),
			      "control characters and line ends are not allowed in a value");

	text = malloc(len + 1);
	if (!text)
		return refuse(r, place_of(event->start_mark), "out of memory");
	memcpy(text, value, len);
	text[len] = '\0';
	*out = text;
	return true;
}

/* Does the event start a node, and that without anchor and tag? */
static bool is_bare(const yaml_event_t *event)
{
	if (event->type == YAML_SCALAR_EVENT)
		return !event->data.scalar.anchor && !event->data.scalar.tag;
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return !event->data.sequence_start.anchor && !event->data.sequence_start.tag;
	if (event->type == YAML_MAPPING_START_EVENT)
		return !event->data.mapping_start.anchor && !event->data.mapping_start.tag;
	return false;
}

static bool add(struct reader *r, struct node *parent, struct node *child)
{
	size_t n = parent->count;
	struct node **items = parent->items;

	/* room for 1, 2, 4, 8, ... entries */
	if ((n & (n - 1)) == 0) {
		items = reallocarray(items, n ? n * 2 : 1, sizeof(struct node *));
		if (!items)
			return refuse(r, child->place, "out of memory");
		parent->items = items;
	}
	items[parent->count++] = child;
	return true;
}

static bool take_node(struct reader *r, const yaml_event_t *event, unsigned depth,
		      struct node **out);

static bool take_key(struct reader *r, const struct node *map, const yaml_event_t *event,
		     char **out)
{
	char why[TREE_WHY_SIZE];
	struct place place = place_of(event->start_mark);
	const struct node *first;
	char *key = NULL;

	if (event->type != YAML_SCALAR_EVENT || !is_bare(event))
		return refuse(r, place, "a key must be a plain text");
	if (!take_text(r, event, &key))
		return false;

	first = tree_get(map, key);
	if (first) {
		snprintf(why, sizeof(why), "%.64s: set twice, first in line %u", key,
			 first->key_place.line);
		free(key);
		return refuse(r, place, why);
	}
	*out = key;
	return true;
}

/* One entry of a list or mapping, whose first event is at hand. */
static bool take_entry(struct reader *r, struct node *parent, yaml_event_t *event, unsigned depth)
{
	SK_CLEANUP(tree_free_p) struct node *child = NULL;
	struct place key_place = place_of(event->start_mark);
	yaml_event_t value;
	char *key = NULL;
	bool ok;

	if (parent->kind == NODE_LIST) {
		ok = take_node(r, event, depth, &child);
	} else {
		if (!take_key(r, parent, event, &key))
			return false;
		ok = next(r, &value);
		if (ok) {
			ok = take_node(r, &value, depth, &child);
			yaml_event_delete(&value);
		}
	}
	if (!ok) {
		free(key);
		return false;
	}

	child->key = key;
	child->key_place = key_place;
	if (!add(r, parent, child))
		return false;
	child = NULL;
	return true;
}

static bool take_entries(struct reader *r, struct node *parent, unsigned depth)
{
	bool ok = true, end = false;

	while (ok && !end) {
		yaml_event_t event;

		if (!next(r, &event))
			return false;
		end = event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
		if (!end)
			ok = take_entry(r, parent, &event, depth + 1);
		yaml_event_delete(&event);
	}
	return ok;
}

static bool take_node(struct reader *r, const yaml_event_t *event, unsigned depth,
		      struct node **out)
{
	SK_CLEANUP(tree_free_p) struct node *node = NULL;
	struct place place = place_of(event->start_mark);
	bool ok;

	if (!is_bare(event))
		return refuse(r, place, "anchors, aliases and tags (&, *, !) are not allowed");
	if (depth >= TREE_DEPTH_MAX)
		return refuse(r, place, "nested too deep");
	if (++r->nodes > TREE_NODES_MAX)
		return refuse(r, place, "too many entries in the file");

	node = calloc(1, sizeof(*node));
	if (!node)
		return refuse(r, place, "out of memory");
	node->place = place;
	if (event->type == YAML_SCALAR_EVENT) {
		node->kind = NODE_TEXT;
		node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		ok = take_text(r, event, &node->text);
	} else {
		node->kind = event->type == YAML_MAPPING_START_EVENT ? NODE_MAP : NODE_LIST;
		ok = take_entries(r, node, depth);
	}
	if (!ok)
		return false;
	*out = sk_steal(node);
	return true;
}

/* One event of the stream's frame; `done` when it was the last. */
static bool take_frame(struct reader *r, const yaml_event_t *event, struct node **root, bool *done)
{
	if (event->type == YAML_STREAM_START_EVENT || event->type == YAML_DOCUMENT_END_EVENT)
		return true;
	if (event->type == YAML_DOCUMENT_START_EVENT)
		return !*root || refuse(r, place_of(event->start_mark), "more than one document");
	if (event->type != YAML_STREAM_END_EVENT)
		return take_node(r, event, 0, root);
	*done = true;
	return true;
}

bool tree_parse(const char *text, size_t len, struct node **out, struct tree_error *error)
{
	struct reader r = { .nodes = 0, .error = error };
	SK_CLEANUP(tree_free_p) struct node *root = NULL;
	bool ok = true, done = false;

	if (!yaml_parser_initialize(&r.parser))
		return refuse(&r, (struct place){ 0, 0 }, "out of memory");
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);

	while (ok && !done) {
		yaml_event_t event;

		ok = next(&r, &event);
		if (!ok)
			break;
		ok = take_frame(&r, &event, &root, &done);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&r.parser);
	if (!ok)
		return false;
	*out = sk_steal(root);
	return true;
}
