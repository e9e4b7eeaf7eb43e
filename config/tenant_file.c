/*
 * A tenant's file on top of the main one.  The tenant is read into a struct conf whose other
 * parts are the main file's, borrowed: so the rows, the reader and the rules are the same for
 * both kinds of file.  What the file leaves out is copied, not parsed: a service has many
 * tenants, and the main file has been read and judged already.
 */
#include "config/tenant_file.h"

#include "config/field.h"
#include "config/loading.h"
#include "config/preset.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool tenant_conf_inherits(const struct conf_item *item)
{
	static const char *const own[] = {
		"tenant.name", "sign.key",          "sign.certificate",
		"sign.x5u",    "sign.origid-value", "verify.certificates",
	};

	for (size_t i = 0; i < SK_COUNT(own); i++)
		if (strcmp(item->path, own[i]) == 0)
			return false;
	return conf_item_in_tenant(item) && !conf_item_key(item, "match");
}

/* Frees what the tenant in `base`, laid out as a struct conf, owns. */
static void free_fields(struct conf *base)
{
	for (size_t i = 0; i < conf_schema_count; i++)
		if (conf_item_in_tenant(&conf_schema[i]))
			field_free(conf_item_shape(&conf_schema[i]),
				   (char *)base + conf_schema[i].at);
	for (size_t i = 0; i < conf_section_count; i++)
		if (conf_sections[i].group)
			members_free(conf_sections[i].group,
				     members_of(conf_sections[i].group, base));
}

/* The main file's settings with a tenant of its own that owns nothing yet; flat settings are
 * those of the main file. */
static struct conf *view_new(const struct conf *main)
{
	struct conf *view = calloc(1, sizeof(*view));

	if (!view)
		return NULL;
	view->sip = main->sip;
	view->tls = main->tls;
	view->http = main->http;
	view->tenants = main->tenants;
	view->trust = main->trust;
	view->certs = main->certs;
	view->authority = main->authority;
	view->hsm = main->hsm;
	view->log = main->log;
	view->tenant = main->tenant;
	view->tenant.trunks = (struct members){ .items = NULL };
	view->tenant.credentials = (struct members){ .items = NULL };
	view->tenant.clients = (struct members){ .items = NULL };
	for (size_t i = 0; i < conf_schema_count; i++)
		if (conf_item_in_tenant(&conf_schema[i]))
			field_forget(conf_item_shape(&conf_schema[i]),
				     (char *)view + conf_schema[i].at);
	return view;
}

static void view_free(struct conf *view)
{
	free_fields(view);
	free(view);
}
SK_DEFINE_CLEANUP(struct conf, view_free)

static void read_value(struct loading *l, const struct conf_item *item, struct conf *view)
{
	const struct node *node = loading_node(l, item->path);
	const char *preset = preset_text(l->preset, item->path);
	enum conf_shape shape = conf_item_shape(item);
	void *field = (char *)view + item->at;
	bool ok;

	if (node && conf_item_of_tenant(item)) {
		value_read(l, item, node, view);
		return;
	}
	if (preset && tenant_conf_inherits(item)) {
		value_parse(l, item, preset, view);
		return;
	}
	ok = tenant_conf_inherits(item) ? field_copy(shape, field, (const char *)l->main + item->at)
					: field_empty(shape, field);
	if (!ok)
		complain(l, (struct place){ 0, 0 }, "%s: out of memory", item->path);
}

/* "/etc/shaken/tenants/acme.yaml" -> "acme", which is in `out`. */
static bool file_stem(const char *path, char out[CONF_MEMBER_MAX + 1])
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = strlen(name);

	if (len > 5 && strcmp(name + len - 5, ".yaml") == 0)
		len -= 5;
	if (len > CONF_MEMBER_MAX)
		return false;
	memcpy(out, name, len);
	out[len] = '\0';
	return conf_member_name(out);
}

/* The name is the file's: two tenants of one name cannot be. */
static void take_name(struct loading *l, struct conf *view)
{
	const struct node *node = loading_node(l, "tenant.name");
	char name[CONF_MEMBER_MAX + 1];
	char *copy;

	if (!file_stem(l->name, name)) {
		complain(l, (struct place){ 0, 0 },
			 "the file's name is the tenant's: 1 to %d of the characters "
			 "A-Z a-z 0-9 . _ - and .yaml",
			 CONF_MEMBER_MAX);
		return;
	}
	if (node && (node->kind != NODE_TEXT || strcmp(node->text, name) != 0)) {
		complain(l, node->place,
			 "tenant.name: is \"%s\", as the file is called; leave it out", name);
		return;
	}
	copy = strdup(name);
	if (!copy) {
		complain(l, (struct place){ 0, 0 }, "tenant.name: out of memory");
		return;
	}
	free(view->tenant.name);
	view->tenant.name = copy;
}

static void read_values(struct loading *l, struct conf *view)
{
	for (size_t i = 0; i < conf_schema_count; i++)
		if (conf_item_in_tenant(&conf_schema[i]))
			read_value(l, &conf_schema[i], view);
	for (size_t i = 0; i < conf_section_count; i++)
		if (conf_sections[i].group)
			group_read(l, &conf_sections[i], view);
	take_name(l, view);
}

static bool load(struct loading *l, const char *text, size_t len, struct tenant_conf **out)
{
	SK_CLEANUP(tree_free_p) struct node *root = NULL;
	SK_CLEANUP(view_free_p) struct conf *view = view_new(l->main);
	struct conf *own;

	if (!view || !l->folder) {
		complain(l, (struct place){ 0, 0 },
			 view ? "the working directory is not known" : "out of memory");
		return false;
	}
	if (!loading_open(l, text, len, &root))
		return false;
	read_values(l, view);
	if (!l->failed)
		conf_check_tenant(l, view);
	own = calloc(1, sizeof(*own));
	if (!own)
		complain(l, (struct place){ 0, 0 }, "out of memory");
	if (!loading_close(l)) {
		free(own);
		return false;
	}
	own->tenant = view->tenant;
	free(sk_steal(view));
	*out = &own->tenant;
	return true;
}

bool tenant_conf_load(const char *text, size_t len, const char *path, const struct conf *main,
		      struct tenant_conf **out, struct complaints *complaints)
{
	char *folder = loading_folder(path);
	struct loading l = {
		.name = path,
		.folder = folder,
		.main = main,
		.complaints = complaints,
	};
	bool ok = load(&l, text, len, out);

	free(folder);
	return ok;
}

/* A tenant lies in a struct conf, its own or the main file's: rows count their offsets from there.
 */
static struct conf *home_of(const struct tenant_conf *set)
{
	void *home = (char *)(uintptr_t)set - offsetof(struct conf, tenant);

	return home;
}

void tenant_conf_free(struct tenant_conf *set)
{
	if (set)
		view_free(home_of(set));
}

void tenant_conf_print(const struct tenant_conf *set, FILE *to)
{
	for (size_t i = 0; i < conf_section_count; i++)
		if (conf_section_of_tenant(&conf_sections[i]))
			conf_section_print(&conf_sections[i], home_of(set), conf_item_of_tenant,
					   to);
}
