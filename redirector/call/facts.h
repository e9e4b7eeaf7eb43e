/**
 * @file facts.h  What one request says, in our own words
 *
 * Spans point into the request's bytes, which the call owns; no pointer of the
 * SIP library is among them.  Nothing here was judged beyond the syntax of SIP.
 */
#pragma once

#include "redirector/base/addr.h"
#include "redirector/call/uri.h"
#include "shaken/identity.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FACTS_HEADERS_MAX = 128, /**< header lines of one request (hazards: parsing cost) */
	FACTS_PAI_MAX = 2,       /**< P-Asserted-Identity values (RFC 3325, 9.1)          */
	TAG_SIZE = 17,           /**< a To-tag of ours and its terminator                 */
};

struct header {
	struct sk_span name;  /**< as written, without white space            */
	struct sk_span value; /**< trimmed at both ends, folds still inside   */
};

struct facts {
	struct addr source;              /**< where the bytes came from                    */
	struct addr local;               /**< where they arrived                           */
	const char *transport;           /**< "udp", "tcp" or "tls"                        */
	const struct sk_span *tls_names; /**< hosts that the client's certificate names   */
	size_t tls_name_count;           /**< 0: it showed none                          */

	struct sk_span request_uri;
	struct uri target;       /**< the same, taken apart; by facts_target() alone */
	struct sk_span from, to; /**< field values                                 */
	struct sk_span call_id, cseq;
	struct sk_span from_tag;  /**< empty when there is none                     */
	struct sk_span branch;    /**< of the topmost Via, empty when there is none */
	struct sk_span sent_by;   /**< host of the topmost Via                      */
	struct sk_span sent_port; /**< its port, empty when there is none           */
	struct sk_span date;      /**< empty when there is none                     */

	struct sk_span pai[FACTS_PAI_MAX];
	size_t pai_count;
	struct sk_span identities[SK_IDENTITY_MAX]; /**< one value each, joined ones cut apart */
	size_t identity_count;

	bool in_dialog; /**< the To header has a tag                      */
	bool complete;  /**< has Max-Forwards, Call-ID, From tag and a branch that
			     starts with z9hG4bK: else never sign (no amplifier) */

	struct header headers[FACTS_HEADERS_MAX]; /**< all of them, in order         */
	size_t header_count;

	char tag[TAG_SIZE]; /**< our To-tag: the same for a repeated request  */
	uint8_t id[16];     /**< keyed hash of the request, for tag and origid */
	bool repeat;        /**< a retransmission seen within 32 s             */
	int64_t now;        /**< wall clock, seconds since the epoch                            */
	int64_t first_seen; /**< the same when the request first came: what a repeat is signed with
			     */
};

/** The parts of the Request-URI, which is read only once where it is read here.  @return as
 * uri_parse() */
static inline bool facts_read_target(struct facts *facts)
{
	return uri_parse(facts->request_uri, &facts->target);
}

/** The same for those who change nothing. */
static inline bool facts_target(const struct facts *facts, struct uri *out)
{
	if (facts->target.scheme.len == 0)
		return uri_parse(facts->request_uri, out);
	*out = facts->target;
	return true;
}

/** The first header of that name (any case), or an empty span with `ptr` NULL. */
static inline struct sk_span facts_header(const struct facts *facts, struct sk_span name)
{
	for (size_t i = 0; i < facts->header_count; i++)
		if (sk_span_eq_nocase(facts->headers[i].name, name))
			return facts->headers[i].value;
	return (struct sk_span){ NULL, 0 };
}

/**
 * The header of that name, for what only a proxy of ours may say.  One that is there twice may
 * have come from a caller first: it has a `ptr`, but is empty, and so says nothing that is known.
 */
static inline struct sk_span facts_only_header(const struct facts *facts, struct sk_span name)
{
	struct sk_span found = { NULL, 0 };

	for (size_t i = 0; name.len > 0 && i < facts->header_count; i++) {
		if (!sk_span_eq_nocase(facts->headers[i].name, name))
			continue;
		if (found.ptr)
			return (struct sk_span){ found.ptr, 0 };
		found = facts->headers[i].value;
	}
	return found;
}
