/**
 * @file syntax.h  The headers that have a grammar: Request-URI, Via, From, To, Call-ID, CSeq
 *
 * The SIP library judges them, and costs more than all the rest of an unsigned call.  So the forms
 * that nearly all requests have are read by hand, by a grammar narrower than the library's: what
 * it takes the library takes, and finds the same in it.  All other requests go to the library.
 */
#pragma once

#include "redirector/base/addr.h"
#include "redirector/sip/scan.h"
#include "shaken/buf.h"

#include <stdbool.h>

/** What is taken from them.  Spans point into the request; empty: there is none. */
struct syntax {
	struct sk_span branch, sent_by, sent_port; /**< of the topmost Via                      */
	struct sk_span from_tag;
	bool rport;     /**< the topmost Via has the parameter (RFC 3581)                      */
	bool in_dialog; /**< To has a tag                                                      */
	bool sound;     /**< all of them are well-formed, and CSeq names the method            */
};

/**
 * Reads the usual forms.
 *
 * @param vias  Gets the Via lines of the answer, the first with received and rport (RFC 3261,
 *              18.2.1; RFC 3581, 4); nothing when this returns false
 *
 * @return false: something is unusual, which says nothing against it
 */
SK_MUSTCHECK
bool syntax_usual(const struct scan *scan, const struct addr *source, struct syntax *out,
		  struct sk_buf *vias);

/** The same of any request, by the SIP library.  @return false: there is no Via to answer by */
SK_MUSTCHECK
bool syntax_parsed(struct sk_span bytes, const struct scan *scan, const struct addr *source,
		   struct syntax *out, struct sk_buf *vias);
