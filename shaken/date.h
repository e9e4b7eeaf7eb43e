/**
 * @file date.h  The Date header (RFC 3261, 20.17; RFC 9110, 5.6.7, IMF-fixdate)
 *
 * "Fri, 25 Sep 2015 19:12:25 GMT" and nothing else: no other zone is read as
 * GMT.  Written here because the parser of the SIP library is a day off on some
 * days and ends in 2036.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	SK_DATE_SIZE = 30,      /**< 29 characters and the terminator */
	SK_TIMESTAMP_SIZE = 21, /**< 20 ... */
};

/**
 * Parse.  The day of the week must be a name but need not be the right one.
 * Years 1970 to 9999; 29 Feb only in leap years; second 60 is refused.
 *
 * @param out  Seconds since the epoch, set only on success
 */
SK_MUSTCHECK
bool sk_date_parse(struct sk_span text, int64_t *out);

/**
 * Print.
 *
 * @param seconds  0 up to the end of the year 9999
 *
 * @return false when out of range; `out` is then untouched
 */
SK_MUSTCHECK
bool sk_date_print(int64_t seconds, char out[SK_DATE_SIZE]);

/** The same as RFC 3339 has it: "2015-09-25T19:12:25Z". */
SK_MUSTCHECK
bool sk_timestamp_print(int64_t seconds, char out[SK_TIMESTAMP_SIZE]);
