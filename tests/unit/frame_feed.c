#include "tests/unit/frame_feed.h"

#include <stdio.h>

void feed_begin(struct feed *feed, struct sk_span all, size_t max)
{
	memset(feed, 0, sizeof(*feed));
	feed->all = all;
	feed->max = max;
}

static bool ends(enum frame_result result)
{
	return result == FRAME_CUT || result == FRAME_NO_LENGTH || result == FRAME_GARBAGE;
}

static void note(struct feed *f, enum frame_result result, size_t len)
{
	static const char letters[] = {
		[FRAME_MESSAGE] = 'M', [FRAME_PING] = 'P',      [FRAME_SKIP] = 'S',
		[FRAME_CUT] = 'C',     [FRAME_NO_LENGTH] = 'N', [FRAME_GARBAGE] = 'G',
	};
	size_t room = sizeof(f->text) - f->len;

	if (room < 32)
		return;
	f->len += (size_t)snprintf(f->text + f->len, room, "%s%c", f->len ? " " : "",
				   letters[result]);
	if (result != FRAME_GARBAGE)
		f->len += (size_t)snprintf(f->text + f->len, room - 2, "%zu", len);
}

void feed_until(struct feed *f, size_t end)
{
	f->known = f->over ? f->known : end;
	while (!f->over) {
		struct sk_span rest = { f->all.ptr + f->at, end - f->at };
		size_t looked = f->frame.looked;
		enum frame_result result = frame_look(&f->frame, rest, f->max);

		f->wrong |= f->frame.looked < looked || f->frame.looked > rest.len;
		if (result == FRAME_MORE)
			return;
		note(f, result, f->frame.len);
		f->over = ends(result);
		if (result == FRAME_GARBAGE)
			return;
		f->wrong |= f->frame.len == 0 || f->frame.len > rest.len || f->frame.len > f->max;
		f->at += f->frame.len;
		memset(&f->frame, 0, sizeof(f->frame));
	}
}
