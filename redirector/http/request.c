/*
 * A request from its first line to its handler.  All that can be refused by the head alone is
 * refused before any of the body is kept.
 *
 * What surprises: libmicrohttpd ends a connection whose answer comes before the body was read.  So
 * who may go on is told when the body has been read (and thrown away), and only who is not to go on
 * at once: what two readers might see differently, and bodies too long to be read for nothing.
 */
#include "redirector/http/http_state.h"

#include "redirector/http/examine.h"
#include "redirector/http/media.h"

#include <stdlib.h>
#include <string.h>

enum {
	BODY_FIRST = 2048,  /* bytes that a body is given room for at first */
	FAREWELL_MAX = 100, /* bytes of "100 Continue" and TLS's last word; any answer has more */
	WASTE_MAX = 4,      /* so many times http.body-max are thrown away of a refused one */
};

static struct connection *connection_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

void *request_first_line(void *arg, const char *target, struct MHD_Connection *mhd)
{
	struct engine *e = arg;
	struct connection *c = connection_of(mhd);

	e->progress++;
	if (!c)
		return NULL;
	if (c->waits != WAITS_BEGIN && c->waits != WAITS_REQUEST)
		connection_waits(c, WAITS_REQUEST);
	c->exchange = exchange_new(c, target);
	if (c->exchange)
		c->exchange->written = connection_written(c);
	return c->exchange;
}

/* Nothing that follows on its connection is read. */
static void malformed(struct exchange *x, unsigned status, const char *why)
{
	http_count(x->home, HTTP_MALFORMED);
	x->close = x->connection->linger = true;
	exchange_plain(x, status, why);
}

/* What libmicrohttpd takes into its memory is more: its own limit is for that. */
static bool is_too_long(const struct exchange *x, const struct head *head)
{
	return head->size > x->connection->engine->head_max;
}

/* What is wrong with it is told when its body has been read. */
static void refuse_later(struct exchange *x, enum refusal why)
{
	if (x->refused)
		return;
	x->refused = true;
	x->refusal = why;
}

static bool is_over_rate(struct exchange *x)
{
	const struct http *http = x->home;

	return http->rates && x->connection->door != DOOR_HEALTH && http->conf->http.rate > 0 &&
	       sources_take(http->rates, &x->source, http->conf->http.rate, http->conf->http.burst,
			    clock_us()) != SOURCES_OK;
}

static const struct route *find_route(const struct exchange *x)
{
	const struct connection *c = x->connection;
	const struct routes *routes = x->home->parts.routes;
	/* who may not connect at all learns nothing of what else is there */
	const struct route *route = c->listed ? routes_find(routes, x->request.path)
					      : routes_find_open(routes, x->request.path);

	return route && (c->door != DOOR_HEALTH || route->on_health) ? route : NULL;
}

static void split_target(struct exchange *x)
{
	const char *query = strchr(x->target, '?');

	x->request.path = sk_span_of(x->target);
	if (query) {
		x->request.path.len = (size_t)(query - x->target);
		x->request.query = sk_span_of(query + 1);
	}
}

/* RFC 6750, 2.1.  Another scheme is no key at all; this one with nothing behind it is a key that
 * is shown, and wrong: somebody's variable was empty. */
static struct sk_span bearer_of(const struct head *head)
{
	size_t count, i = sizeof("Bearer") - 1;
	struct sk_span value = head_find(head, "Authorization", &count);

	if (count != 1 || value.len < i || strncasecmp(value.ptr, "Bearer", i) != 0 ||
	    (value.len > i && value.ptr[i] != ' '))
		return (struct sk_span){ NULL, 0 };
	return sk_span_trim((struct sk_span){ value.ptr + i, value.len - i });
}

