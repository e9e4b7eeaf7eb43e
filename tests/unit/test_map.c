/*
 * The map against the plainest model there is, an array of what must be in it.
 */
#include "redirector/base/map.h"
#include "tests/check.h"

#include <stdint.h>
#include <stdlib.h>

enum {
	KEYS = 300,
	LIMIT = 200,
	STEPS = 60000,
};

static void basics(void)
{
	struct map *map = map_new(2);
	int a, b, c;

	CHECK(map && map_count(map) == 0 && !map_get(map, SK_SPAN("a")), "empty");
	CHECK(!map_take(map, SK_SPAN("a")), "take from empty");
	CHECK(map_put(map, SK_SPAN("a"), &a) && map_get(map, SK_SPAN("a")) == &a, "put");
	CHECK(!map_get(map, SK_SPAN("A")) && !map_get(map, SK_SPAN("aa")), "other texts");
	CHECK(!map_get(map, SK_SPAN("")), "the empty text is not there");
	CHECK(map_put(map, SK_SPAN(""), &b) && map_get(map, SK_SPAN("")) == &b, "the empty text");
	CHECK(map_count(map) == 2, "two");
	CHECK(!map_put(map, SK_SPAN("c"), &c) && map_count(map) == 2, "full");
	CHECK(map_put(map, SK_SPAN("a"), &c) && map_get(map, SK_SPAN("a")) == &c,
	      "replaced when full");
	CHECK(map_take(map, SK_SPAN("a")) == &c && !map_get(map, SK_SPAN("a")), "taken");
	CHECK(!map_take(map, SK_SPAN("a")), "taken twice");
	CHECK(map_put(map, SK_SPAN("c\0d"), &c), "a NUL inside");
	CHECK(map_get(map, SK_SPAN("c\0d")) == &c && !map_get(map, SK_SPAN("c\0e")) &&
		      !map_get(map, SK_SPAN("c")),
	      "counts as a letter");
	map_free(map, NULL);
	map_free(NULL, NULL);

	map = map_new(0);
	CHECK(map && !map_put(map, SK_SPAN("a"), &a), "limit 0");
	map_free(map, NULL);
	CHECK(!map_new(SIZE_MAX), "limit beyond memory");
	CHECK(!map_new(SIZE_MAX / 2), "half of it");
}

static void count_value(void *arg, struct sk_span key, void *value)
{
	size_t *seen = arg;
	char text[16];

	memcpy(text, key.ptr, key.len < sizeof(text) ? key.len : sizeof(text));
	seen[(uintptr_t)value % KEYS]++;
}

static size_t freed;

static void count_free(void *value)
{
	freed += value != NULL;
}

static struct sk_span name(char text[16], size_t i)
{
	return (struct sk_span){ text, (size_t)snprintf(text, 16, "key-%zu", i) };
}

static void against_model(void)
{
	struct map *map = map_new(LIMIT);
	bool there[KEYS] = { false };
	size_t count = 0, wrong = 0, seen[KEYS] = { 0 };
	unsigned random = 1;
	char text[16];

	for (size_t step = 0; step < STEPS; step++) {
		random = random * 1103515245 + 12345;
		size_t i = random / 65536 % KEYS;
		void *value = (void *)(uintptr_t)(KEYS + i);

		if (random % 3 == 0) {
			wrong += map_take(map, name(text, i)) != (there[i] ? value : NULL);
			count -= there[i];
			there[i] = false;
		} else if (there[i] || count < LIMIT) {
			wrong += !map_put(map, name(text, i), value);
			count += !there[i];
			there[i] = true;
		} else {
			wrong += map_put(map, name(text, i), value);
		}
		wrong += map_count(map) != count;
		i = random / 131072 % KEYS;
		wrong += (map_get(map, name(text, i)) != NULL) != there[i];
	}
	CHECK(wrong == 0, "%zu steps went another way than the model", wrong);
	map_each(map, count_value, seen);
	for (size_t i = 0; i < KEYS; i++)
		wrong += seen[i] != there[i];
	CHECK(wrong == 0, "map_each saw %zu entries wrong", wrong);
	map_free(map, count_free);
	CHECK(freed == count, "freed %zu of %zu", freed, count);
}

int main(void)
{
	basics();
	against_model();
	return check_result();
}
