/*
 * What loads is printed, what is printed loads, and prints the same again.
 */
#include "config/load.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *printed(const struct conf *conf, size_t *len)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, len);

	if (!to)
		exit(0);
	conf_print(conf, to);
	fclose(to);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct complaints all = { .items = NULL };
	SK_CLEANUP(conf_unref_p) struct conf *once = NULL;
	SK_CLEANUP(conf_unref_p) struct conf *twice = NULL;
	char *first, *second;
	size_t len;
	bool ok = conf_load_text((const char *)data, size, "fuzz", &once, &all);

	if (ok != (once != NULL) || (!ok && all.count == 0 && all.lost == 0))
		abort();
	complaints_deinit(&all);
	if (!ok)
		return 0;

	first = printed(once, &len);
	if (!conf_load_text(first, len, "fuzz", &twice, &all))
		abort();
	complaints_deinit(&all);
	second = printed(twice, &len);
	if (strcmp(first, second) != 0)
		abort();
	if (conf_restart_needed(once, twice, &all) != 0)
		abort();
	complaints_deinit(&all);
	free(first);
	free(second);
	return 0;
}
