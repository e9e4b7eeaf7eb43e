/**
 * @file scan.h  One pass over a datagram before a parser sees it
 *
 * Finds the lines, their names and values, and what must stop a message early:
 * too many lines, bare CR or LF, NUL, no end of headers.  Cheap and linear; the
 * SIP library's cost grows with the square of the number of lines.
 */
#pragma once

#include "redirector/call/facts.h"
#include "shaken/span.h"

#include <stdbool.h>

enum scan_result {
	SCAN_OK,
	SCAN_NOISE,     /**< not a SIP request: STUN, keep-alive, a response, binary     */
	SCAN_TOO_MANY,  /**< more header lines than allowed                              */
	SCAN_BAD_LINES, /**< a control character, a bare CR or LF, a line without a name */
};

/** Headers that are looked for in every request. */
enum scan_name {
	SCAN_VIA,
	SCAN_FROM,
	SCAN_TO,
	SCAN_CALL_ID,
	SCAN_CSEQ,
	SCAN_DATE,
	SCAN_CONTENT_LENGTH,
	SCAN_MAX_FORWARDS,
	SCAN_IDENTITY,
	SCAN_ASSERTED, /**< P-Asserted-Identity */
	SCAN_NAMES,
};

/** One of these: how many there are, and the value of the first. */
struct scan_found {
	struct sk_span value; /**< `ptr` is NULL when there is none */
	size_t count;
};

struct scan {
	struct sk_span method;
	struct sk_span request_uri;
	struct header headers[FACTS_HEADERS_MAX];
	size_t header_count;
	size_t head_len; /**< bytes up to and with the empty line */
	bool plain;      /**< "SIP/2.0" in capitals; no line is folded, has a tab in it or a blank
			      in front of its colon */
	struct scan_found found[SCAN_NAMES];
};

/**
 * @param lines_max  At most FACTS_HEADERS_MAX
 * @param out        Points into `bytes`; complete only with SCAN_OK; with
 *                   SCAN_BAD_LINES as far as it went
 */
enum scan_result scan_message(struct sk_span bytes, size_t lines_max, struct scan *out);

/** Is the header called `name`, or by its compact form `compact` ('\0': has none) (RFC
 * 3261, 7.3.3)? */
SK_MUSTCHECK
bool scan_is(const struct header *header, struct sk_span name, char compact);

/** The one header of that name; counts how many there are in `*count`. */
struct sk_span scan_find(const struct scan *scan, struct sk_span name, char compact, size_t *count);
