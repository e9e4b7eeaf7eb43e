/**
 * @file live_put.h  Members of the live page's data
 *
 * Texts may come from strangers or be torn: whatever they are, JSON in UTF-8 comes out.
 */
#pragma once

#include "shaken/buf.h"

#include <stdbool.h>
#include <stdint.h>

/** A comma, unless a `{` or `[` is in front. */
void live_comma(struct sk_buf *out);

/** A value; bytes that are no UTF-8 become "?". */
void live_string(struct sk_buf *out, const char *text);

void live_text(struct sk_buf *out, const char *name, const char *text);
void live_number(struct sk_buf *out, const char *name, int64_t number);
void live_flag(struct sk_buf *out, const char *name, bool flag);

/** A number with one digit behind the point. */
void live_tenths(struct sk_buf *out, const char *name, double number);
