/*
 * An exchange lives until both are done with it: the connection, and the handler that was asked.
 *
 *   first line -> head -> body -> handler -> answer -> sent
 *
 * While a handler thinks, libmicrohttpd's connection is suspended: it notices nothing, not even
 * that the client is gone.  That is bounded by http.deadline.
 */
#include "redirector/http/http_state.h"

#include <stdlib.h>
#include <string.h>

struct exchange *exchange_new(struct connection *c, const char *target)
{
	size_t len = target ? strlen(target) : 0;
	struct exchange *x = calloc(1, sizeof(*x) + len + 1);

	if (!x)
		return NULL;
	x->home = c->home;
	x->connection = c;
	x->target = (char *)(x + 1);
	if (len)
		memcpy(x->target, target, len);
	x->source = c->source;
	x->local = c->local;
	x->request = (struct http_request){
		.source = &x->source,
		.local = &x->local,
		.tls = c->door == DOOR_HTTPS,
		.began_us = clock_us(),
	};
	x->counts = c->home->of_none;
	c->home->exchanges++;
	return x;
}

static void exchange_free(struct exchange *x)
{
	if (x->response)
		MHD_destroy_response(x->response);
	authorization_unref(x->authorization);
	free(x->body);
	free(x);
}

void exchange_detach(struct exchange *x)
{
	x->home->exchanges--;
	x->connection->exchange = NULL;
	x->connection = NULL;
	if (!x->handler_has)
		exchange_free(x);
}

const struct http_request *exchange_request(const struct exchange *x)
{
	return &x->request;
}

struct sk_span exchange_header(const struct exchange *x, const char *name)
{
	const char *value = NULL;
	size_t len = 0;

	if (!x->connection || x->queued ||
	    MHD_lookup_connection_value_n(x->connection->mhd, MHD_HEADER_KIND, name, strlen(name),
					  &value, &len) != MHD_YES ||
	    !value)
		return (struct sk_span){ NULL, 0 };
	return sk_span_trim((struct sk_span){ value, len });
}

/* What is being joined. */
struct joined {
	const char *name;
	struct sk_buf text;
	struct sk_span first;
	size_t count;
};

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *name,
				 size_t name_len, const char *value, size_t value_len)
{
	struct joined *j = arg;
	struct sk_span one = sk_span_trim((struct sk_span){ value, value ? value_len : 0 });

	(void)kind;
	if (!sk_span_eq_nocase((struct sk_span){ name, name_len }, sk_span_of(j->name)))
		return MHD_YES;
	if (j->count++ == 0)
		j->first = one;
	else
		sk_buf_puts(&j->text, ", ");
	sk_buf_put(&j->text, one);
	return MHD_YES;
}

struct sk_span exchange_headers(const struct exchange *x, const char *name, char *mem, size_t size)
{
	struct joined j = { .name = name };

	if (!x->connection || x->queued)
		return (struct sk_span){ NULL, 0 };
	sk_buf_init(&j.text, mem, size);
	MHD_get_connection_values_n(x->connection->mhd, MHD_HEADER_KIND, on_header, &j);
	return j.count > 1 ? (struct sk_span){ mem, j.text.len } : j.first;
}

static void count_answer(struct exchange *x, const struct http_reply *reply)
{
	unsigned hundred = reply->status / 100;

	atomic_fetch_add_explicit(&x->counts->answers[hundred < 6 ? hundred : 5], 1,
				  memory_order_relaxed);
	atomic_fetch_add_explicit(&x->counts->us, (uint64_t)(clock_us() - x->request.began_us),
				  memory_order_relaxed);
	if (x->request.method != METHOD_HEAD && reply->status != 304)
		atomic_fetch_add_explicit(&x->home->parts.counts->n[HTTP_BYTES_OUT],
					  reply->body.len, memory_order_relaxed);
}

static struct MHD_Response *make_body(const struct exchange *x, const struct http_reply *reply)
{
	if (pieces_wanted(x->connection->engine, reply))
		return pieces_response(x->connection->engine, reply);
	return MHD_create_response_from_buffer(
		reply->body.len, (void *)(uintptr_t)(reply->body.len ? reply->body.ptr : ""),
		reply->kept || !reply->body.len ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);
}

static struct MHD_Response *make(const struct exchange *x, const struct http_reply *reply)
{
	struct MHD_Response *r = make_body(x, reply);
	bool ok = r && MHD_add_response_header(r, "X-Content-Type-Options", "nosniff") == MHD_YES;

	if (ok && reply->type)
		ok = MHD_add_response_header(r, "Content-Type", reply->type) == MHD_YES;
	for (size_t i = 0; ok && i < REPLY_HEADERS_MAX && reply->headers[i].name; i++)
		ok = MHD_add_response_header(r, reply->headers[i].name, reply->headers[i].value) ==
		     MHD_YES;
	if (ok && (x->close || x->home->draining || !connection_admitted(x->connection)))
		ok = MHD_add_response_header(r, "Connection", "close") == MHD_YES;
	if (ok)
		return r;
	if (r)
		MHD_destroy_response(r);
	return NULL;
}

/* Its connection goes on, to send the answer or to end. */
static void wake(struct exchange *x)
{
	if (!x->suspended)
		return;
	x->suspended = false;
	MHD_resume_connection(x->connection->mhd);
	engine_kick(x->connection->engine);
}

void exchange_respond(struct exchange *x, const struct http_reply *reply)
{
	x->answered = true;
	x->response = make(x, reply);
	x->status = reply->status;
	if (x->response)
		count_answer(x, reply);
	else
		log_print(x->home->parts.log, LEVEL_ERROR, "msg=\"http: out of memory\"");
	/* without memory for an answer there is none: request_turn() ends the connection */
	if (!x->inside)
		connection_waits(x->connection, WAITS_SENDING);
	wake(x);
}

void exchange_answer(struct exchange *x, const struct http_reply *reply)
{
	x->handler_has = false;
	if (!x->connection)
		exchange_free(x);
	else if (!x->answered) /* not too late */
		exchange_respond(x, reply);
}

enum MHD_Result exchange_send(struct exchange *x)
{
	enum MHD_Result sent = MHD_NO;

	if (!x->response)
		return MHD_NO;
	connection_waits(x->connection, WAITS_SENDING);
	sent = MHD_queue_response(x->connection->mhd, x->status, x->response);
	MHD_destroy_response(x->response);
	x->response = NULL;
	x->queued = true;
	x->connection->engine->progress++;
	return sent;
}
