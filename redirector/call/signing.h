/**
 * @file signing.h  The PASSporTs that a call gets: shaken; rph and rcd beside it; div instead
 *
 * One that is beside never costs the first: it is left out, and `extra_err` says why.
 *
 * With a key in a token nothing is signed yet when these return SK_OK: `call->job` is set, and
 * call_signed() comes later, unless signing_abandon() comes first.
 */
#pragma once

#include "redirector/call/call.h"

enum {
	SIGNING_EXTRAS_MAX = 2, /**< rph and rcd */
};

/** Signs `claims`, with rich call data in it where sign.rcd says so, into `identity`; and what
 * belongs beside it into `extras` (RFC 8443; RFC 9795). */
SK_MUSTCHECK
enum sk_err signing_shaken(struct call *call);

/**
 * A call that has a shaken PASSporT and goes elsewhere than to the party of To: signs the next
 * link of its chain into `identity` and sets `claims` (RFC 8946, 4.1).
 *
 * @return SK_OK; SK_SIGNED_ALREADY when there is no link to add: not wanted, not diverted, already
 *         linked, or nothing that a link could continue; what signing returns
 */
SK_MUSTCHECK
enum sk_err signing_div(struct call *call);

/** Of a call that was asked for outright: signs `claims` as the type that was asked for, alone;
 * only rich call data in a shaken one as above.  The certificate is that of asked->x5u, if it has
 * one. */
SK_MUSTCHECK
enum sk_err signing_asked(struct call *call);

/** Waits for a signature no longer; harmless when none is under way. */
void signing_abandon(struct call *call);
