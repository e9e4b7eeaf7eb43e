/**
 * @file reply.h  From an answer to the bytes of a SIP response
 */
#pragma once

#include "redirector/call/answer.h"
#include "shaken/buf.h"

/**
 * @param head  The lines that every answer repeats, the To line last and open
 *              (facts_read())
 * @param tag   Appended to To unless "" (a request inside a dialog has its tag)
 */
void reply_print(const struct answer *answer, struct sk_span head, const char *tag,
		 struct sk_buf *out);
