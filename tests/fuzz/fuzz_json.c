/* An accepted text is an object within the limits, and dumped it is accepted as the same. */
#include "shaken/json.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static size_t depth_of(const json_t *value)
{
	size_t deepest = 0;

	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t depth = depth_of(json_array_get(value, i));

		deepest = depth > deepest ? depth : deepest;
	}
	if (json_is_object(value)) {
		void *at = json_object_iter((json_t *)(uintptr_t)value);

		for (; at; at = json_object_iter_next((json_t *)(uintptr_t)value, at)) {
			size_t depth = depth_of(json_object_iter_value(at));

			deepest = depth > deepest ? depth : deepest;
		}
	}

	return json_is_object(value) || json_is_array(value) ? deepest + 1 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_auto_t *json = NULL, *again = NULL;
	enum sk_err err = sk_json_parse((struct sk_span){ (const char *)data, size }, &json);
	struct sk_span text, string;
	char *dump;

	must((err == SK_OK) == (json != NULL));
	must(err == SK_OK || err == SK_TOKEN_SYNTAX || err == SK_TOKEN_SIZE);
	if (err)
		return 0;

	must(json_is_object(json) && size <= SK_JSON_MAX && depth_of(json) <= SK_JSON_DEPTH);
	if (sk_json_string(json, "a", &string))
		must(string.len == strlen(string.ptr));
	dump = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(17));
	must(dump != NULL);
	text = sk_span_of(dump);
	err = sk_json_parse(text, &again);
	must(err == SK_OK || (err == SK_TOKEN_SIZE && text.len > SK_JSON_MAX));
	must(err || json_equal(json, again));
	free(dump);

	return 0;
}
