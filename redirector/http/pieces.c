/*
 * A long answer by TLS, handed over piece by piece.
 *
 * libmicrohttpd sends one record of TLS a turn and asks to be run again at once, as it does for
 * ever for a handshake that is stalled (engine.c).  Whoever takes a piece from here gets on, which
 * is what tells the one from the other.
 */
#include "redirector/http/http_state.h"

#include <stdlib.h>
#include <string.h>

enum {
	PIECE = 16 << 10, /* a record of TLS */
};

struct pieces {
	struct engine *engine;
	const char *bytes;
	size_t len;
};

static ssize_t on_wanted(void *arg, uint64_t at, char *out, size_t max)
{
	struct pieces *p = arg;
	size_t len = at < p->len ? p->len - (size_t)at : 0;

	if (len == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (len > max)
		len = max;
	memcpy(out, p->bytes + at, len);
	p->engine->progress++;
	return (ssize_t)len;
}

struct MHD_Response *pieces_response(struct engine *engine, const struct http_reply *reply)
{
	size_t copied = reply->kept ? 0 : reply->body.len;
	struct pieces *p = malloc(sizeof(*p) + copied);
	struct MHD_Response *r;

	if (!p)
		return NULL;
	*p = (struct pieces){ .engine = engine, .bytes = reply->body.ptr, .len = reply->body.len };
	if (copied)
		p->bytes = memcpy(p + 1, reply->body.ptr, copied);
	r = MHD_create_response_from_callback(p->len, PIECE, on_wanted, p, free);
	if (!r)
		free(p);
	return r;
}

bool pieces_wanted(const struct engine *engine, const struct http_reply *reply)
{
	return engine->tls && reply->body.len > PIECE;
}
