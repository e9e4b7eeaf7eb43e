/*
 * The file says what runs: a line for each tenant with the hash of what it was made of, then
 * the settings as YAML.  Only who may read the configuration may read it, since it has the
 * same secrets in it.
 */
#include "redirector/base/file.h"
#include "redirector/roster.h"
#include "redirector/roster_file.h"

#include "config/tenant_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	RUNNING_MAX = 256 << 20, /* 1,000,000 tenants and their names */
	SHOWN_MAX = 100,         /* tenants that are named one by one */
};

static const char first_line[] = "# what shaken-redirector runs; it writes this file\n";
static const char mark[] = "# tenant ";
static const char settings[] = "# settings\n";
static const char last_line[] = "# end\n"; /* without it the file was cut off */

static void print_running(const struct directory *d, FILE *to)
{
	char hex[ROSTER_HEX_SIZE];

	fputs(first_line, to);
	for (size_t i = 0; i < directory_count(d); i++) {
		const struct tenant *tenant = directory_at(d, i);

		if (!roster_file_of(tenant))
			continue;
		roster_file_hex(roster_file_of(tenant), hex);
		fprintf(to, "%s%s %s\n", mark, hex, tenant->set->name);
	}
	fputs(settings, to);
	conf_print(directory_conf(d), to);
	fputs(last_line, to);
}

static bool write_whole(const struct directory *d, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
	bool ok;

	if (!to) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	print_running(d, to);
	ok = fflush(to) == 0 && !ferror(to) && fsync(fd) == 0;
	return fclose(to) == 0 && ok;
}

bool roster_write_running(struct directory *directory, const char *path,
			  char why[DIRECTORY_WHY_SIZE])
{
	char *beside = NULL;
	bool ok;

	if (asprintf(&beside, "%s.new", path) < 0) {
		snprintf(why, DIRECTORY_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
		return false;
	}
	ok = write_whole(directory, beside) && rename(beside, path) == 0;
	if (!ok) {
		snprintf(why, DIRECTORY_WHY_SIZE, "tenants.running: %.300s: %s", path,
			 strerror(errno));
		unlink(beside);
	}
	free(beside);
	return ok;
}

/* What runs, as it was written; names point into the text. */
struct running {
	char *text;
	size_t len;
	struct row {
		const char *hex, *name;
		bool wanted; /* somebody of the new ones has this name */
	} * rows;
	size_t count;
	const char *settings;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->name, ((const struct row *)b)->name);
}

static bool read_row(struct running *r, char *line, size_t *room)
{
	char *hex = line + sizeof(mark) - 1, *space = strchr(hex, ' ');

	if (!space || space - hex != ROSTER_HEX_SIZE - 1)
		return false;
	*space = '\0';
	if (r->count == *room) {
		size_t more = *room * 2 + 64;
		struct row *rows = realloc(r->rows, more * sizeof(*rows));

		if (!rows)
			return false;
		r->rows = rows;
		*room = more;
	}
	r->rows[r->count++] = (struct row){ .hex = hex, .name = space + 1 };
	return true;
}

static bool is_whole(const struct running *r)
{
	size_t len = sizeof(last_line) - 1;

	return r->len > len && r->text[r->len - len - 1] == '\n' &&
	       memcmp(r->text + r->len - len, last_line, len) == 0;
}

/* @return false: not a file of ours */
static bool cut_rows(struct running *r)
{
	char *line = r->text;
	size_t room = 0;

	for (char *end; (end = strchr(line, '\n')); line = end + 1) {
		if (strncmp(line, settings, sizeof(settings) - 1) == 0) {
			r->settings = line;
			if (r->count > 0)
				qsort(r->rows, r->count, sizeof(*r->rows), by_name);
			return true;
		}
		*end = '\0';
		if (strncmp(line, mark, sizeof(mark) - 1) == 0 && !read_row(r, line, &room))
			return false;
	}
	return false;
}

static void running_deinit(struct running *r)
{
	file_free(r->text, r->len);
	free(r->rows);
}

