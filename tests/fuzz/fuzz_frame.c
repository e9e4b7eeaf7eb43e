/*
 * A stream in any pieces has the same messages.  The first four bytes say how it is cut, the
 * rest is the stream.
 */
#include "tests/unit/frame_feed.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	KNOBS = 4,
	MAX = 512
};

static void need(bool ok)
{
	if (!ok)
		abort();
}

static void same(const struct feed *a, const struct feed *b)
{
	need(!b->wrong && a->at == b->at && a->over == b->over && strcmp(a->text, b->text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct feed whole, bytes, pieces;
	struct sk_span all;
	uint32_t random = 1;
	size_t end = 0;

	if (size < KNOBS)
		return 0;
	for (size_t i = 0; i < KNOBS; i++)
		random = random * 257 + data[i];
	all = (struct sk_span){ (const char *)data + KNOBS, size - KNOBS };
	feed_begin(&whole, all, MAX);
	feed_begin(&bytes, all, MAX);
	feed_begin(&pieces, all, MAX);
	feed_until(&whole, all.len);
	need(!whole.wrong && whole.at <= all.len);
	for (size_t i = 1; i <= all.len; i++)
		feed_until(&bytes, i);
	while (end < all.len) {
		random = random * 1664525 + 1013904223;
		end += 1 + (random >> 16) % (random >> 8 & 1 ? 8 : 200);
		feed_until(&pieces, end < all.len ? end : all.len);
	}
	same(&whole, &bytes);
	same(&whole, &pieces);
	return 0;
}
