/*
 * What differs between two configurations.  Settings are compared as they are printed:
 * what looks the same is the same, and the change can be shown.
 */
#include "config/check.h"
#include "config/field.h"
#include "config/tenant_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SHOWN_MAX = 120, /* of one value; the rest is dots */
};

/* The value of a setting as text, or NULL when memory is out; the caller frees. */
static char *item_text(const struct conf_item *item, const void *base)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		return NULL;
	conf_item_print(item, base, to);
	if (fclose(to) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* Two values as texts; both may be NULL when memory is out. */
struct pair {
	char *was, *is;
};

static struct pair pair_of(const struct conf_item *item, const void *running, const void *wanted)
{
	return (struct pair){ item_text(item, running), item_text(item, wanted) };
}

static void pair_free(struct pair *pair)
{
	free(pair->was);
	free(pair->is);
}

/* Without memory to compare, saying too much is the safe side. */
static bool pair_differs(const struct pair *pair)
{
	return !pair->was || !pair->is || strcmp(pair->was, pair->is) != 0;
}

bool conf_item_differs(const struct conf_item *item, const void *a, const void *b)
{
	struct pair pair = pair_of(item, a, b);
	bool differs = pair_differs(&pair);

	pair_free(&pair);
	return differs;
}

size_t conf_restart_needed(const struct conf *running, const struct conf *wanted,
			   struct complaints *names)
{
	size_t count = 0;

	for (size_t i = 0; i < conf_schema_count; i++) {
		const struct conf_item *item = &conf_schema[i];

		if (item->reload != CONF_RESTART || !conf_item_differs(item, running, wanted))
			continue;
		complaints_add(names, item->path);
		count++;
	}
	return count;
}

static size_t size_of(const struct conf_item *item)
{
	static const size_t owned[] = {
		[CONF_SHAPE_TEXT] = sizeof(char *),
		[CONF_SHAPE_LIST] = sizeof(struct text_list),
		[CONF_SHAPE_NETS] = sizeof(struct net_list),
		[CONF_SHAPE_MAP] = sizeof(struct text_map),
	};

	if (conf_item_shape(item) != CONF_SHAPE_FLAT)
		return owned[conf_item_shape(item)];
	/* of those that need a restart, all but a switch are numbers of the same size */
	return item->type == CONF_BOOL ? sizeof(bool) : sizeof(int64_t);
}

void conf_keep_restart(struct conf *conf, struct conf *start)
{
	for (size_t i = 0; i < conf_schema_count; i++) {
		const struct conf_item *item = &conf_schema[i];
		char *a = (char *)conf + item->at, *b = (char *)start + item->at;

		for (size_t k = 0; item->reload == CONF_RESTART && k < size_of(item); k++) {
			char byte = a[k];

			a[k] = b[k];
			b[k] = byte;
		}
	}
}

static bool is_secret(const struct conf_item *item)
{
	return strcmp(item->path, "sip.tag-key") == 0;
}

/* Counts and tells one setting when it differs. */
static size_t tell_item(const struct conf_item *item, const char *member, const void *running,
			const void *wanted, struct complaints *out)
{
	struct pair pair = pair_of(item, running, wanted);
	char name[CONF_NAME_SIZE], text[CONF_NAME_SIZE + 2 * SHOWN_MAX + 64];
	const char *after = item->reload == CONF_RESTART ? " (after a restart)" : "";
	bool differs = pair_differs(&pair);

	conf_item_name(item, member, name);
	if (!pair.was || !pair.is || is_secret(item))
		snprintf(text, sizeof(text), "%s: differs%s", name, after);
	else
		snprintf(text, sizeof(text), "%s: %.*s%s -> %.*s%s%s", name, SHOWN_MAX, pair.was,
			 strlen(pair.was) > SHOWN_MAX ? "..." : "", SHOWN_MAX, pair.is,
			 strlen(pair.is) > SHOWN_MAX ? "..." : "", after);
	if (differs)
		complaints_add(out, text);
	pair_free(&pair);
	return differs;
}

/* The member of that name, or NULL. */
static const void *member_find(const struct conf_group *group, const struct members *members,
			       const char *name)
{
	for (size_t i = 0; i < members->count; i++) {
		const void *member = member_at(group, members, i);

		if (strcmp(member_name(member), name) == 0)
			return member;
	}
	return NULL;
}

static size_t tell(struct complaints *out, const char *section, const char *name, const char *what)
{
	char text[2 * CONF_NAME_SIZE];

	snprintf(text, sizeof(text), "%s%s%s: %s", section, name[0] ? "." : "", name, what);
	complaints_add(out, text);
	return 1;
}

/* Do the members that both have come in the same order?  Of trunks the first that fits counts. */
static bool same_order(const struct conf_group *group, const struct members *was,
		       const struct members *is)
{
	size_t at = 0;

	for (size_t i = 0; i < is->count; i++) {
		const char *name = member_name(member_at(group, is, i));
		const char *old = member_find(group, was, name);

		if (!old)
			continue;
		if ((size_t)(old - (const char *)was->items) < at)
			return false;
		at = (size_t)(old - (const char *)was->items);
	}
	return true;
}

static size_t tell_group(const struct conf_section *section, const struct conf *running,
			 const struct conf *wanted, struct complaints *out)
{
	const struct conf_group *group = section->group;
	const struct members *was = members_in(group, running);
	const struct members *is = members_in(group, wanted);
	size_t count = 0;

	for (size_t i = 0; i < is->count; i++) {
		const void *member = member_at(group, is, i);
		const char *name = member_name(member);
		const void *old = member_find(group, was, name);

		if (!old)
			count += tell(out, section->name, name, "is new");
		for (size_t k = 0; old && k < group->row_count; k++)
			count += tell_item(&group->rows[k], name, old, member, out);
	}
	for (size_t i = 0; i < was->count; i++) {
		const char *name = member_name(member_at(group, was, i));

		if (!member_find(group, is, name))
			count += tell(out, section->name, name, "is gone");
	}
	if (!same_order(group, was, is))
		count += tell(out, section->name, "", "another order");
	return count;
}

size_t conf_changes(const struct conf *running, const struct conf *wanted, struct complaints *out)
{
	size_t count = 0;

	for (size_t i = 0; i < conf_schema_count; i++)
		count += tell_item(&conf_schema[i], NULL, running, wanted, out);
	for (size_t i = 0; i < conf_section_count; i++)
		if (conf_sections[i].group)
			count += tell_group(&conf_sections[i], running, wanted, out);
	return count;
}

/* Of the service's settings those by whose value a tenant's file is judged. */
static bool judges_tenants(const struct conf_item *item)
{
	static const char *const paths[] = { "sip.listen", "sip.sources", "certs.lab" };

	for (size_t i = 0; i < SK_COUNT(paths); i++)
		if (strcmp(item->path, paths[i]) == 0)
			return true;
	return tenant_conf_inherits(item);
}

/* Of others it counts only whether they are there. */
static bool means_differ(const struct conf *a, const struct conf *b)
{
	return has_anchors(&a->trust) != has_anchors(&b->trust) ||
	       is_set(a->authority.store) != is_set(b->authority.store) ||
	       is_set(a->hsm.module) != is_set(b->hsm.module) ||
	       is_set(a->tenants.header) != is_set(b->tenants.header);
}

bool conf_tenants_differ(const struct conf *a, const struct conf *b)
{
	for (size_t i = 0; i < conf_schema_count; i++)
		if (judges_tenants(&conf_schema[i]) && conf_item_differs(&conf_schema[i], a, b))
			return true;
	return means_differ(a, b);
}