static bool read_running(const char *path, struct running *r, struct conf **conf,
			 char why[DIRECTORY_WHY_SIZE])
{
	struct complaints complaints = { 0 };
	char reason[FILE_WHY_SIZE];
	bool ok;

	if (!file_read(path, FILE_PUBLIC, RUNNING_MAX, &r->text, &r->len, reason)) {
		snprintf(why, DIRECTORY_WHY_SIZE, "tenants.running: %.200s: %s", path, reason);
		return false;
	}
	if (!is_whole(r)) {
		snprintf(why, DIRECTORY_WHY_SIZE,
			 "tenants.running: %.200s: is cut off, or not as the service writes it; "
			 "a reload writes it anew",
			 path);
		return false;
	}
	ok = cut_rows(r) && conf_load_text(r->settings, r->len - (size_t)(r->settings - r->text),
					   path, conf, &complaints);
	if (!ok)
		snprintf(why, DIRECTORY_WHY_SIZE,
			 "tenants.running: %.200s: not as the service writes it%s%.200s", path,
			 complaints.count ? ": " : "", complaints.count ? complaints.items[0] : "");
	complaints_deinit(&complaints);
	return ok;
}

struct differences {
	FILE *to;
	size_t added, changed, removed, broken;
};

static void tell(struct differences *d, char sign, const char *name, size_t nth)
{
	const char *what = sign == '!' ? ": broken, the version in use stays" : "";

	if (nth < SHOWN_MAX)
		fprintf(d->to, "tenant %c %s%s\n", sign, name, what);
	else if (nth == SHOWN_MAX)
		fprintf(d->to, "tenant %c and more\n", sign);
}

/* Nothing could be made of its file, but there is one: a reload keeps what runs.  Where the main
 * file's tenant took the name, nobody keeps it. */
static bool is_broken(const struct conf *conf, const char *name)
{
	char *path = NULL;
	bool there;

	if (conf->tenants.folder[0] == '\0' ||
	    (conf->tenants.fallback && strcmp(name, conf->tenant.name) == 0) ||
	    asprintf(&path, "%s/%s.yaml", conf->tenants.folder, name) < 0)
		return false;
	there = access(path, F_OK) == 0;
	free(path);
	return there;
}

static void tell_unwanted(const struct running *r, const struct conf *conf, struct differences *d)
{
	for (size_t i = 0; i < r->count; i++) {
		const char *name = r->rows[i].name;

		if (r->rows[i].wanted)
			continue;
		if (is_broken(conf, name))
			tell(d, '!', name, d->broken++);
		else
			tell(d, '-', name, d->removed++);
	}
}

static void compare_tenants(struct running *r, const struct directory *wanted,
			    struct differences *d)
{
	char hex[ROSTER_HEX_SIZE];

	for (size_t i = 0; i < directory_count(wanted); i++) {
		const struct tenant *tenant = directory_at(wanted, i);
		struct row key = { .name = tenant->set->name };
		struct row *row =
			r->count ? bsearch(&key, r->rows, r->count, sizeof(*r->rows), by_name)
				 : NULL;

		if (!roster_file_of(tenant))
			continue;
		roster_file_hex(roster_file_of(tenant), hex);
		if (!row)
			tell(d, '+', key.name, d->added++);
		else if (strncmp(row->hex, hex, sizeof(hex) - 1) != 0)
			tell(d, '~', key.name, d->changed++);
		if (row)
			row->wanted = true;
	}
}

static void print_sum(const struct differences *d, size_t settings_changed)
{
	fprintf(d->to,
		"a reload would change %zu settings of the main file, add %zu tenants, change %zu "
		"and remove %zu\n",
		settings_changed, d->added, d->changed, d->removed);
	if (d->broken > 0)
		fprintf(d->to, "and leave %zu as they run, whose files are broken\n", d->broken);
}

bool roster_compare(struct conf *conf, struct directory *wanted, const char *path, FILE *to,
		    char why[DIRECTORY_WHY_SIZE])
{
	SK_CLEANUP(conf_unref_p) struct conf *was = NULL;
	struct differences differences = { .to = to };
	struct complaints changes = { 0 };
	struct running r = { 0 };
	bool ok = read_running(path, &r, &was, why);

	if (ok) {
		conf_changes(was, conf, &changes);
		for (size_t i = 0; i < changes.count; i++)
			fprintf(to, "%s\n", changes.items[i]);
		compare_tenants(&r, wanted, &differences);
		tell_unwanted(&r, conf, &differences);
		print_sum(&differences, changes.count + changes.lost);
	}
	complaints_deinit(&changes);
	running_deinit(&r);
	return ok;
}