static void authorize(struct exchange *x, const struct head *head)
{
	struct http *http = x->home;
	struct credentials shown = { .source = &x->source, .bearer = bearer_of(head) };
	enum authorized said = AUTHORIZED;

	if (x->route->who != ROUTE_VIEWER && x->route->who != ROUTE_CLIENT)
		return;
	if (!http->authorization) {
		refuse_later(x, REFUSAL_OURS);
		return;
	}
	shown.tls_names = connection_names(x->connection, &shown.tls_name_count);
	x->authorization = authorization_ref(http->authorization);
	if (x->route->who == ROUTE_VIEWER)
		said = authorization_viewer(http->authorization, &shown);
	else
		said = authorization_client(http->authorization, &shown, &x->request.client);
	if (said == AUTHORIZED_UNKNOWN)
		refuse_later(x, REFUSAL_UNKNOWN);
	else if (said == AUTHORIZED_REFUSED)
		refuse_later(x, REFUSAL_NOT_YOURS);
	else if (said != AUTHORIZED)
		refuse_later(x, REFUSAL_OURS);
}

static bool accepts(const struct head *head, const char *type)
{
	bool ok = false, any = false;
	int best = 0;

	for (size_t i = 0; i < head->count; i++) {
		if (!sk_span_eq_nocase(head->fields[i].name, SK_SPAN("Accept")))
			continue;
		any = true;
		media_accepts(head->fields[i].value, type, &best, &ok);
	}
	return ok || !any;
}

static void check_body(struct exchange *x, const struct head *head, const struct examined *e)
{
	const struct route *route = x->route;
	size_t count;
	struct sk_span type = head_find(head, "Content-Type", &count);

	/* who knows every method asks for nothing */
	if (e->method == METHOD_POST && !(route->methods & METHOD_OTHER) && !e->has_length &&
	    !e->chunked)
		refuse_later(x, REFUSAL_NO_LENGTH);
	if (e->method == METHOD_POST && route->accepts &&
	    (count != 1 || !media_is(type, route->accepts)))
		refuse_later(x, REFUSAL_TYPE);
	if (route->produces && !accepts(head, route->produces))
		refuse_later(x, REFUSAL_ACCEPT);
	if (e->length > (uint64_t)x->home->conf->http.body_max)
		refuse_later(x, REFUSAL_TOO_LONG);
}

/* Is the method one that the route knows?  HEAD comes with GET. */
static bool is_known(const struct route *route, enum http_method method)
{
	return route->methods & (method == METHOD_HEAD ? METHOD_GET | METHOD_HEAD : method);
}

static void judge(struct exchange *x, const struct head *head, const struct examined *e)
{
	split_target(x);
	x->route = find_route(x);
	if (!x->route) {
		x->lost = true;
		return;
	}
	x->counts = x->home->of_route[x->route - x->home->parts.routes->items];
	if (!is_known(x->route, e->method))
		refuse_later(x, REFUSAL_METHOD);
	else
		authorize(x, head);
	check_body(x, head, e);
}

/* The answer to a refused one, now. */
static void tell(struct exchange *x)
{
	if (x->lost && !x->refused)
		exchange_plain(x, 404, "There is nothing here.");
	else
		exchange_refuse(x, x->refusal);
}

/* The head is there. */
static void begin(struct exchange *x, const char *method, const char *version)
{
	struct http *http = x->home;
	struct connection *c = x->connection;
	struct head head;
	struct examined e;
	const char *why;

	if (is_over_rate(x))
		refuse_later(x, REFUSAL_RATE);
	head_read(c->mhd, method, sk_span_of(x->target), version, &head);
	why = examine(&head, &e);
	x->request.method = e.method;
	/* how long a body in chunks is two readers might see differently: nothing follows it */
	x->close = e.chunked;
	if (is_too_long(x, &head)) {
		malformed(x, 431, "The head of the request is too long.");
		return;
	}
	if (why) {
		malformed(x, 400, why);
		return;
	}
	judge(x, &head, &e);
	if (!x->refused && !x->lost)
		return;
	if (e.expects || e.chunked || e.length > (uint64_t)http->conf->http.body_max) {
		x->close = c->linger = true;
		tell(x);
	}
}

