/*
 * One line of text, replaced by rename() when a part is safely on the disk.
 */
#include "redirector/numbers/import_state.h"

#include "redirector/numbers/current.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char prefix[] = "import.";

void import_part_path(const char *folder, uint64_t part, char out[CURRENT_PATH_SIZE])
{
	char name[64];

	snprintf(name, sizeof(name), "%spart.%" PRIu64, prefix, part);
	current_path(folder, name, out);
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211u;
	return (hash ^ 0x100) * 1099511628211u;
}

bool import_state_of(const struct import_options *o, int fd, struct import_state *out)
{
	struct stat st;

	*out = (struct import_state){ 0 };
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	out->inode = st.st_ino;
	out->size = (uint64_t)st.st_size;
	out->mtime_ns = (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
	out->how = hash_text(14695981039346656037u, o->tenant ? o->tenant : "");
	out->how = hash_text(out->how, o->tenant ? "tenant" : "all");
	out->how = hash_text(out->how, o->merge ? "merge" : "replace");
	out->how = hash_text(out->how, o->keep_going ? "keep going" : "stop");
	return true;
}

static void state_path(const char *folder, const char *name, char out[CURRENT_PATH_SIZE])
{
	char whole[64];

	snprintf(whole, sizeof(whole), "%s%s", prefix, name);
	current_path(folder, whole, out);
}

static bool read_state(FILE *from, struct import_state *s)
{
	unsigned complete;
	int end = 0;

	if (fscanf(from,
		   "shaken-import 2 %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " end%n",
		   &s->parts, &s->offset, &s->lines, &s->entries, &s->wrong, &s->dictionary,
		   &complete, &s->inode, &s->size, &s->mtime_ns, &s->how, &s->generation_in_use,
		   &end) != 12)
		return false;
	s->complete = complete == 1;
	return end > 0;
}

bool import_state_load(const char *folder, const struct import_state *same,
		       struct import_state *out)
{
	char path[CURRENT_PATH_SIZE];
	struct import_state s = { 0 };
	FILE *from;
	bool ok;

	state_path(folder, "state", path);
	from = fopen(path, "re");
	if (!from)
		return false;
	ok = read_state(from, &s);
	fclose(from);
	if (!ok || s.inode != same->inode || s.size != same->size || s.mtime_ns != same->mtime_ns ||
	    s.how != same->how || s.generation_in_use != same->generation_in_use)
		return false;
	*out = s;
	return true;
}

bool import_state_save(const char *folder, const struct import_state *s)
{
	char path[CURRENT_PATH_SIZE], fresh[CURRENT_PATH_SIZE];
	FILE *to;
	bool ok;

	state_path(folder, "state", path);
	state_path(folder, "state.new", fresh);
	to = fopen(fresh, "we");
	ok = to &&
	     fprintf(to,
		     "shaken-import 2 %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
		     " %" PRIu64 " %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
		     " end\n",
		     s->parts, s->offset, s->lines, s->entries, s->wrong, s->dictionary,
		     s->complete, s->inode, s->size, s->mtime_ns, s->how,
		     s->generation_in_use) > 0 &&
	     fflush(to) == 0 && fsync(fileno(to)) == 0;
	if (to && fclose(to) != 0)
		ok = false;
	return ok && rename(fresh, path) == 0;
}

/* Removes the files of the folder that `is_gone` names. */
static void clear(const char *folder, bool (*is_gone)(const char *name, const char *but),
		  const char *but)
{
	DIR *dir = opendir(folder);
	char path[CURRENT_PATH_SIZE];

	if (!dir)
		return;
	for (const struct dirent *e; (e = readdir(dir));) {
		if (!is_gone(e->d_name, but))
			continue;
		current_path(folder, e->d_name, path);
		unlink(path);
	}
	closedir(dir);
}

static bool is_of_import(const char *name, const char *but)
{
	return strncmp(name, prefix, sizeof(prefix) - 1) == 0 && strcmp(name, but) != 0;
}

static bool is_generation(const char *name, const char *but)
{
	size_t digits = strspn(name, "0123456789");

	return digits > 0 && strcmp(name + digits, ".mdb") == 0 && strcmp(name, but) != 0;
}

void import_state_clear(const char *folder)
{
	char path[CURRENT_PATH_SIZE];

	/* the state first: without it the rest means nothing */
	state_path(folder, "state", path);
	unlink(path);
	clear(folder, is_of_import, "import.lock");
}

void import_state_clear_old(const char *folder, uint64_t generation)
{
	char name[40];

	snprintf(name, sizeof(name), "%" PRIu64 ".mdb", generation);
	clear(folder, is_generation, name);
}
