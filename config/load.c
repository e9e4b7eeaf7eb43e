/*
 * File, tree, values, rules.  Defaults are no special case: a setting that the
 * file leaves out is read from its row's text by the same parser, and so is that
 * of a preset.  Rules across settings are judged only when every value by itself
 * is good, because a rule about a value that was refused would complain about the
 * wrong thing.
 */
#include "config/load.h"

#include "config/loading.h"
#include "config/nearest.h"
#include "config/preset.h"
#include "redirector/base/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct node *section_node(const struct loading *l, const char *path)
{
	const char *dot = strchr(path, '.');
	char section[32];

	if (!dot || (size_t)(dot - path) >= sizeof(section))
		return NULL;
	memcpy(section, path, (size_t)(dot - path));
	section[dot - path] = '\0';
	return tree_get(l->root, section);
}

const struct node *loading_node(const struct loading *l, const char *path)
{
	return tree_get(section_node(l, path), strchr(path, '.') + 1);
}

const struct node *loading_member(const struct loading *l, const char *path, const char *member)
{
	return tree_get(tree_get(section_node(l, path), member), strrchr(path, '.') + 1);
}

static void check_setting(struct loading *l, const char *section, const struct node *key)
{
	char path[NEAREST_PATH_SIZE], hint[NEAREST_HINT_SIZE];
	const struct conf_item *item;

	snprintf(path, sizeof(path), "%s.%.64s", section, key->key);
	item = strlen(key->key) <= CONF_MEMBER_MAX ? conf_item_find(path) : NULL;
	if (!item) {
		nearest_setting(path, hint);
		complain(l, key->key_place, "%s: unknown setting%s", path, hint);
	} else if (l->main && !conf_item_of_tenant(item)) {
		complain(l, key->key_place, "%s: belongs in the main file", path);
	}
}

static void check_section(struct loading *l, const struct node *section)
{
	const struct conf_section *known = conf_section_find(section->key);
	char hint[NEAREST_HINT_SIZE];

	if (!known) {
		nearest_section(section->key, hint);
		complain(l, section->key_place, "%.64s: unknown section%s", section->key, hint);
		return;
	}
	if (l->main && !conf_section_of_tenant(known)) {
		complain(l, section->key_place, "%s: belongs in the main file", section->key);
		return;
	}
	if (is_nothing(section))
		return;
	if (section->kind != NODE_MAP) {
		complain(l, section->place, "%s: must hold %s", section->key,
			 known->group
				 ? "members, each a name with its settings: `name: {key: value}`"
				 : "settings, one a line: `key: value`");
		return;
	}
	if (known->group) {
		group_names(l, section);
		return;
	}
	for (size_t i = 0; i < section->count; i++)
		check_setting(l, section->key, section->items[i]);
}

/* Everything in the file must be known: a misspelt setting is a setting not made. */
static void check_names(struct loading *l)
{
	if (l->root && l->root->kind != NODE_MAP) {
		complain(l, l->root->place, "must hold sections, `%s:` and so on",
			 l->main ? "match" : "sip");
		return;
	}
	for (size_t i = 0; l->root && i < l->root->count; i++)
		check_section(l, l->root->items[i]);
}

/* Looked at before all others, because it says what they are when they are left out. */
static void read_preset(struct loading *l)
{
	const struct conf_item *item = conf_item_find("answer.preset");
	const struct node *node = loading_node(l, item->path);

	l->preset = PRESET_NONE;
	for (const struct conf_word *w = item->words; node && node->kind == NODE_TEXT && w->name;
	     w++)
		if (strcmp(w->name, node->text) == 0)
			l->preset = (enum conf_preset)w->value;
}

bool loading_open(struct loading *l, const char *text, size_t len, struct node **root)
{
	struct tree_error error;

	if (len > CONF_FILE_MAX) {
		complain(l, (struct place){ 0, 0 }, "larger than %d bytes", CONF_FILE_MAX);
		return false;
	}
	if (!tree_parse(text, len, root, &error)) {
		complain(l, error.place, "%s", error.why);
		return false;
	}
	l->root = *root;
	check_names(l);
	read_preset(l);
	return true;
}

