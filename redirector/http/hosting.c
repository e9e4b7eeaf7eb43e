/*
 * A request's path is a key to look up, never a name of a file.
 */
#include "redirector/http/hosting.h"

#include "redirector/http/conditional.h"
#include "redirector/http/hosted.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PUB "/v1/pub/"

enum {
	CONTROL_SIZE = 48,
};

struct hosting {
	struct hosting_parts parts;
	struct hosted *hosted; /* NULL: nothing yet */
	int64_t max_age;
	struct hosted *next; /* prepared; NULL: nothing */
	int64_t next_max_age;
};

bool hosting_new(const struct hosting_parts *parts, struct hosting **out)
{
	struct hosting *h = calloc(1, sizeof(*h));

	if (!h)
		return false;
	h->parts = *parts;
	*out = h;
	return true;
}

void hosting_free(struct hosting *h)
{
	if (!h)
		return;
	hosting_drop(h);
	hosted_free(h->hosted);
	free(h);
}

bool hosting_prepare(struct hosting *h, struct directory *directory, char why[HOSTING_WHY_SIZE])
{
	const struct hosting_conf *set = &directory_conf(directory)->hosting;

	hosting_drop(h);
	h->next = hosted_new(directory, set->serve ? h->parts.log : NULL);
	h->next_max_age = set->max_age;
	if (!h->next)
		snprintf(why, HOSTING_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
	return h->next != NULL;
}

void hosting_swap(struct hosting *h)
{
	if (!h->next)
		return;
	hosted_free(h->hosted);
	h->hosted = sk_steal(h->next);
	h->max_age = h->next_max_age;
}

void hosting_drop(struct hosting *h)
{
	hosted_free(sk_steal(h->next));
}

size_t hosting_count(const struct hosting *h)
{
	return h->hosted ? hosted_count(h->hosted) : 0;
}

static void answer_nothing(struct exchange *exchange)
{
	exchange_answer(exchange, &(struct http_reply){
					  .status = 404,
					  .type = "text/plain; charset=utf-8",
					  .body = SK_SPAN("there is no certificate here\n"),
					  .kept = true,
				  });
}

static void print_control(const struct hosting *h, int64_t seconds, char out[CONTROL_SIZE])
{
	if (seconds == 0)
		snprintf(out, CONTROL_SIZE, "no-store");
	else
		snprintf(out, CONTROL_SIZE, "public, max-age=%" PRId64,
			 seconds < h->max_age ? seconds : h->max_age);
}

/* May it be answered at all (If-Match), and has the client got it (RFC 9110, 13.2.2)? */
static unsigned status_of(const struct exchange *exchange, const char *tag)
{
	char mem[CONDITIONAL_SIZE];
	struct sk_span list = exchange_headers(exchange, "If-Match", mem, sizeof(mem));

	if (list.ptr && !conditional_has(list, tag, true))
		return 412;
	list = exchange_headers(exchange, "If-None-Match", mem, sizeof(mem));
	return list.ptr && conditional_has(list, tag, false) ? 304 : 200;
}

/* A 304 has the same headers (RFC 9110, 15.4.5), the length of the body that it does not have
 * among them (8.6). */
static void answer_certificate(const struct hosting *h, struct exchange *exchange,
			       const struct hosted_answer *found)
{
	const struct published *p = found->published;
	char control[CONTROL_SIZE];
	struct http_reply reply = {
		.status = status_of(exchange, p->tag),
		.headers = { { "ETag", p->tag }, { "Cache-Control", control } },
	};

	print_control(h, found->seconds, control);
	if (reply.status == 200)
		reply.type = "application/pem-certificate-chain";
	if (reply.status != 412)
		reply.body = (struct sk_span){ p->pem, p->len };
	exchange_answer(exchange, &reply);
}

/* Only what is here has methods: of everything else nobody learns more than that it is not. */
static void answer_method(struct exchange *exchange)
{
	exchange_answer(exchange, &(struct http_reply){
					  .status = 405,
					  .type = "text/plain; charset=utf-8",
					  .body = SK_SPAN("a certificate can be got, no more\n"),
					  .kept = true,
					  .headers = { { "Allow", "GET, HEAD" } },
				  });
}

static void answer(const struct hosting *h, struct exchange *exchange,
		   const struct hosted_answer *found)
{
	const enum http_method method = exchange_request(exchange)->method;

	if (!found)
		answer_nothing(exchange);
	else if (method != METHOD_GET && method != METHOD_HEAD)
		answer_method(exchange);
	else
		answer_certificate(h, exchange, found);
}

static int64_t now(const struct hosting *h)
{
	return h->parts.clock->wall(h->parts.clock);
}

static bool find(const struct hosting *h, const struct exchange *exchange, struct sk_span path,
		 struct hosted_answer *out)
{
	struct sk_span host = exchange_header(exchange, "Host");

	return h->hosted && host.ptr && hosted_find(h->hosted, host, path, now(h), out);
}

/* By the whole address. */
static void on_request(void *arg, struct exchange *exchange)
{
	const struct hosting *h = arg;
	struct hosted_answer found;

	answer(h, exchange,
	       find(h, exchange, exchange_request(exchange)->path, &found) ? &found : NULL);
}

/* By the name behind PUB, unless there is an x5u of this very path. */
static void on_pub(void *arg, struct exchange *exchange)
{
	const struct hosting *h = arg;
	const size_t head = sizeof(PUB) - 1;
	struct sk_span path = exchange_request(exchange)->path;
	struct hosted_answer found;

	bool is_here = find(h, exchange, path, &found);

	if (!is_here && h->hosted && path.len > head)
		is_here = hosted_find_name(h->hosted,
					   (struct sk_span){ path.ptr + head, path.len - head },
					   now(h), &found);
	answer(h, exchange, is_here ? &found : NULL);
}

void hosting_add(struct hosting *h, const bool *on, struct routes *routes)
{
	struct route route = {
		.methods = METHOD_GET | METHOD_POST | METHOD_OTHER,
		.who = ROUTE_ANYBODY,
		.counted = "hosting",
		.on = on,
		.arg = h,
	};

	route.path = PUB;
	route.handler = on_pub;
	routes_add(routes, &route);
	route.path = "/";
	route.handler = on_request;
	routes_add(routes, &route);
}
