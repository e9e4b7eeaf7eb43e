/*
 * Everything a field owns can be read off its shape: freeing and copying need no
 * line for a new setting.
 */
#include "config/field.h"

#include <stdlib.h>
#include <string.h>

static void free_list(struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
}

static void free_map(struct text_map *map)
{
	for (size_t i = 0; i < map->count; i++) {
		free(map->keys[i]);
		free(map->values[i]);
	}
	free(map->keys);
	free(map->values);
}

void field_free(enum conf_shape shape, void *field)
{
	switch (shape) {
	case CONF_SHAPE_FLAT:
		break;
	case CONF_SHAPE_TEXT:
		free(*(char **)field);
		break;
	case CONF_SHAPE_LIST:
		free_list(field);
		break;
	case CONF_SHAPE_NETS:
		free(((struct net_list *)field)->nets);
		break;
	case CONF_SHAPE_MAP:
		free_map(field);
		break;
	}
}

void field_forget(enum conf_shape shape, void *field)
{
	switch (shape) {
	case CONF_SHAPE_FLAT:
		break;
	case CONF_SHAPE_TEXT:
		*(char **)field = NULL;
		break;
	case CONF_SHAPE_LIST:
		*(struct text_list *)field = (struct text_list){ .items = NULL };
		break;
	case CONF_SHAPE_NETS:
		*(struct net_list *)field = (struct net_list){ .nets = NULL };
		break;
	case CONF_SHAPE_MAP:
		*(struct text_map *)field = (struct text_map){ .keys = NULL };
		break;
	}
}

bool field_empty(enum conf_shape shape, void *field)
{
	if (shape != CONF_SHAPE_TEXT)
		return true;
	*(char **)field = strdup("");
	return *(char **)field != NULL;
}

/* As many texts as there is memory for. */
static bool copy_texts(char **to, char *const *from, size_t count, size_t *copied)
{
	for (*copied = 0; *copied < count; ++*copied) {
		to[*copied] = strdup(from[*copied]);
		if (!to[*copied])
			return false;
	}
	return true;
}

static bool copy_list(struct text_list *to, const struct text_list *from)
{
	if (from->count == 0)
		return true;
	to->items = calloc(from->count, sizeof(char *));
	return to->items && copy_texts(to->items, from->items, from->count, &to->count);
}

static bool copy_nets(struct net_list *to, const struct net_list *from)
{
	if (from->count == 0)
		return true;
	to->nets = calloc(from->count, sizeof(struct net));
	if (!to->nets)
		return false;
	memcpy(to->nets, from->nets, from->count * sizeof(struct net));
	to->count = from->count;
	return true;
}

static bool copy_map(struct text_map *to, const struct text_map *from)
{
	size_t keys = 0, values = 0;
	bool ok;

	if (from->count == 0)
		return true;
	to->keys = calloc(from->count, sizeof(char *));
	to->values = calloc(from->count, sizeof(char *));
	ok = to->keys && to->values && copy_texts(to->keys, from->keys, from->count, &keys) &&
	     copy_texts(to->values, from->values, from->count, &values);
	/* the texts behind the last copied one are NULL, which free() allows */
	to->count = to->keys && to->values ? keys : 0;
	return ok;
}

bool field_copy(enum conf_shape shape, void *to, const void *from)
{
	switch (shape) {
	case CONF_SHAPE_FLAT:
		return true;
	case CONF_SHAPE_TEXT:
		*(char **)to = strdup(*(char *const *)from);
		return *(char **)to != NULL;
	case CONF_SHAPE_LIST:
		return copy_list(to, from);
	case CONF_SHAPE_NETS:
		return copy_nets(to, from);
	case CONF_SHAPE_MAP:
		return copy_map(to, from);
	}
	return false;
}

void members_free(const struct conf_group *group, struct members *members)
{
	for (size_t i = 0; i < members->count; i++) {
		char *member = member_at(group, members, i);

		free(*(char **)(void *)member);
		for (size_t k = 0; k < group->row_count; k++)
			field_free(conf_item_shape(&group->rows[k]), member + group->rows[k].at);
	}
	free(members->items);
	*members = (struct members){ .items = NULL };
}