bool loading_close(struct loading *l)
{
	for (size_t i = 0; !l->failed && i < l->warnings.count; i++)
		complaints_add(l->complaints, l->warnings.items[i]);
	complaints_deinit(&l->warnings);
	l->root = NULL;
	return !l->failed;
}

static void read_value(struct loading *l, const struct conf_item *item, struct conf *conf)
{
	const struct node *node = loading_node(l, item->path);
	const char *preset = conf_item_in_tenant(item) ? preset_text(l->preset, item->path) : NULL;

	if (node)
		value_read(l, item, node, conf);
	else
		value_parse(l, item, preset ? preset : item->dflt, conf);
}

static void read_values(struct loading *l, struct conf *conf)
{
	for (size_t i = 0; i < conf_schema_count; i++)
		read_value(l, &conf_schema[i], conf);
	for (size_t i = 0; i < conf_section_count; i++)
		if (conf_sections[i].group)
			group_read(l, &conf_sections[i], conf);
}

static struct conf *new_conf(const char *name)
{
	struct conf *conf = calloc(1, sizeof(*conf));

	if (!conf)
		return NULL;
	conf->refs = 1;
	conf->path = strdup(name);
	if (!conf->path) {
		conf_unref(conf);
		return NULL;
	}
	return conf;
}

/* A file that says nothing was half written, and defaults in the place of all that runs would be
 * a poor reading of it. */
static bool says_nothing(const struct node *root)
{
	for (size_t i = 0; root && i < root->count; i++)
		if (root->items[i]->count > 0)
			return false;
	return true;
}

static bool load(struct loading *l, const char *text, size_t len, struct conf **out)
{
	SK_CLEANUP(tree_free_p) struct node *root = NULL;
	SK_CLEANUP(conf_unref_p) struct conf *conf = new_conf(l->name);

	if (!conf) {
		complain(l, (struct place){ 0, 0 }, "out of memory");
		return false;
	}
	if (!loading_open(l, text, len, &root))
		return false;
	if (l->folder && !l->failed && says_nothing(root))
		complain(l, (struct place){ 0, 0 }, "there is nothing in it");
	read_values(l, conf);
	if (!l->failed)
		conf_check(l, conf);
	if (!loading_close(l))
		return false;
	*out = sk_steal(conf);
	return true;
}

/* Absolute, so that a printed configuration works anywhere. */
char *loading_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	char *here, *folder = NULL;

	if (path[0] == '/')
		return strndup(path, len);
	here = get_current_dir_name();
	if (!here || asprintf(&folder, "%s%s%.*s", here, len ? "/" : "", (int)len, path) < 0)
		folder = NULL;
	free(here);
	return folder;
}

bool conf_load_read(const char *text, size_t len, const char *path, struct conf **out,
		    struct complaints *complaints)
{
	struct loading l = { .name = path, .complaints = complaints };
	char *folder = loading_folder(path);
	bool ok;

	l.folder = folder;
	if (!folder)
		complain(&l, (struct place){ 0, 0 }, "the working directory is not known");
	ok = folder && load(&l, text, len, out);
	free(folder);
	return ok;
}

bool conf_load(const char *path, struct conf **out, struct complaints *complaints)
{
	struct loading l = { .name = path, .complaints = complaints };
	char why[FILE_WHY_SIZE];
	char *text;
	size_t len;
	bool ok;

	if (!file_read(path, FILE_PUBLIC, CONF_FILE_MAX, &text, &len, why)) {
		complain(&l, (struct place){ 0, 0 }, "%s", why);
		return false;
	}
	ok = conf_load_read(text, len, path, out, complaints);
	file_free(text, len);
	return ok;
}

bool conf_load_text(const char *text, size_t len, const char *name, struct conf **out,
		    struct complaints *complaints)
{
	struct loading l = { .name = name, .complaints = complaints };

	return load(&l, text, len, out);
}
