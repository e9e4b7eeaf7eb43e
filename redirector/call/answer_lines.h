/**
 * @file answer_lines.h  The header lines of an answer; for answer.c and its pieces
 */
#pragma once

#include "redirector/call/answer.h"

/** @param phrase  NULL: the usual one; else it lives for ever */
void answer_status(struct answer *answer, unsigned status, const char *phrase);

/** Status and lines of answer.block. */
void answer_block(const struct call *call, struct answer *answer);

/** `name: value` and its CRLF; neither may hold a line end. */
void answer_header(struct answer *answer, const char *name, const char *value);

/** Where a fault of ours is answered 503: when to come again, and a Reason that tells it from the
 * 503 of answer.nothing. */
void answer_fault(const struct call *call, struct answer *answer);

/** @param verstat, headers  As contact_print() has them; "" for none */
void answer_contact(const struct call *call, const char *verstat, const char *headers,
		    struct answer *answer);

/** Contact, and what was signed. */
void answer_sign_lines(const struct call *call, struct answer *answer);

/** Contact, the verdicts, and a Reason for each that is to the peer's account. */
void answer_verify_lines(const struct call *call, enum conf_action action, struct answer *answer);
