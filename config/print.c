/*
 * The configuration as YAML: one line a setting, so that two outputs can be
 * compared line by line.  Texts are always quoted; no text can become a list, a
 * number or a comment by what is in it.
 */
#include "config/field.h"
#include "config/loading.h"
#include "config/number.h"
#include "config/schema.h"

#include <stdlib.h>
#include <string.h>

enum {
	NUMBER_SIZE = 32, /* room for "1073741824" and its unit */
};

static void print_text(const char *text, FILE *to)
{
	fputc('"', to);
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			fputc('\\', to);
		fputc(*c, to);
	}
	fputc('"', to);
}

static void print_word(const struct conf_item *item, unsigned value, FILE *to)
{
	for (const struct conf_word *w = item->words; w->name; w++)
		if (w->value == value)
			fputs(w->name, to);
}

static void print_words(const struct conf_item *item, unsigned bits, FILE *to)
{
	const char *between = "";

	fputc('[', to);
	for (const struct conf_word *w = item->words; w->name; w++) {
		if (!(bits & w->value))
			continue;
		fprintf(to, "%s%s", between, w->name);
		between = ", ";
	}
	fputc(']', to);
}

static void print_number(const struct conf_item *item, int64_t value, FILE *to)
{
	char text[NUMBER_SIZE];
	struct sk_buf buf;

	sk_buf_init(&buf, text, sizeof(text));
	number_print(item->type, value, &buf);
	fputs(text, to);
}

static void print_list(const struct text_list *list, FILE *to)
{
	fputc('[', to);
	for (size_t i = 0; i < list->count; i++) {
		fputs(i ? ", " : "", to);
		print_text(list->items[i], to);
	}
	fputc(']', to);
}

static void print_net(const struct net *net, FILE *to)
{
	char host[ADDR_TEXT_SIZE];
	struct addr addr = { .len = 0 };

	if (net->v6) {
		addr.sa.v6.sin6_family = AF_INET6;
		memcpy(&addr.sa.v6.sin6_addr, net->bytes, 16);
	} else {
		addr.sa.v4.sin_family = AF_INET;
		memcpy(&addr.sa.v4.sin_addr, net->bytes, 4);
	}
	addr_print_host(&addr, host);
	fprintf(to, "\"%s/%u\"", host, net->bits);
}

static void print_nets(const struct net_list *list, FILE *to)
{
	fputc('[', to);
	for (size_t i = 0; i < list->count; i++) {
		fputs(i ? ", " : "", to);
		print_net(&list->nets[i], to);
	}
	fputc(']', to);
}

static void print_map(const struct text_map *map, FILE *to)
{
	fputc('{', to);
	for (size_t i = 0; i < map->count; i++) {
		fputs(i ? ", " : "", to);
		print_text(map->keys[i], to);
		fputs(": ", to);
		print_text(map->values[i], to);
	}
	fputc('}', to);
}

static void print_flat(const struct conf_item *item, const void *field, FILE *to)
{
	unsigned word;

	if (item->type == CONF_BOOL) {
		fputs(*(const bool *)field ? "yes" : "no", to);
	} else if (item->type == CONF_COUNTRY || item->type == CONF_PREFIX) {
		print_text(field, to);
	} else if (item->type == CONF_SMALL) {
		print_number(item, *(const uint8_t *)field, to);
	} else if (item->type == CONF_WORD || item->type == CONF_WORDS) {
		memcpy(&word, field, sizeof(word));
		if (item->type == CONF_WORD)
			print_word(item, word, to);
		else
			print_words(item, word, to);
	} else {
		print_number(item, *(const int64_t *)field, to);
	}
}

void conf_item_print(const struct conf_item *item, const void *base, FILE *to)
{
	const void *field = (const char *)base + item->at;

	switch (conf_item_shape(item)) {
	case CONF_SHAPE_FLAT:
		print_flat(item, field, to);
		break;
	case CONF_SHAPE_TEXT:
		print_text(*(char *const *)field, to);
		break;
	case CONF_SHAPE_LIST:
		print_list(field, to);
		break;
	case CONF_SHAPE_NETS:
		print_nets(field, to);
		break;
	case CONF_SHAPE_MAP:
		print_map(field, to);
		break;
	}
}

static void print_members(const struct conf_group *group, const struct members *members, FILE *to)
{
	for (size_t i = 0; i < members->count; i++) {
		const void *member = member_at(group, members, i);

		/* quoted, because a name of digits and dots is a text, too */
		fprintf(to, "  \"%s\":\n", member_name(member));
		for (size_t k = 0; k < group->row_count; k++) {
			fprintf(to, "    %s: ", strrchr(group->rows[k].path, '.') + 1);
			conf_item_print(&group->rows[k], member, to);
			fputc('\n', to);
		}
	}
}

void conf_section_print(const struct conf_section *section, const struct conf *conf,
			bool (*print)(const struct conf_item *item), FILE *to)
{
	const struct conf_group *group = section->group;

	fprintf(to, "%s:\n", section->name);
	if (group) {
		print_members(group, members_in(group, conf), to);
		return;
	}
	for (size_t i = 0; i < conf_schema_count; i++) {
		const char *key = conf_item_key(&conf_schema[i], section->name);

		if (!key || !print(&conf_schema[i]))
			continue;
		fprintf(to, "  %s: ", key);
		conf_item_print(&conf_schema[i], conf, to);
		fputc('\n', to);
	}
}

static bool every(const struct conf_item *item)
{
	return item != NULL;
}

void conf_print(const struct conf *conf, FILE *to)
{
	for (size_t s = 0; s < conf_section_count; s++)
		conf_section_print(&conf_sections[s], conf, every, to);
}
