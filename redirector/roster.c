/*
 * The folder is listed, each file is looked at, and what differs is read; a tenant that did
 * not change goes from the old directory to the new one as it is.  The old directory serves
 * calls meanwhile: of it only what never changes is read here.
 */
#include "redirector/roster.h"

#include "config/tenant_file.h"
#include "redirector/roster_state.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char ending[] = ".yaml";

enum {
	ENDING_LEN = sizeof(ending) - 1,
	FINDING_SIZE = 1024,
};

void roster_report_deinit(struct roster_report *report)
{
	complaints_deinit(&report->findings);
	complaints_deinit(&report->warnings);
	complaints_deinit(&report->names);
}

void roster_find(struct complaints *findings, const struct roster_item *item, const char *what)
{
	char text[FINDING_SIZE];

	snprintf(text, sizeof(text), "%.400s: %s", item->path, what);
	complaints_add(findings, text);
}

void roster_refuse(struct roster_item *item)
{
	tenant_unref(item->now);
	item->now = item->old ? tenant_ref(item->old) : NULL;
	item->fate = FATE_BROKEN;
}

static void items_deinit(struct roster_items *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].path);
		free(list->items[i].name);
		tenant_unref(list->items[i].now);
	}
	free(list->items);
}

/* Hidden files, and what editors leave behind, are nobody. */
static bool is_tenant(const char *name)
{
	size_t len = strlen(name);

	return len > ENDING_LEN && name[0] != '.' && strcmp(name + len - ENDING_LEN, ending) == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct roster_item *)a)->name, ((const struct roster_item *)b)->name);
}

static bool add_item(struct roster_items *list, size_t *room, const char *folder, const char *file)
{
	struct roster_item item = { .fate = FATE_ADDED };

	if (list->count == *room) {
		size_t more = *room * 2 + 64;
		struct roster_item *items = realloc(list->items, more * sizeof(*items));

		if (!items)
			return false;
		list->items = items;
		*room = more;
	}
	item.name = strndup(file, strlen(file) - ENDING_LEN);
	if (asprintf(&item.path, "%s/%s", folder, file) < 0)
		item.path = NULL;
	if (!item.name || !item.path) {
		free(item.name);
		free(item.path);
		return false;
	}
	list->items[list->count++] = item;
	return true;
}

/* @param room_made  For how many there are counters: tenants.max as it was at the start; 0: not
 * known */
static bool list_folder(const struct tenants_conf *set, size_t room_made, struct roster_items *list,
			char why[DIRECTORY_WHY_SIZE])
{
	size_t max = (size_t)set->max;
	DIR *dir = opendir(set->folder);
	size_t room = 0;
	bool ok = true;

	if (!dir) {
		snprintf(why, DIRECTORY_WHY_SIZE, "tenants.folder: %.300s: %s", set->folder,
			 strerror(errno));
		return false;
	}
	errno = 0;
	for (const struct dirent *e; ok && (e = readdir(dir)); errno = 0)
		ok = !is_tenant(e->d_name) || add_item(list, &room, set->folder, e->d_name);
	if (!ok || errno) {
		snprintf(why, DIRECTORY_WHY_SIZE, "tenants.folder: %.300s: %s", set->folder,
			 ok ? strerror(errno) : sk_err_text(SK_ENOMEM));
		ok = false;
	}
	closedir(dir);
	if (room_made > 0 && room_made < max)
		max = room_made;
	if (ok && list->count > max) {
		snprintf(why, DIRECTORY_WHY_SIZE, "tenants.max: %zu files in %.300s, %zu allowed",
			 list->count, set->folder, max);
		return false;
	}
	if (ok && list->count > 0)
		qsort(list->items, list->count, sizeof(*list->items), by_name);
	return ok;
}

/* What is in use under that name and came from a file. */
static struct tenant *in_use(struct directory *old, const char *name)
{
	struct tenant *tenant = old ? directory_by_name(old, sk_span_of(name)) : NULL;

	return tenant && roster_file_of(tenant) ? tenant : NULL;
}

/* Nothing is in use under this name.  With all but its credentials in order it keeps its calls,
 * which go on unsigned: else the next tenant whose criteria hold would sign them. */
static void hold_place(struct roster_item *item, struct conf *conf,
		       const struct tenant_parts *parts)
{
	struct complaints told = { 0 };
	struct tenant_parts keyless = *parts;

	keyless.keyless = true;
	item->now = roster_file_load(item->path, conf, &keyless, &told);
	complaints_deinit(&told);
	if (!item->now)
		return;
	roster_file_of(item->now)->outdated = true;
	item->keyless = true;
	item->fate = FATE_ADDED;
}

