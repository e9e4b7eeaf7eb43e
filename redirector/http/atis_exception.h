/**
 * @file atis_exception.h  The exceptions of ATIS-1000082, and ours in the same dialect
 *
 *   {"requestError":{"serviceException":{"messageId":"SVC4001",
 *     "text":"Error: Missing mandatory parameter '%1'.","variables":["iat"]}}}
 *
 * The document has SVC4000 to SVC4007, POL4050 and POL5000.  It has nothing for 401, 403, 413,
 * 429 and 503: these are named by its own pattern, POL and the status and a 0.
 */
#pragma once

#include "shaken/buf.h"

enum {
	ATIS_EXCEPTION_SIZE = 1024, /**< room for any of them, printed */
};

enum atis_exception {
	ATIS_SVC4000, /**< no body                              */
	ATIS_SVC4001, /**< %1 is missing                        */
	ATIS_SVC4002, /**< Accept: not %1                       */
	ATIS_SVC4003, /**< no such resource                     */
	ATIS_SVC4004, /**< Content-Type: %1 is expected         */
	ATIS_SVC4005, /**< %1 is invalid: %2                    */
	ATIS_SVC4006, /**< no JSON: %1                          */
	ATIS_SVC4007, /**< no Content-Length                    */
	ATIS_POL4050, /**< another method than POST             */
	ATIS_POL5000, /**< a fault of ours                      */
	ATIS_POL4010, /**< ours: who asks is not known          */
	ATIS_POL4030, /**< ours: %1 is not allowed              */
	ATIS_POL4130, /**< ours: the body is too long           */
	ATIS_POL4290, /**< ours: too many requests              */
	ATIS_POL5030, /**< ours: too much to do, or the end     */
	ATIS_EXCEPTIONS,
};

/** HTTP status */
unsigned atis_status(enum atis_exception exception);

/** @param first, second  %1 and %2; NULL: it has none.  UTF-8 */
void atis_exception_print(enum atis_exception exception, const char *first, const char *second,
			  struct sk_buf *out);
