/**
 * @file judge.h  A chain and what the trust says of it, remembered for a minute
 *
 * A path validation costs as much as the signature itself; the answer changes
 * with the trust and, rarely, with time.
 */
#pragma once

#include "shaken/cert.h"
#include "shaken/macro.h"
#include "shaken/trust.h"

#include <stdint.h>

enum {
	JUDGE_AGAIN = 60, /**< seconds a verdict stands: an issuer's end or a list's may pass unseen
			     as long */
};

/** Zeroed: no chain. */
struct judged {
	struct sk_chain *chain; /**< owned */
	enum sk_err verdict;
	int64_t at;          /**< when it was judged, seconds since the epoch  */
	uint64_t generation; /**< of the trust that judged; 0: not yet judged */
};

/** Frees the chain and starts anew. */
void judged_clear(struct judged *judged);

/** The verdict at `now`; `generation` counts the trusts, from 1. */
SK_MUSTCHECK
enum sk_err judge(struct judged *judged, const struct sk_trust *trust, uint64_t generation,
		  int64_t now);
