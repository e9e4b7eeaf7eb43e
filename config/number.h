/**
 * @file number.h  Numbers with units: "16KiB", "60s", "300ms"
 */
#pragma once

#include "config/schema.h"
#include "shaken/buf.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stdint.h>

/** Reads a number as rows of this type write it; the range is not judged. */
SK_MUSTCHECK
bool number_parse(enum conf_type type, const char *text, int64_t *out);

/** Prints a text that reads back as the same number. */
void number_print(enum conf_type type, int64_t value, struct sk_buf *out);

/** How it is written, for a complaint: "a number and s, m, h or d, such as 60s". */
const char *number_form(enum conf_type type);
