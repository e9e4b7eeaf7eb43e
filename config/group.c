/*
 * Members of a group: `trunks: {a: {...}, b: {...}}`.  Each is a struct of its own whose
 * settings are read like all others; only their offsets start from it.
 */
#include "config/field.h"
#include "config/load.h"
#include "config/loading.h"
#include "config/nearest.h"

#include <stdlib.h>
#include <string.h>

static void check_member(struct loading *l, const char *section, const struct node *member)
{
	if (!conf_member_name(member->key)) {
		complain(l, member->key_place,
			 "%s: \"%.80s\" is no name; allowed: 1 to %d of the characters A-Z a-z 0-9 "
			 ". _ -",
			 section, member->key, CONF_MEMBER_MAX);
		return;
	}
	if (is_nothing(member))
		return;
	if (member->kind != NODE_MAP) {
		complain(l, member->key_place,
			 "%s.%s: must hold settings, one a line: `key: value`", section,
			 member->key);
		return;
	}
	for (size_t i = 0; i < member->count; i++) {
		const struct node *key = member->items[i];
		char path[NEAREST_PATH_SIZE], hint[NEAREST_HINT_SIZE];

		snprintf(path, sizeof(path), "%s.*.%.64s", section, key->key);
		if (strlen(key->key) <= CONF_MEMBER_MAX && conf_item_find(path))
			continue;
		nearest_setting(path, hint);
		complain(l, key->key_place, "%s.%s.%.64s: unknown setting%s", section, member->key,
			 key->key, hint);
	}
}

void group_names(struct loading *l, const struct node *section)
{
	const struct conf_group *group = conf_section_find(section->key)->group;

	if (section->count > group->max)
		complain(l, section->place, "%s: has %zu members; allowed: 0 to %zu", section->key,
			 section->count, group->max);
	for (size_t i = 0; i < section->count; i++)
		check_member(l, section->key, section->items[i]);
}

static bool is_needed(const struct conf_item *item)
{
	return item->min > 0 && conf_item_shape(item) == CONF_SHAPE_TEXT &&
	       strcmp(item->dflt, "\"\"") == 0;
}

static void read_member(struct loading *l, const struct conf_group *group, const struct node *node,
			void *base)
{
	char name[CONF_NAME_SIZE];

	l->member = node->key;
	for (size_t i = 0; i < group->row_count; i++) {
		const struct conf_item *item = &group->rows[i];
		const struct node *value = tree_get(node, strrchr(item->path, '.') + 1);

		conf_item_name(item, node->key, name);
		if (value)
			value_read(l, item, value, base);
		else if (is_needed(item))
			complain(l, node->key_place, "%s: must be set: %s", name, item->doc);
		else
			value_parse(l, item, item->dflt, base);
	}
	l->member = NULL;
}

void group_read(struct loading *l, const struct conf_section *section, void *base)
{
	const struct conf_group *group = section->group;
	struct members *members = members_of(group, base);
	const struct node *node = tree_get(l->root, section->name);

	if (!node || node->kind != NODE_MAP || node->count == 0 || node->count > group->max)
		return;
	members->items = calloc(node->count, group->size);
	if (!members->items) {
		complain(l, node->place, "%s: out of memory", section->name);
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		char **member = member_at(group, members, members->count);

		members->count++;
		*member = strdup(node->items[i]->key);
		if (!*member)
			complain(l, node->place, "%s: out of memory", section->name);
		read_member(l, group, node->items[i], member);
	}
}
