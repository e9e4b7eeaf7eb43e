/*
 * The steps in order; whatever breaks before the switch leaves the store as it was.
 */
#include "redirector/numbers/import.h"

#include "redirector/numbers/build.h"
#include "redirector/numbers/current.h"
#include "redirector/numbers/old.h"
#include "redirector/numbers/reading.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct import {
	const struct import_options *options;
	struct import_result *result;
	struct reading reading;
	struct dictionary *names;
	struct current current; /* in use */
	struct old *old;        /* what stays of it; NULL: nothing */
	int lock;
	char *why;
};

static bool fail(struct import *m, const char *what, const char *reason)
{
	snprintf(m->why, NUMBERS_WHY_SIZE, "%.400s: %s", what, reason);
	return false;
}

/* Two imports into one folder would make one wrong store. */
static bool lock_folder(struct import *m)
{
	const char *folder = m->options->folder;
	char path[CURRENT_PATH_SIZE];

	if (mkdir(folder, 0755) != 0 && errno != EEXIST)
		return fail(m, folder, strerror(errno));
	current_path(folder, "import.lock", path);
	m->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (m->lock < 0)
		return fail(m, path, strerror(errno));
	if (flock(m->lock, LOCK_EX | LOCK_NB) != 0)
		return fail(m, folder, "another import is under way");
	return true;
}

static bool open_input(struct import *m)
{
	const char *input = m->options->input;

	m->reading.input =
		strcmp(input, "-") == 0 ? fdopen(dup(STDIN_FILENO), "r") : fopen(input, "re");
	if (!m->reading.input)
		return fail(m, input, strerror(errno));
	return true;
}

/* Takes up what a killed import left, when it was this one. */
static bool resume(struct import *m)
{
	struct reading *r = &m->reading;
	struct import_state same, kept;
	char path[CURRENT_PATH_SIZE];

	r->resumable = import_state_of(m->options, fileno(r->input), &same);
	same.generation_in_use = m->current.generation;
	r->state = same;
	if (!r->resumable || !import_state_load(m->options->folder, &same, &kept)) {
		import_state_clear(m->options->folder);
		return true;
	}
	current_path(m->options->folder, "import.names", path);
	if (!dictionary_load(m->names, path, kept.dictionary))
		return fail(m, path, "cannot be read; remove the import.* files and start again");
	kept.generation_in_use = m->current.generation;
	r->state = kept;
	m->result->resumed_at = kept.lines;
	if (m->options->progress)
		fprintf(stderr, "numbers: going on behind line %" PRIu64 "\n", kept.lines);
	return true;
}

static void tell_built(void *arg, uint64_t numbers)
{
	struct import *m = arg;
	int64_t now = reading_now();

	m->result->numbers = numbers;
	if (!m->options->progress || now - m->reading.told < 1000)
		return;
	m->reading.told = now;
	fprintf(stderr, "numbers: written %" PRIu64 " numbers\n", numbers);
}

static bool add_sources(struct import *m, struct merge *merge)
{
	char path[CURRENT_PATH_SIZE];

	if (m->old && !old_add(m->old, merge))
		return fail(m, m->options->folder, "the store in use is damaged; import it whole");
	for (uint64_t i = 0; i < m->reading.state.parts; i++) {
		import_part_path(m->options->folder, i, path);
		if (!merge_add_file(merge, path))
			return fail(m, path, strerror(errno));
	}
	return true;
}

static bool build(struct import *m, const char *path)
{
	SK_CLEANUP(merge_free_p) struct merge *merge = merge_new(m->reading.state.parts + 1);
	struct tables tables = { 0 };
	bool ok;

	if (!merge)
		return fail(m, path, "out of memory");
	unlink(path);
	if (!add_sources(m, merge) || !tables_make(path, &tables, m->why))
		return false;
	ok = build_tables(merge, m->names, &tables, tell_built, m);
	if (!ok)
		fail(m, path, errno ? strerror(errno) : "cannot be written: is the disk full?");
	ok = ok && tables_finish(&tables, (int64_t)time(NULL), m->why);
	tables_close(&tables);
	return ok;
}

