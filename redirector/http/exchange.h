/**
 * @file exchange.h  One request and its answer, whoever answers it and when
 *
 * A handler gets a request whole (head and body, within http.header-max and http.body-max) and
 * allowed (route.h).  It answers at once or later, from the same loop; until then the exchange
 * lives, also when its client is gone: then the answer goes nowhere.  Past http.deadline + 1 s the
 * server answers 503 by itself and a later answer is ignored.
 */
#pragma once

#include "redirector/base/addr.h"
#include "redirector/http/authorization.h"
#include "redirector/http/client.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>

enum http_method {
	METHOD_GET = 1,
	METHOD_HEAD = 2,
	METHOD_POST = 4,
	METHOD_OTHER = 8,
};

struct exchange;

/** What was asked.  Lives as long as the exchange. */
struct http_request {
	enum http_method method;
	struct sk_span path; /**< decoded nowhere: as sent, without the query; starts with "/"    */
	struct sk_span query; /**< behind the "?"; empty: none */
	struct sk_span body;
	const struct addr *source, *local;
	bool tls;
	const struct client *client; /**< of a ROUTE_CLIENT; else NULL */
	int64_t began_us; /**< monotonic: its first byte                                */
};

const struct http_request *exchange_request(const struct exchange *exchange);

/** The first header of that name (any case); `ptr` NULL: none. */
struct sk_span exchange_header(const struct exchange *exchange, const char *name);

/** All of that name, joined as RFC 9110, 5.3 has it.
 * @param mem  Room for several; what does not fit is left out */
struct sk_span exchange_headers(const struct exchange *exchange, const char *name, char *mem,
				size_t size);

struct http_header {
	const char *name, *value;
};

enum {
	REPLY_HEADERS_MAX = 12,
};

/** An answer.  Everything is copied unless `kept`. */
struct http_reply {
	unsigned status;
	const char *type;    /**< media type; NULL: no body                                       */
	struct sk_span body; /**< for HEAD as well: the server sends its length alone           */
	bool kept;           /**< the body lives for ever and is not copied                      */
	struct http_header headers[REPLY_HEADERS_MAX]; /**< up to the first without a name */
};

/** Answers, exactly once; the exchange is not to be touched afterwards. */
void exchange_answer(struct exchange *exchange, const struct http_reply *reply);
