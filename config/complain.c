/*
 * Complaints are for people and logs: what a file holds is quoted in them, so
 * control bytes are blotted out and the length is bounded.
 */
#include "config/loading.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	COMPLAINT_SIZE = 1024, /* longest complaint, terminator included */
};

void complaints_add(struct complaints *complaints, const char *text)
{
	size_t n = complaints->count;
	char **items, *copy;

	if (n >= CONF_COMPLAINTS_MAX) {
		complaints->lost++;
		return;
	}
	items = reallocarray(complaints->items, n + 1, sizeof(char *));
	if (!items) {
		complaints->lost++;
		return;
	}
	complaints->items = items;
	copy = strdup(text);
	if (!copy) {
		complaints->lost++;
		return;
	}
	items[complaints->count++] = copy;
}

void complaints_deinit(struct complaints *complaints)
{
	for (size_t i = 0; i < complaints->count; i++)
		free(complaints->items[i]);
	free(complaints->items);
	*complaints = (struct complaints){ .items = NULL };
}

SK_PRINTF(5, 0)
static void add(const struct loading *l, struct complaints *to, struct place place,
		const char *kind, const char *fmt, va_list args)
{
	char text[COMPLAINT_SIZE], what[COMPLAINT_SIZE / 2];

	vsnprintf(what, sizeof(what), fmt, args);
	if (place.line > 0)
		snprintf(text, sizeof(text), "%.400s:%u:%u: %s%s", l->name, place.line,
			 place.column, kind, what);
	else
		snprintf(text, sizeof(text), "%.400s: %s%s", l->name, kind, what);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	complaints_add(to, text);
}

void complain(struct loading *l, struct place place, const char *fmt, ...)
{
	va_list args;

	l->failed = true;
	va_start(args, fmt);
	add(l, l->complaints, place, "", fmt, args);
	va_end(args);
}

void warn(struct loading *l, struct place place, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(l, &l->warnings, place, "warning: ", fmt, args);
	va_end(args);
}
