/*
 * The known name nearest to a misspelt one, by edit distance.  A key that is
 * right but stands in the wrong section is nearer than all but one letter amiss.
 */
#include "config/nearest.h"

#include "config/schema.h"

#include <stdio.h>
#include <string.h>

enum {
	NAME_MAX_LEN = NEAREST_PATH_SIZE - 1, /* longer names are like nothing we know */
	MOVED = 2, /* so many letters is a key in the wrong section away from the right one */
	FAR = 1000,
};

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Letters to insert, drop or change to get from one to the other. */
static unsigned distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned row[NEAREST_PATH_SIZE];

	if (la > NAME_MAX_LEN || lb > NAME_MAX_LEN)
		return FAR;
	for (unsigned j = 0; j <= lb; j++)
		row[j] = j;
	for (unsigned i = 1; i <= la; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= lb; j++) {
			unsigned above = row[j];

			row[j] =
				least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[lb];
}

/* A third of the letters may be wrong; behind that, a hint is noise. */
static bool is_near(unsigned d, const char *name)
{
	return d <= 1 + strlen(name) / 3;
}

/* The nearest of some rows, if it is nearer than what was found before. */
static void look(const char *path, const struct conf_item *rows, size_t count,
		 const struct conf_item **best, unsigned *least_far)
{
	const char *key = strrchr(path, '.');

	for (size_t i = 0; i < count; i++) {
		bool moved = key && strcmp(strrchr(rows[i].path, '.'), key) == 0;
		unsigned far = distance(path, rows[i].path);
		unsigned d = moved && far > MOVED ? MOVED : far;

		if (d < *least_far) {
			*least_far = d;
			*best = &rows[i];
		}
	}
}

void nearest_setting(const char *path, char hint[NEAREST_HINT_SIZE])
{
	const char *key = strrchr(path, '.');
	const struct conf_item *best = NULL;
	unsigned least_far = FAR;
	char name[CONF_NAME_SIZE];

	look(path, conf_schema, conf_schema_count, &best, &least_far);
	for (size_t i = 0; i < conf_section_count; i++)
		if (conf_sections[i].group)
			look(path, conf_sections[i].group->rows, conf_sections[i].group->row_count,
			     &best, &least_far);
	hint[0] = '\0';
	if (!best || !is_near(least_far, key ? key + 1 : path))
		return;
	conf_item_name(best, NULL, name);
	snprintf(hint, NEAREST_HINT_SIZE, "; did you mean %s?", name);
}

void nearest_section(const char *name, char hint[NEAREST_HINT_SIZE])
{
	const char *best = "";
	unsigned least_far = FAR;

	for (size_t i = 0; i < conf_section_count; i++) {
		unsigned d = distance(name, conf_sections[i].name);

		if (d < least_far) {
			least_far = d;
			best = conf_sections[i].name;
		}
	}
	hint[0] = '\0';
	for (size_t i = 0; i < conf_schema_count; i++) {
		const char *dot = strchr(conf_schema[i].path, '.');

		if (strcmp(conf_schema[i].path, name) == 0 || strcmp(dot + 1, name) == 0) {
			snprintf(hint, NEAREST_HINT_SIZE, "; write `%.*s:` and below it `%s:`",
				 (int)(dot - conf_schema[i].path), conf_schema[i].path, dot + 1);
			return;
		}
	}
	if (is_near(least_far, name))
		snprintf(hint, NEAREST_HINT_SIZE, "; did you mean %s?", best);
}
