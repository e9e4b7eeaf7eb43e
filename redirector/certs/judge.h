/**
 * @file judge.h  A chain and what the trust says of it, remembered for a minute
 *
 * A path validation costs as much as the signature itself; the answer changes
 * with the trust and, rarely, with time.
 */
#pragma once

#include "redirector/base/log.h"
#include "redirector/certs/tables.h"
#include "shaken/cert.h"
#include "shaken/macro.h"
#include "shaken/span.h"
#include "shaken/trust.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	JUDGE_AGAIN = 60, /**< seconds a verdict stands: an issuer's end or a list's may pass unseen
			     as long */
};

/** Zeroed: no chain.  Stays where it is. */
struct judged {
	struct sk_chain *chain; /**< owned */
	enum sk_err verdict;
	int64_t at;          /**< when it was judged, seconds since the epoch  */
	uint64_t generation; /**< of the trust that judged; 0: not yet judged */
	bool told;           /**< its findings were logged ...                */
	enum sk_err told_as; /**< ... with this verdict                       */
	struct table_use use;
};

/** Frees the chain and starts anew. */
void judged_clear(struct judged *judged);

/** Who judges. */
struct judge {
	const struct sk_trust *trust;
	uint64_t generation; /**< counts the trusts, from 1 */
	int64_t now;
	struct log *log; /**< NULL: nothing is logged */
};

/**
 * The verdict.  What the certificate profile finds (trust.profile) is logged once for a chain,
 * and again when the verdict has become another.
 *
 * @param x5u  For the log
 */
SK_MUSTCHECK
enum sk_err judge(const struct judge *judge, struct sk_span x5u, struct judged *judged);
