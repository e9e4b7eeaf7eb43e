/**
 * @file log_json.h  A message of key=value pairs as one JSON object
 */
#pragma once

#include "shaken/buf.h"
#include "shaken/span.h"

/**
 * Prints `,"key":value` for each pair of "event=reload result=ok ms=12 msg=\"...\""; a value of
 * digits is a number, any other a string.  What is no pair goes into "msg" as it stands.
 */
void log_json_pairs(struct sk_span text, struct sk_buf *out);
