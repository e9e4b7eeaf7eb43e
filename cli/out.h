/**
 * @file out.h  Answers: rows for people, JSON for machines
 *
 * What strangers wrote never reaches a terminal as it is: anything but printable
 * ASCII is shown as \xNN.
 */
#pragma once

#include "cli/cli.h"
#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum {
	OUT_TIME_SIZE = 64,   /**< a time in words, terminator included */
	OUT_TEXT_SIZE = 1024, /**< longest piece of a stranger's text that is shown */
};

/** The exit status of an outcome. */
int out_status(enum sk_err err);

/** One line "name  text" on stdout. */
void out_row(const char *name, const char *fmt, ...) SK_PRINTF(2, 3);

/** Printable form of a stranger's text, cut when longer; NUL-terminated. */
const char *out_safe(struct sk_span text, char out[OUT_TEXT_SIZE]);

/** The same as a row. */
void out_row_span(const char *name, struct sk_span text);

/** "Fri, 25 Sep 2015 19:12:25 GMT", or the bare number for a year beyond 9999 or before 1970. */
const char *out_time(int64_t seconds, char out[OUT_TIME_SIZE]);

/** A JSON text of a stranger's bytes; in printable form when they are no UTF-8. */
json_t *out_json_text(struct sk_span text);

/** The row of an outcome: name, text, class, SIP code and phrase, verstat, ATIS-1000082 case. */
json_t *out_json_outcome(enum sk_err err);

/** The same of a row that was changed by a profile. */
json_t *out_json_row(const struct sk_outcome *row);

/**
 * Print an object on stdout, in ASCII, and give it back.
 *
 * @param object  Taken over; NULL: building it failed
 *
 * @return `status`, or CLI_OURS when it could not be built or printed
 */
int out_json(json_t *object, int status);

/** Print it for people, indented by `indent` blanks. */
void out_pretty(const json_t *value, int indent);

/** "shaken NAME: SK_X: text" on stderr; @return the exit status of the outcome. */
int out_refusal(const struct command *command, enum sk_err err);

/** "shaken NAME: message" on stderr; @return CLI_OURS */
int out_fault(const struct command *command, const char *fmt, ...) SK_PRINTF(2, 3);