/* @param anew  What tenants take from the main file differs */
static void read_item(struct roster_item *item, struct conf *conf, const struct tenant_parts *parts,
		      bool anew, struct complaints *findings)
{
	bool same = item->old &&
		    strcmp(roster_file_of(item->old)->files[0].path, item->path) == 0 &&
		    roster_file_same(item->old);

	if (same && !anew && !roster_file_of(item->old)->outdated) {
		item->now = tenant_ref(item->old);
		item->fate = FATE_SAME;
		return;
	}
	item->now = roster_file_load(item->path, conf, parts, findings);
	if (item->now) {
		item->fate = same ? FATE_SAME : item->old ? FATE_CHANGED : FATE_ADDED;
		return;
	}
	if (same)
		roster_file_of(item->old)->outdated = true;
	roster_refuse(item);
	if (!item->old)
		hold_place(item, conf, parts);
}

static void name_it(struct roster_report *report, char mark, const char *name)
{
	char text[256];

	snprintf(text, sizeof(text), "%c %.200s", mark, name);
	complaints_add(&report->names, text);
}

static void report_item(const struct roster_item *item, struct roster_report *report)
{
	static const char marks[] = {
		[FATE_CHANGED] = '~', [FATE_ADDED] = '+', [FATE_BROKEN] = '!'
	};
	size_t *const counts[] = { &report->unchanged, &report->changed, &report->added,
				   &report->broken };

	bool keyless = item->now && item->keyless;
	enum roster_fate fate = keyless ? FATE_BROKEN : item->fate;

	++*counts[fate];
	if (fate == FATE_SAME)
		return;
	name_it(report, marks[fate], item->name);
	if (keyless)
		roster_find(&report->findings, item,
			    "served without a key: its calls go on unsigned");
	else if (fate == FATE_BROKEN)
		roster_find(&report->findings, item,
			    item->now ? "the version in use stays" : "this tenant is not served");
}

static bool is_listed(const struct roster_items *list, const char *name)
{
	struct roster_item wanted = { .name = (char *)(uintptr_t)name };

	return list->count > 0 &&
	       bsearch(&wanted, list->items, list->count, sizeof(*list->items), by_name);
}

static void report_all(const struct roster_items *list, struct directory *old,
		       struct roster_report *report)
{
	for (size_t i = 0; i < list->count; i++)
		report_item(&list->items[i], report);
	for (size_t i = 0; old && i < directory_count(old); i++) {
		const char *name = directory_at(old, i)->set->name;

		if (is_listed(list, name))
			continue;
		report->removed++;
		name_it(report, '-', name);
	}
}

static bool build(struct conf *conf, struct tenant *fallback, const struct roster_items *list,
		  struct directory **out, char why[DIRECTORY_WHY_SIZE])
{
	struct tenant **tenants = calloc(list->count + 1, sizeof(struct tenant *));
	struct directory *made;
	size_t count = 0;

	if (!tenants) {
		snprintf(why, DIRECTORY_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
		return false;
	}
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].now)
			tenants[count++] = list->items[i].now;
	made = directory_new(conf, fallback, tenants, count, why);
	free((void *)tenants);
	if (!made)
		return false;
	*out = made;
	return true;
}

static bool read_folder(struct conf *conf, const struct tenant_parts *parts, struct directory *old,
			struct roster_items *list, struct roster_report *report,
			char why[DIRECTORY_WHY_SIZE])
{
	bool anew = old && conf_tenants_differ(directory_conf(old), conf);

	if (!list_folder(&conf->tenants, parts->max, list, why))
		return false;
	for (size_t i = 0; i < list->count; i++) {
		if (parts->stop && atomic_load(parts->stop)) {
			snprintf(why, DIRECTORY_WHY_SIZE, "stopped");
			return false;
		}
		list->items[i].old = in_use(old, list->items[i].name);
		read_item(&list->items[i], conf, parts, anew, &report->findings);
	}
	snprintf(why, DIRECTORY_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
	return roster_settle(list, conf, &report->findings);
}

bool roster_read(struct conf *conf, const struct tenant_parts *parts, struct directory *old,
		 struct directory **out, struct roster_report *report, char why[DIRECTORY_WHY_SIZE])
{
	SK_CLEANUP(tenant_unref_p) struct tenant *fallback = NULL;
	struct tenant_parts own = *parts;
	struct roster_items list = { NULL, 0 };
	bool alone = conf->tenants.folder[0] == '\0', ok;

	own.lab = conf->certs.lab;
	if (alone || conf->tenants.fallback) {
		fallback = tenant_new(conf, &own, why);
		if (!fallback)
			return false;
	}
	ok = (alone || read_folder(conf, &own, old, &list, report, why)) &&
	     build(conf, fallback, &list, out, why);
	if (ok)
		report_all(&list, old, report);
	if (ok && !roster_warn(*out, &own, &report->warnings))
		complaints_add(&report->warnings, sk_err_text(SK_ENOMEM));
	items_deinit(&list);
	return ok;
}
