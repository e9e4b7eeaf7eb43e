/*
 * The life of a configuration.  What each field owns is read off the schema, so
 * a new row needs nothing here.
 */
#include "config/conf.h"

#include "config/field.h"
#include "config/schema.h"

#include <stdlib.h>

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
		field_free(conf_item_shape(&conf_schema[i]), (char *)conf + conf_schema[i].at);
	for (size_t i = 0; i < conf_section_count; i++) {
		const struct conf_group *group = conf_sections[i].group;

		if (group)
			members_free(group, members_of(group, conf));
	}
	free(conf->path);
	free(conf);
}