static bool switch_to(struct import *m, uint64_t generation, const char *path)
{
	struct current next = { .generation = generation, .made = (int64_t)time(NULL) };
	struct stat st;

	if (stat(path, &st) != 0)
		return fail(m, path, strerror(errno));
	next.bytes = (uint64_t)st.st_size;
	if (!current_hash(path, next.bytes, &next.hash))
		return fail(m, path, "cannot be read back");
	if (!current_write(m->options->folder, &next, m->why))
		return false;
	m->result->generation = generation;
	import_state_clear(m->options->folder);
	import_state_clear_old(m->options->folder, generation);
	return true;
}

static bool begin(struct import *m)
{
	m->names = dictionary_new();
	m->reading.names = m->names;
	m->reading.options = m->options;
	if (!m->names)
		return fail(m, m->options->folder, "out of memory");
	return lock_folder(m) && current_read(m->options->folder, &m->current, m->why) &&
	       open_input(m);
}

/* The old entries' names come first: their order must stay that of the old file. */
static bool open_old(struct import *m)
{
	const char *leave_out = m->options->merge ? NULL : m->options->tenant;

	if (m->current.generation == 0 || (!m->options->merge && !m->options->tenant))
		return true;
	return old_open(m->options->folder, &m->current, leave_out, m->names, &m->old, m->why);
}

/* Of what was read nothing is kept: it will be another file. */
static enum import_end wrong(struct import *m)
{
	import_state_clear(m->options->folder);
	return IMPORT_WRONG;
}

/* Is what was read fit to take the place of what is there? */
static enum import_end judge(struct import *m)
{
	const struct import_options *o = m->options;

	m->result->entries = m->reading.state.entries;
	m->result->wrong = m->reading.state.wrong;
	if (m->result->wrong > 0 && !o->keep_going) {
		fail(m, o->input, "lines are wrong: nothing was imported");
		return wrong(m);
	}
	/* an extract that failed upstream looks so, too */
	if (m->result->entries == 0 && !o->merge && !o->allow_empty) {
		fail(m, o->input,
		     o->tenant ? "no entry: nothing was imported; to empty the tenant say "
				 "--allow-empty"
			       : "no entry: nothing was imported; to empty the store say "
				 "--allow-empty");
		return wrong(m);
	}
	return IMPORT_DONE;
}

static enum import_end read_input(struct import *m)
{
	enum import_end end = IMPORT_DONE;

	if (!m->reading.state.complete)
		end = reading_run(&m->reading, m->why);
	free(m->reading.items);
	m->reading.items = NULL;
	if (end == IMPORT_WRONG)
		return wrong(m);
	return end == IMPORT_DONE ? judge(m) : end;
}

static enum import_end run(struct import *m)
{
	uint64_t generation = m->current.generation + 1;
	char path[CURRENT_PATH_SIZE];
	enum import_end end;

	if (!open_old(m) || !resume(m))
		return IMPORT_FAILED;
	end = read_input(m);
	if (end != IMPORT_DONE)
		return end;
	current_file(m->options->folder, generation, path);
	return build(m, path) && switch_to(m, generation, path) ? IMPORT_DONE : IMPORT_FAILED;
}

enum import_end import_run(const struct import_options *options, struct import_result *result,
			   char why[NUMBERS_WHY_SIZE])
{
	struct import m = { .options = options, .result = result, .lock = -1, .why = why };
	enum import_end end;

	*result = (struct import_result){ 0 };
	errno = 0;
	end = begin(&m) ? run(&m) : IMPORT_FAILED;
	old_free(m.old);
	free(m.reading.items);
	dictionary_free(m.names);
	if (m.reading.input)
		fclose(m.reading.input);
	if (m.lock >= 0)
		close(m.lock);
	return end;
}