/* @return false: it is too long to be read on */
static bool take_body(struct exchange *x, const char *bytes, size_t len)
{
	size_t max = (size_t)x->home->conf->http.body_max, room = x->body_room;
	char *body;

	x->body_len += len;
	atomic_fetch_add_explicit(&x->home->parts.counts->n[HTTP_BYTES_IN], len,
				  memory_order_relaxed);
	if (!x->refused && !x->lost && x->body_len > max)
		refuse_later(x, REFUSAL_TOO_LONG);
	if (x->refused || x->lost)
		return x->body_len <= WASTE_MAX * max;
	while (room < x->body_len)
		room = room ? room * 2 : BODY_FIRST;
	if (room > x->body_room) {
		body = realloc(x->body, room);
		if (!body) {
			refuse_later(x, REFUSAL_OURS);
			return true;
		}
		x->body = body;
		x->body_room = room;
	}
	memcpy(x->body + x->body_len - len, bytes, len);
	return true;
}

/* All of it is there. */
static void ask(struct exchange *x)
{
	if (x->refused || x->lost) {
		tell(x);
		return;
	}
	x->request.body = (struct sk_span){ x->body, x->body ? x->body_len : 0 };
	x->asked = true;
	x->handler_has = true;
	connection_waits(x->connection, WAITS_HANDLER);
	x->route->handler(x->route->arg, x);
}

static enum MHD_Result turn(struct exchange *x, const char *method, const char *version,
			    const char *bytes, size_t *len)
{
	if (!x->begun) {
		x->begun = true;
		begin(x, method, version);
		return x->answered ? exchange_send(x) : MHD_YES;
	}
	if (*len > 0) {
		bool ok = take_body(x, bytes, *len);

		*len = 0;
		return ok ? MHD_YES : MHD_NO;
	}
	if (x->queued)
		return MHD_YES;
	if (!x->asked && !x->answered)
		ask(x);
	if (x->answered)
		return exchange_send(x);
	MHD_suspend_connection(x->connection->mhd);
	x->suspended = true;
	return MHD_YES;
}

enum MHD_Result request_turn(void *arg, struct MHD_Connection *mhd, const char *target,
			     const char *method, const char *version, const char *bytes,
			     size_t *len, void **exchange)
{
	struct engine *e = arg;
	struct exchange *x = *exchange;
	enum MHD_Result result;

	(void)mhd;
	(void)target;
	e->progress++;
	if (!x)
		return MHD_NO;
	x->inside = true;
	result = turn(x, method, version, bytes, len);
	x->inside = false;
	return result;
}

/* libmicrohttpd has answered it without us: a head that it does not take, chunks that are none.  It
 * says the same of clients that went away in the middle; but to them it has sent nothing. */
static bool is_refused_by_itself(const struct exchange *x, enum MHD_RequestTerminationCode why)
{
	return !x->answered &&
	       (why == MHD_REQUEST_TERMINATED_COMPLETED_OK ||
		why == MHD_REQUEST_TERMINATED_WITH_ERROR) &&
	       connection_written(x->connection) > x->written + FAREWELL_MAX;
}

void request_ended(void *arg, struct MHD_Connection *mhd, void **exchange,
		   enum MHD_RequestTerminationCode why)
{
	struct engine *e = arg;
	struct exchange *x = *exchange;
	struct connection *c = x ? x->connection : NULL;

	(void)mhd;
	*exchange = NULL;
	e->progress++;
	if (!c)
		return;
	if (is_refused_by_itself(x, why)) {
		http_count(x->home, HTTP_MALFORMED);
		atomic_fetch_add_explicit(&x->counts->answers[4], 1, memory_order_relaxed);
	}
	exchange_detach(x);
	/* one that is being cut is in no list */
	if (why == MHD_REQUEST_TERMINATED_COMPLETED_OK && c->waits != WAITS_LAST)
		connection_waits(c, WAITS_IDLE);
}
