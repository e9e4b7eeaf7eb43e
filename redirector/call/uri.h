/**
 * @file uri.h  The parts of a SIP or tel URI (RFC 3261, 19.1; RFC 3966)
 *
 * Pure; takes apart, compares, escapes.  Judges no more than it must.
 */
#pragma once

#include "shaken/buf.h"
#include "shaken/span.h"

#include <stdbool.h>

enum {
	URI_MAX = 2048, /**< longest Request-URI that is taken (RFC 3261, 21.4.12) */
};

/** All spans point into the text. */
struct uri {
	struct sk_span scheme;   /**< "sip", "sips", "tel", ... as written            */
	struct sk_span user;     /**< userinfo without password, with its parameters; of a
				      tel URI the number with its parameters          */
	struct sk_span password; /**< behind the ':' of the userinfo                 */
	struct sk_span host;     /**< with the brackets of an IPv6 address; empty for tel */
	struct sk_span port;     /**< digits, empty when there are none               */
	struct sk_span params;   /**< from the first ';' on, empty when there are none */
	struct sk_span headers;  /**< from the '?' on, empty when there are none      */
};

/** @return false when there is no scheme or, for sip and sips, no host, or a character that never
 * may be there */
SK_MUSTCHECK
bool uri_parse(struct sk_span text, struct uri *out);

/** The URI parameter of that name, "" when it has no value; `ptr` NULL when it is not there. */
struct sk_span uri_param(struct sk_span params, struct sk_span name);

/** How often it is there. */
size_t uri_param_count(struct sk_span params, struct sk_span name);

/**
 * Equal by RFC 3261, 19.1.4: a parameter in only one of the two counts only if it
 * is user, ttl, method, maddr or transport; an escape is the character it stands
 * for unless that is reserved.  Costs the square of the length.
 */
SK_MUSTCHECK
bool uri_eq(const struct uri *a, const struct uri *b);

/** Prints a text as the value of a header of a SIP URI, all but unreserved escaped (RFC
 * 3261, 19.1.1). */
void uri_escape(struct sk_span text, struct sk_buf *out);

/** Prints `params` (";a=b;c") without those that are called one of `names`. */
void uri_print_params_without(struct sk_span params, const struct sk_span *names, size_t count,
			      struct sk_buf *out);
