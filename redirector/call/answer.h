/**
 * @file answer.h  Outcome and configuration in, status and header lines out: pure
 *
 * Fail open: a call goes on unless the configuration says otherwise, and a fault
 * of ours never looks like the caller's and never says Passed.
 */
#pragma once

#include "redirector/call/call.h"
#include "shaken/buf.h"

#include <stdbool.h>

enum {
	ANSWER_SIZE = 32768, /**< room for all header lines of one answer */
};

struct answer {
	unsigned status;       /**< SIP status code; 0: nothing is sent             */
	const char *phrase;    /**< lives for ever                                  */
	const char *verstat;   /**< what was said of the calling number, "" nothing */
	bool points_at_itself; /**< the Contact could not be made to differ from the
				    Request-URI (RFC 3261, 8.3)                      */
	bool blocked;          /**< a list or an action ended the call here         */
	struct sk_buf lines;   /**< header lines, each with its CRLF                */
};

/**
 * @param call  Ended; its outcome is set
 * @param mem   Room of ANSWER_SIZE for the lines
 * @param out   When not all lines fit: a plain 302 without Identity or verstat
 */
void answer_build(const struct call *call, char *mem, struct answer *out);

/** An answer without a call: 400, 403, 405, 481, 200, 503, 513. */
void answer_plain(unsigned status, char *mem, struct answer *out);

/**
 * For a call that is turned away because there are too many: neither signed nor verified.
 *
 * @param goes_on  302: the call goes on as it is; else 503
 * @param retry_s  Seconds after which the client may try again, for 503
 */
void answer_overload(const struct call *call, bool goes_on, unsigned retry_s, char *mem,
		     struct answer *out);

/**
 * How a call that a list blocks is answered (answer.block), for who tells it by another way than
 * SIP.
 *
 * @param phrase  Set; lives for ever
 *
 * @return 603, 607 or 608
 */
unsigned answer_block_status(const struct tenant *tenant, const char **phrase);

/** 302 for a request inside a dialog: nothing signed, nothing said. */
void answer_in_dialog(const struct call *call, char *mem, struct answer *out);
