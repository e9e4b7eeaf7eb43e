/*
 * What comes out of a run, after it: response times in order, and a line for each
 * tenth of a second, by when a call was due and not by when its answer came: a
 * stall shows where it began.
 */
#include "bench/blast.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	SLOT = 100 * 1000 * 1000 /* ns */
};

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

bool times_init(struct times *times, const struct flight *flights, size_t count)
{
	*times = (struct times){ calloc(count + 1, sizeof(*times->sorted)), 0 };
	if (!times->sorted)
		return false;
	for (size_t i = 0; i < count; i++)
		if (flights[i].state == CALL_ANSWERED)
			times->sorted[times->count++] = flights[i].response;
	qsort(times->sorted, times->count, sizeof(*times->sorted), by_size);
	return true;
}

void times_deinit(struct times *times)
{
	free(times->sorted);
	*times = (struct times){ NULL, 0 };
}

double times_percentile(const struct times *times, double share)
{
	size_t at = (size_t)(share * (double)times->count);

	if (times->count == 0)
		return 0;
	if (at >= times->count)
		at = times->count - 1;
	return (double)times->sorted[at] * 16 / 1000;
}

size_t times_over(const struct times *times, double seconds)
{
	size_t count = 0;

	while (count < times->count &&
	       (double)times->sorted[times->count - 1 - count] * 16 > seconds * 1e9)
		count++;
	return count;
}

/* One line; `flights` are those of the slot. */
static bool slot_write(FILE *file, uint64_t slot, const struct flight *flights, size_t count)
{
	size_t states[CALL_LOST + 1] = { 0 };
	struct times times;

	if (!times_init(&times, flights, count))
		return false;
	for (size_t i = 0; i < count; i++)
		states[flights[i].state]++;
	fprintf(file, "%.1f,%zu,%zu,%zu,%zu,%.0f,%.0f\n", (double)slot / 10, count,
		states[CALL_ANSWERED], states[CALL_SHED], states[CALL_LOST],
		times_percentile(&times, 0.5), times_percentile(&times, 0.99));
	times_deinit(&times);
	return true;
}

bool series_write(const struct run *run, const char *path)
{
	size_t count;
	const struct flight *flights = run_flights(run, &count);
	FILE *file = fopen(path, "w");
	bool ok = file != NULL;

	if (file)
		fputs("second,sent,answered,shed,lost,p50_us,p99_us\n", file);
	for (size_t i = 0, end; ok && i < count; i = end) {
		uint64_t slot = (flights[i].due - flights[0].due) / SLOT;

		for (end = i; end < count && (flights[end].due - flights[0].due) / SLOT == slot;)
			end++;
		ok = slot_write(file, slot, flights + i, end - i);
	}
	if (file && fclose(file) != 0)
		ok = false;
	return ok;
}
