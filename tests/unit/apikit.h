/**
 * @file apikit.h  The two ends of an interface by hand: a request without a server, and a desk that
 *                 says what the test wants
 *
 * Stands in for exchange.c and desk.c: a program that includes it must not link against them.
 */
#pragma once

#include "redirector/http/api.h"
#include "redirector/http/route.h"
#include "tests/check.h"
#include "tests/unit/callkit.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	API_KIT_BODY = 32768,
};

struct exchange {
	struct http_request request;
	struct http_header headers[8];
	int answers; /* how many times it was answered */
	unsigned status;
	char type[64], body[API_KIT_BODY];
	char request_id[256], instance_id[256], retry[16];
};

/* What the next question comes to. */
static struct {
	enum sk_err refused;                   /* desk_ask() returns it                          */
	bool held;                             /* the answer comes by kit_release()              */
	struct call *call;                     /* else it comes to this                          */
	struct desk_question question;         /* the last one; its texts may be gone  */
	char identities[SK_IDENTITY_MAX][512]; /* ... but these                */
	char id[256];
	int asked; /* how many there were */
	desk_h *done;
	void *arg;
} kit_desk;

const struct http_request *exchange_request(const struct exchange *exchange)
{
	return &exchange->request;
}

struct sk_span exchange_header(const struct exchange *exchange, const char *name)
{
	for (size_t i = 0; i < 8 && exchange->headers[i].name; i++)
		if (strcasecmp(exchange->headers[i].name, name) == 0)
			return sk_span_of(exchange->headers[i].value);
	return (struct sk_span){ NULL, 0 };
}

static inline void kit_keep(const struct http_reply *reply, const char *name, char *out,
			    size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < REPLY_HEADERS_MAX && reply->headers[i].name; i++)
		if (strcmp(reply->headers[i].name, name) == 0)
			snprintf(out, size, "%s", reply->headers[i].value);
}

void exchange_answer(struct exchange *exchange, const struct http_reply *reply)
{
	exchange->answers++;
	exchange->status = reply->status;
	snprintf(exchange->type, sizeof(exchange->type), "%s", reply->type ? reply->type : "");
	snprintf(exchange->body, sizeof(exchange->body), "%.*s", (int)reply->body.len,
		 reply->body.ptr);
	kit_keep(reply, "X-RequestID", exchange->request_id, sizeof(exchange->request_id));
	kit_keep(reply, "X-InstanceID", exchange->instance_id, sizeof(exchange->instance_id));
	kit_keep(reply, "Retry-After", exchange->retry, sizeof(exchange->retry));
}

enum sk_err desk_ask(struct desk *desk, const struct desk_question *question, desk_h *done,
		     void *arg)
{
	(void)desk;
	kit_desk.asked++;
	kit_desk.question = *question;
	for (size_t i = 0; i < question->identity_count; i++)
		snprintf(kit_desk.identities[i], sizeof(kit_desk.identities[i]), "%.*s",
			 (int)question->identities[i].len, question->identities[i].ptr);
	snprintf(kit_desk.id, sizeof(kit_desk.id), "%.*s", (int)question->id.len, question->id.ptr);
	if (kit_desk.refused)
		return kit_desk.refused;
	kit_desk.done = done;
	kit_desk.arg = arg;
	if (!kit_desk.held)
		done(arg, kit_desk.call);
	return SK_OK;
}

static inline void kit_release(void)
{
	kit_desk.done(kit_desk.arg, kit_desk.call);
}

static inline void kit_post(const struct routes *routes, struct exchange *exchange,
			    const struct client *client, const char *path, const char *body)
{
	const struct route *route = routes_find(routes, sk_span_of(path));
	static struct addr source, local;

	exchange->answers = 0;
	exchange->status = 0;
	exchange->body[0] = '\0';
	exchange->request = (struct http_request){
		.method = METHOD_POST,
		.path = sk_span_of(path),
		.body = sk_span_of(body),
		.client = client,
		.source = &source,
		.local = &local,
	};
	CHECK(route, "%s: has a route", path);
	if (route)
		route->handler(route->arg, exchange);
}

/* `text` with the first `what` in it replaced. */
static inline const char *kit_replaced(const char *text, const char *what, const char *by)
{
	static char rooms[2][4096]; /* in turn: what is replaced may be a result itself */
	static unsigned turn;
	char *out = rooms[turn++ % 2];
	const char *at = strstr(text, what);

	CHECK(at, "\"%s\" is in the text", what);
	if (!at)
		return text;
	snprintf(out, sizeof(rooms[0]), "%.*s%s%s", (int)(at - text), text, by, at + strlen(what));
	return out;
}
