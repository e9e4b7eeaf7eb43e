/*
 * The life of a configuration.  What each field owns is read off the schema, so
 * a new row needs nothing here.
 */
#include "config/conf.h"

#include "config/schema.h"

#include <stdlib.h>

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

static void free_field(enum conf_shape shape, void *field)
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

struct conf *conf_ref(struct conf *conf)
{
	conf->refs++;
	return conf;
}

void conf_unref(struct conf *conf)
{
	if (!conf || --conf->refs > 0)
		return;

	for (size_t i = 0; i < conf_schema_count; i++)
		free_field(conf_item_shape(&conf_schema[i]), (char *)conf + conf_schema[i].at);
	free(conf->path);
	free(conf);
}
