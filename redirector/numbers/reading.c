/*
 * Lines are read one by one; a line that is wrong is told with its number and the reason.
 */
#include "redirector/numbers/reading.h"

#include "redirector/numbers/csv.h"
#include "redirector/numbers/current.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

enum {
	WRONG_TOLD = 20, /* wrong lines that are told one by one */
	TELL_MS = 1000,
	LINE_ITEMS = RANGE_MAX / BLOCK + 2, /* most items of one line */
};

int64_t reading_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void tell_progress(struct reading *r, bool end)
{
	int64_t now = reading_now(), ms = now - r->began;
	uint64_t lines = r->state.lines - r->lines_before;
	uint64_t rate = ms > 0 ? lines * 1000 / (uint64_t)ms : 0;
	double part = r->state.size > 0 ? (double)r->state.offset / (double)r->state.size : 0;

	if (!r->options->progress || (!end && now - r->told < TELL_MS))
		return;
	r->told = now;
	fprintf(stderr, "numbers: read %" PRIu64 " lines, %" PRIu64 " a second", r->state.lines,
		rate);
	if (part > 0 && part < 1 && ms > 0)
		fprintf(stderr, ", %.0f %%, %.0f s to go", part * 100,
			(double)ms / 1000 * (1 - part) / part);
	fputc('\n', stderr);
}

/* What is in memory becomes a part; from here a killed import goes on. */
static bool save_part(struct reading *r, bool complete)
{
	char path[CURRENT_PATH_SIZE];

	if (r->count > 0) {
		items_sort(r->items, r->count);
		import_part_path(r->options->folder, r->state.parts, path);
		if (!items_save(path, r->items, r->count))
			return false;
		r->state.parts++;
		r->count = 0;
	}
	current_path(r->options->folder, "import.names", path);
	if (!dictionary_save(r->names, path, &r->state.dictionary))
		return false;
	r->state.complete = complete;
	return !r->resumable || import_state_save(r->options->folder, &r->state);
}

static bool add_range(struct reading *r, const struct csv_entry *e)
{
	struct item item = { .at = { .list = (uint8_t)e->list, .digits = e->digits },
			     .width = (uint32_t)(e->last - e->first),
			     .order = (uint32_t)r->state.lines };

	if (!dictionary_tenant(r->names, e->tenant, &item.at.tenant) ||
	    !dictionary_rule(r->names, &e->rule, &item.rule))
		return false;
	for (uint64_t at = e->first; at <= e->last; at = (item.at.block + 1) * BLOCK) {
		item.at.block = at / BLOCK;
		item.first = (uint16_t)(at % BLOCK);
		item.last = (item.at.block + 1) * BLOCK <= e->last ? BLOCK - 1
								   : (uint16_t)(e->last % BLOCK);
		r->items[r->count++] = item;
	}
	return true;
}

static void tell_wrong(struct reading *r, const char *why)
{
	r->state.wrong++;
	if (r->state.wrong <= WRONG_TOLD)
		fprintf(stderr, "%s:%" PRIu64 ": %s\n", r->options->input, r->state.lines, why);
	else if (r->state.wrong == WRONG_TOLD + 1)
		fprintf(stderr, "%s: more lines are wrong; they are only counted\n",
			r->options->input);
}

/* One line, as far as it fits; `cut` when it does not.  @return false: the end */
static bool next_line(struct reading *r, char text[CSV_LINE_MAX + 3], size_t *len)
{
	int c = EOF;

	*len = 0;
	while ((c = getc_unlocked(r->input)) != EOF && c != '\n') {
		if (*len < CSV_LINE_MAX + 2)
			text[(*len)++] = (char)c;
		r->state.offset++;
	}
	if (c == EOF && *len == 0)
		return false;
	r->state.offset += c == '\n';
	r->state.lines++;
	return true;
}

static enum import_end broke_off(const struct reading *r, const char *reason,
				 char why[NUMBERS_WHY_SIZE])
{
	snprintf(why, NUMBERS_WHY_SIZE, "%.300s, line %" PRIu64 ": %s", r->options->input,
		 r->state.lines, reason);
	return IMPORT_FAILED;
}

static enum import_end wrong_header(const struct reading *r, const char *reason,
				    char why[NUMBERS_WHY_SIZE])
{
	snprintf(why, NUMBERS_WHY_SIZE, "%.200s:%" PRIu64 ": %s: nothing was imported",
		 r->options->input, r->state.lines, reason);
	return IMPORT_WRONG;
}

static enum import_end read_header(struct reading *r, struct csv_header *header,
				   char why[NUMBERS_WHY_SIZE])
{
	char text[CSV_LINE_MAX + 3], reason[CSV_WHY_SIZE];
	size_t len;

	do {
		if (next_line(r, text, &len))
			continue;
		if (!ferror(r->input))
			return wrong_header(r, "empty, without even a header", why);
		return broke_off(r, strerror(errno), why);
	} while (csv_is_empty((struct sk_span){ text, len }));
	if (csv_header_read((struct sk_span){ text, len }, r->options->tenant, header, reason))
		return IMPORT_DONE;
	return wrong_header(r, reason, why);
}

static bool read_lines(struct reading *r, const struct csv_header *header)
{
	char text[CSV_LINE_MAX + 3], reason[CSV_WHY_SIZE];
	struct csv_entry entry;
	size_t len;

	for (;;) {
		struct sk_span line = { text, 0 };

		/* a part ends between two lines, so that none is half read */
		if (r->room - r->count < LINE_ITEMS && !save_part(r, false))
			return false;
		if (!next_line(r, text, &len))
			return ferror(r->input) == 0;
		line.len = len;
		if ((r->state.lines & 0x3ff) == 0)
			tell_progress(r, false);
		if (csv_is_empty(line))
			continue;
		if (!csv_entry_read(header, line, r->options->tenant, &entry, reason)) {
			tell_wrong(r, reason);
			continue;
		}
		if (!add_range(r, &entry))
			return false;
		r->state.entries++;
	}
}

enum import_end reading_run(struct reading *r, char why[NUMBERS_WHY_SIZE])
{
	struct csv_header header;
	uint64_t offset = r->state.offset, lines = r->state.lines;
	enum import_end end;

	r->room = (size_t)(r->options->memory / sizeof(*r->items));
	if (r->room < 2 * LINE_ITEMS)
		r->room = 2 * LINE_ITEMS;
	r->items = calloc(r->room, sizeof(*r->items));
	if (!r->items) {
		snprintf(why, NUMBERS_WHY_SIZE, "out of memory; try a smaller --memory");
		return IMPORT_FAILED;
	}
	/* the header is read anew, whatever was read behind it */
	r->state.offset = r->state.lines = 0;
	end = read_header(r, &header, why);
	if (end != IMPORT_DONE)
		return end;
	if (offset > r->state.offset) {
		if (fseeko(r->input, (off_t)offset, SEEK_SET) != 0)
			return broke_off(r, strerror(errno), why);
		r->state.offset = offset;
		r->state.lines = lines;
	}
	r->lines_before = r->state.lines;
	r->began = r->told = reading_now();
	errno = 0;
	if (!read_lines(r, &header) || !save_part(r, true))
		return broke_off(r,
				 errno ? strerror(errno)
				       : "too many customers or dates, or out of memory",
				 why);
	tell_progress(r, true);
	return IMPORT_DONE;
}
