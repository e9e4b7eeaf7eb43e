/** @file fuzz_tnauth.c  A list that is accepted has one encoding: printed again it is the input */
#include "shaken/tnauth.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROOM = 65536,
};

/* DER is written from its end, so that each length is known when it is due */
struct writer {
	uint8_t bytes[ROOM];
	size_t at; /* the first byte that is used */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(struct writer *w, const void *bytes, size_t len)
{
	if (len > w->at)
		abort();
	w->at -= len;
	memcpy(w->bytes + w->at, bytes, len);
}

static void put_byte(struct writer *w, size_t byte)
{
	const uint8_t b = (uint8_t)byte;

	put(w, &b, 1);
}

/* Tag and length in front of all from `at` up to `end` */
static void wrap(struct writer *w, uint8_t tag, size_t end)
{
	const size_t len = end - w->at;
	size_t bytes = 0;

	if (len >= 0x80)
		for (size_t rest = len; rest > 0; rest >>= 8, bytes++)
			put_byte(w, rest);
	put_byte(w, len >= 0x80 ? 0x80 | bytes : len);
	put_byte(w, tag);
}

static void put_text(struct writer *w, const char *text)
{
	const size_t end = w->at;

	put(w, text, strlen(text));
	wrap(w, 0x16, end);
}

static void put_count(struct writer *w, uint64_t count)
{
	const size_t end = w->at;

	do
		put_byte(w, count);
	while (count >>= 8);
	if (w->bytes[w->at] & 0x80)
		put_byte(w, 0);
	wrap(w, 0x02, end);
}

static void put_entry(struct writer *w, const struct sk_tnauth_entry *entry)
{
	const size_t end = w->at;

	if (entry->kind == SK_TNAUTH_RANGE)
		put_count(w, entry->count);
	put_text(w, entry->text);
	if (entry->kind == SK_TNAUTH_RANGE)
		wrap(w, 0x30, end);
	wrap(w, (uint8_t)(0xa0 + entry->kind), end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct writer w;
	struct sk_tnauth list;

	if (sk_tnauth_parse(data, size, &list))
		return 0;

	w.at = ROOM;
	for (size_t i = list.count; i > 0; i--)
		put_entry(&w, &list.entries[i - 1]);
	wrap(&w, 0x30, ROOM);
	if (ROOM - w.at != size || memcmp(w.bytes + w.at, data, size) != 0)
		abort();

	/* what an entry says it is for, it covers */
	for (size_t i = 0; i < list.count; i++) {
		struct sk_party party = { .kind = SK_PARTY_TN };

		strcpy(party.text,
		       list.entries[i].kind == SK_TNAUTH_SPC ? "1" : list.entries[i].text);
		if (!sk_tnauth_covers(&list, &party))
			abort();
	}
	return 0;
}
