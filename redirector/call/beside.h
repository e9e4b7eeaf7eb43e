/**
 * @file beside.h  What is said besides the calling number: priority (rph), who calls in words (rcd)
 *
 * Judged where verify.rph and verify.rcd ask for it, into `rph`, `rcd` and `rcd_name`; the
 * verdict on the number never depends on it (RFC 8443, section 5; RFC 9795, section 8).
 */
#pragma once

#include "redirector/call/call.h"

/** Before the first token is judged. */
void beside_begin(struct call *call);

/** Are tokens of this type judged in this call? */
SK_MUSTCHECK
bool beside_wants(const struct call *call, enum sk_ppt ppt);

/** Has that check passed already, so that nothing is worth waiting for any more? */
SK_MUSTCHECK
bool beside_passed(const struct call *call, enum sk_ppt ppt);

/** A name that stood in a shaken PASSporT counts only with it: drops it, because of `err`, unless
 * it came from the one with this signature (empty: none counts). */
void beside_disown(struct call *call, struct sk_span counts, enum sk_err err);

/**
 * The token `passport` came to `err`, its certificate and signature included.
 *
 * @param ppt  SK_PPT_RPH, SK_PPT_RCD; or SK_PPT_SHAKEN with SK_OK, which may have rcd inside
 *
 * @return What it comes to with what is said in it
 */
SK_MUSTCHECK
enum sk_err beside_judge(struct call *call, enum sk_ppt ppt, enum sk_err err);
