/**
 * @file examine.h  Would two readers see the same request in these bytes?
 *
 * Whoever stands between a client and us may read a head differently from us, and then takes one
 * request for two (request smuggling, RFC 9112, 11.2).  So what is ambiguous is refused before
 * anything else looks at it, and the connection ends.
 */
#pragma once

#include "redirector/http/exchange.h"
#include "redirector/http/head.h"

#include <stdbool.h>
#include <stdint.h>

/** What a head says of its request. */
struct examined {
	enum http_method method;
	bool http_1_0;
	bool chunked;
	bool has_length;
	bool expects;    /**< "100-continue"                              */
	uint64_t length; /**< of the body; 0 with `chunked`               */
};

/** @return NULL, or why it is refused with 400: a sentence that lives for ever */
const char *examine(const struct head *head, struct examined *out);

/** Of the target alone.  @return As of examine() */
const char *examine_target(struct sk_span target);
