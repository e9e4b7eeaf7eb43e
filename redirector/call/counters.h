/**
 * @file counters.h  What was counted since the start
 *
 * Plain numbers of one worker; whoever reports adds them up.
 */
#pragma once

#include "shaken/claims.h"
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
	COUNT_QUESTIONS, /**< calls that were asked for by HTTP             */
	COUNT_LAST,
};

enum {
	ANSWER_CODES = 600, /**< 100 to 699 */
	ATTEST_COUNT = 3,   /**< A, B, C */
};

struct counters {
	uint64_t n[COUNT_LAST];
	uint64_t outcomes[SK_ERR_COUNT]; /**< calls by outcome                            */
	uint64_t codes[ANSWER_CODES];    /**< answers of SIP by status; [0]: 100          */
	uint64_t attested[ATTEST_COUNT]; /**< signatures by attestation; a div has none   */
};

/** An answer of SIP was handed over. */
static inline void counters_answer(struct counters *counters, unsigned status)
{
	if (status >= 100 && status < 100 + ANSWER_CODES)
		counters->codes[status - 100]++;
}

/** A call was signed with this attestation. */
static inline void counters_attested(struct counters *counters, enum sk_attest attest)
{
	if (attest >= SK_ATTEST_A && attest <= SK_ATTEST_C)
		counters->attested[attest - SK_ATTEST_A]++;
}

/** "datagrams", "strangers", ...: stable, for logs and metrics. */
const char *counter_name(enum counter counter);
