/*
 * How requests are refused, in the route's words or in ours.
 */
#include "redirector/http/http_state.h"

#include <stdio.h>
#include <string.h>

static const struct {
	unsigned status;
	const char *text;
	bool counts;
	enum http_count count;
} refusals[REFUSAL_LAST] = {
	[REFUSAL_METHOD] = { 405, "This path does not know that method.\n", false, 0 },
	[REFUSAL_UNKNOWN] = { 401, "A key or a certificate is needed.\n", true, HTTP_UNKNOWN },
	[REFUSAL_NOT_YOURS] = { 403, "Not allowed.\n", true, HTTP_REFUSED },
	[REFUSAL_ACCEPT] = { 406, "What Accept asks for is not there.\n", false, 0 },
	[REFUSAL_NO_LENGTH] = { 411, "A Content-Length is needed.\n", false, 0 },
	[REFUSAL_TOO_LONG] = { 413, "The body is too long.\n", false, 0 },
	[REFUSAL_TYPE] = { 415, "Not the media type that is read here.\n", false, 0 },
	[REFUSAL_RATE] = { 429, "Too many requests.\n", true, HTTP_LIMITED },
	[REFUSAL_DRAINING] = { 503, "The service is ending.\n", false, 0 },
	[REFUSAL_LATE] = { 503, "No answer in time.\n", true, HTTP_LATE },
	[REFUSAL_OURS] = { 500, "A fault of ours.\n", false, 0 },
};

/* The first place without a name. */
static struct http_header *room(struct http_reply *reply)
{
	for (size_t i = 0; i < REPLY_HEADERS_MAX; i++)
		if (!reply->headers[i].name)
			return &reply->headers[i];
	return &reply->headers[REPLY_HEADERS_MAX - 1];
}

static const char *allow(const struct route *route, char out[64])
{
	bool get = route && route->methods & METHOD_GET;
	bool post = route && route->methods & METHOD_POST;

	snprintf(out, 64, "%s%s%s", get ? "GET, HEAD" : "", get && post ? ", " : "",
		 post ? "POST" : "");
	return out;
}

void exchange_refuse(struct exchange *x, enum refusal why)
{
	char allowed[64];
	struct http_reply reply = {
		.status = refusals[why].status,
		.type = "text/plain; charset=utf-8",
		.body = sk_span_of(refusals[why].text),
	};

	if (refusals[why].counts)
		http_count(x->home, refusals[why].count);
	if (x->route && x->route->refuse)
		x->route->refuse(x->route->arg, x, why, &reply);
	if (why == REFUSAL_METHOD)
		*room(&reply) = (struct http_header){ "Allow", allow(x->route, allowed) };
	if (why == REFUSAL_UNKNOWN)
		*room(&reply) = (struct http_header){ "WWW-Authenticate", "Bearer" };
	if (reply.status == 429 || reply.status == 503)
		*room(&reply) = (struct http_header){ "Retry-After", HTTP_RETRY_TEXT };
	exchange_respond(x, &reply);
}

void exchange_plain(struct exchange *x, unsigned status, const char *text)
{
	char line[160];
	struct http_reply reply = { .status = status, .type = "text/plain; charset=utf-8" };

	snprintf(line, sizeof(line), "%s\n", text);
	reply.body = sk_span_of(line);
	exchange_respond(x, &reply);
}

void exchange_late(struct exchange *x)
{
	exchange_refuse(x, REFUSAL_LATE);
}
