/*
 * All or nothing: one file that is no good, and the map in use stays.
 */
#include "redirector/certs/configured.h"

#include "redirector/base/file.h"
#include "redirector/certs/judge.h"

#include <stdio.h>
#include <stdlib.h>

static void free_judged(void *value)
{
	struct judged *judged = value;

	judged_clear(judged);
	free(judged);
}

void configured_free(struct map *map)
{
	map_free(map, free_judged);
}

static bool add_configured(struct map *map, const char *x5u, const char *path, char why[256])
{
	char reason[FILE_WHY_SIZE], *text = NULL;
	struct judged *judged = calloc(1, sizeof(*judged));
	size_t len = 0;
	enum sk_err err;

	if (!judged || !file_read(path, FILE_PUBLIC, SK_CERT_FILE_MAX, &text, &len, reason)) {
		snprintf(why, 256, "%.160s: %.80s", path, judged ? reason : "out of memory");
		free(judged);
		return false;
	}
	err = sk_chain_new(text, len, &judged->chain);
	file_free(text, len);
	if (err == SK_OK && !map_put(map, sk_span_of(x5u), judged))
		err = SK_ENOMEM;
	if (err != SK_OK) {
		snprintf(why, 256, "%.160s: %.80s", path,
			 err == SK_FETCH_SYNTAX ? "the file holds no certificate, or a broken one"
						: sk_err_text(err));
		free_judged(judged);
		return false;
	}
	return true;
}

bool configured_load(const struct text_map *files, struct map **out, char why[256])
{
	SK_CLEANUP(configured_free_p) struct map *map = map_new(files->count);

	if (!map) {
		snprintf(why, 256, "out of memory");
		return false;
	}
	for (size_t i = 0; i < files->count; i++) {
		if (map_get(map, sk_span_of(files->keys[i]))) {
			snprintf(why, 256, "verify.certificates: %.200s is there twice",
				 files->keys[i]);
			return false;
		}
		if (!add_configured(map, files->keys[i], files->values[i], why))
			return false;
	}
	*out = sk_steal(map);
	return true;
}
