/*
 * The leaf's own end is looked at each time, since that is two comparisons: no
 * call passes on a leaf that has ended a second ago.
 */
#include "redirector/certs/judge.h"

void judged_clear(struct judged *judged)
{
	sk_chain_free(judged->chain);
	*judged = (struct judged){ .chain = NULL };
}

static bool stands(const struct judged *j, uint64_t generation, int64_t now)
{
	return j->generation == generation && now >= j->at && now - j->at < JUDGE_AGAIN &&
	       sk_err_class(j->verdict) != SK_CLASS_OURS &&
	       sk_chain_valid_at(j->chain, now) == sk_chain_valid_at(j->chain, j->at);
}

enum sk_err judge(struct judged *judged, const struct sk_trust *trust, uint64_t generation,
		  int64_t now)
{
	if (stands(judged, generation, now))
		return judged->verdict;
	judged->verdict = sk_trust_check(trust, judged->chain, now, NULL);
	judged->at = now;
	judged->generation = generation;
	return judged->verdict;
}
