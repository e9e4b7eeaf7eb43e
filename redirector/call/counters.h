/**
 * @file counters.h  What was counted since the start
 *
 * Plain numbers of one worker; whoever reports adds them up.
 */
#pragma once

#include "shaken/err.h"

#include <stdint.h>

enum counter {
	COUNT_DATAGRAMS,      /**< arrived                                       */
	COUNT_STRANGERS,      /**< of a source that is not listed                */
	COUNT_UNMATCHED,      /**< INVITEs of a listed source, but no tenant's   */
	COUNT_SOURCE_OVER,    /**< over sip.source-rate                          */
	COUNT_SOURCE_DROPPED, /**< of them not even read                         */
	COUNT_OVERSIZED,      /**< longer than sip.datagram-max                  */
	COUNT_NOISE,          /**< not a SIP request                             */
	COUNT_HEADER_FLOOD,   /**< more lines than sip.headers-max               */
	COUNT_UNROUTABLE,     /**< no Via to answer by, or it does not fit       */
	COUNT_MALFORMED,      /**< answered 400                                  */
	COUNT_ACK,
	COUNT_CANCEL,
	COUNT_OPTIONS,
	COUNT_OTHER_METHODS, /**< answered 405                                  */
	COUNT_INVITES,
	COUNT_REPEATS, /**< of them seen before within 32 s               */
	COUNT_IN_DIALOG,
	COUNT_SIGNED,
	COUNT_PASSED,     /**< TN-Validation-Passed                          */
	COUNT_FAILED,     /**< TN-Validation-Failed                          */
	COUNT_UNVERIFIED, /**< No-TN-Validation                              */
	COUNT_REPLAYED,   /**< a PASSporT that came before, in another call  */
	COUNT_WAITED,     /**< calls that waited for a certificate           */
	COUNT_LATE,       /**< answered by their deadline instead            */
	COUNT_BUSY,       /**< too many calls waiting                        */
	COUNT_LIMITED,    /**< calls over the limit of a tenant or trunk     */
	COUNT_UNRECORDED, /**< of all over a limit: too many for the log     */
	COUNT_SILENT,     /**< calls that get no answer, by choice           */
	COUNT_DRAINED,    /**< refused because of a shutdown                 */
	COUNT_ANSWERS,    /**< handed to the kernel                          */
	COUNT_SEND_FAILED,
	COUNT_ELSEWHERE, /**< answers to an address other than the source's: always 0 */
	COUNT_TOO_LONG,  /**< answers that did not fit                      */
	COUNT_GONE,      /**< answers whose connection was gone             */
	COUNT_STALE,     /**< dropped unread: older than sip.queue-age      */
	COUNT_OVERLOAD,  /**< calls that were turned away: too many at once */
	COUNT_SHED,      /**< ... and not even answered                     */
	COUNT_LAST,
};

struct counters {
	uint64_t n[COUNT_LAST];
	uint64_t outcomes[SK_ERR_COUNT]; /**< calls by outcome */
};

/** "datagrams", "strangers", ...: stable, for logs and metrics. */
const char *counter_name(enum counter counter);
