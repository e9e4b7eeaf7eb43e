/*
 * File, tree, values, rules.  Defaults are no special case: a setting that the
 * file leaves out is read from its row's text by the same parser.  Rules across
 * settings are judged only when every value by itself is good, because a rule
 * about a value that was refused would complain about the wrong thing.
 */
#include "config/load.h"

#include "config/loading.h"
#include "config/nearest.h"
#include "redirector/base/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct node *loading_node(const struct loading *l, const char *path)
{
	const char *dot = strchr(path, '.');
	char section[32];

	if (!dot || (size_t)(dot - path) >= sizeof(section))
		return NULL;
	memcpy(section, path, (size_t)(dot - path));
	section[dot - path] = '\0';
	return tree_get(tree_get(l->root, section), dot + 1);
}

/* A section whose settings are all commented out is an empty text. */
static bool is_nothing(const struct node *node)
{
	return node->kind == NODE_TEXT && node->plain && node->text[0] == '\0';
}

static bool is_section(const char *name)
{
	for (size_t i = 0; i < conf_section_count; i++)
		if (strcmp(conf_sections[i].name, name) == 0)
			return true;
	return false;
}

static void check_section(struct loading *l, const struct node *section)
{
	if (is_nothing(section))
		return;
	if (section->kind != NODE_MAP) {
		complain(l, section->place, "%s: must hold settings, one a line: `key: value`",
			 section->key);
		return;
	}
	for (size_t i = 0; i < section->count; i++) {
		const struct node *key = section->items[i];
		char path[NEAREST_PATH_SIZE], hint[NEAREST_HINT_SIZE];

		snprintf(path, sizeof(path), "%s.%.64s", section->key, key->key);
		if (conf_item_find(path) && strlen(key->key) <= 64)
			continue;
		nearest_setting(path, hint);
		complain(l, key->key_place, "%s: unknown setting%s", path, hint);
	}
}

/* Everything in the file must be known: a misspelt setting is a setting not made. */
static void check_names(struct loading *l)
{
	if (l->root && l->root->kind != NODE_MAP) {
		complain(l, l->root->place, "must hold sections, `sip:` and so on");
		return;
	}
	for (size_t i = 0; l->root && i < l->root->count; i++) {
		const struct node *section = l->root->items[i];
		char hint[NEAREST_HINT_SIZE];

		if (is_section(section->key)) {
			check_section(l, section);
			continue;
		}
		nearest_section(section->key, hint);
		complain(l, section->key_place, "%.64s: unknown section%s", section->key, hint);
	}
}

static void read_default(struct loading *l, const struct conf_item *item, struct conf *conf)
{
	SK_CLEANUP(tree_free_p) struct node *node = NULL;
	struct tree_error error;

	if (!tree_parse(item->dflt, strlen(item->dflt), &node, &error) || !node)
		complain(l, (struct place){ 0, 0 }, "%s: the default cannot be read: %s",
			 item->path, node ? "" : error.why);
	else
		value_read(l, item, node, conf);
}

static void read_values(struct loading *l, struct conf *conf)
{
	for (size_t i = 0; i < conf_schema_count; i++) {
		const struct conf_item *item = &conf_schema[i];
		const struct node *node = loading_node(l, item->path);

		if (node)
			value_read(l, item, node, conf);
		else
			read_default(l, item, conf);
	}
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

static bool load(struct loading *l, const char *text, size_t len, struct conf **out)
{
	SK_CLEANUP(tree_free_p) struct node *root = NULL;
	SK_CLEANUP(conf_unref_p) struct conf *conf = new_conf(l->name);
	struct tree_error error;

	if (!conf) {
		complain(l, (struct place){ 0, 0 }, "out of memory");
		return false;
	}
	if (len > CONF_FILE_MAX) {
		complain(l, (struct place){ 0, 0 }, "larger than %d bytes", CONF_FILE_MAX);
		return false;
	}
	if (!tree_parse(text, len, &root, &error)) {
		complain(l, error.place, "%s", error.why);
		return false;
	}

	l->root = root;
	check_names(l);
	read_values(l, conf);
	if (!l->failed)
		conf_check(l, conf);
	l->root = NULL;
	if (!l->failed)
		for (size_t i = 0; i < l->warnings.count; i++)
			complaints_add(l->complaints, l->warnings.items[i]);
	complaints_deinit(&l->warnings);
	if (l->failed)
		return false;
	*out = sk_steal(conf);
	return true;
}

/* The folder of a file as an absolute path, so that a printed configuration works anywhere. */
static char *folder_of(const char *path)
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

bool conf_load(const char *path, struct conf **out, struct complaints *complaints)
{
	struct loading l = { .name = path, .complaints = complaints };
	char why[FILE_WHY_SIZE];
	char *text, *folder;
	size_t len;
	bool ok;

	if (!file_read(path, FILE_PUBLIC, CONF_FILE_MAX, &text, &len, why)) {
		complain(&l, (struct place){ 0, 0 }, "%s", why);
		return false;
	}
	folder = folder_of(path);
	l.folder = folder;
	if (!folder)
		complain(&l, (struct place){ 0, 0 }, "the working directory is not known");
	ok = folder && load(&l, text, len, out);
	free(folder);
	file_free(text, len);
	return ok;
}

bool conf_load_text(const char *text, size_t len, const char *name, struct conf **out,
		    struct complaints *complaints)
{
	struct loading l = { .name = name, .complaints = complaints };

	return load(&l, text, len, out);
}
