/*
 * What is taken of a picture for the history, and the last looks.
 */
#include "redirector/http/live_view.h"

const struct live_look *live_look_back(const struct live_recent *r, size_t looks)
{
	size_t size = SK_COUNT(r->looks), at = r->newest;

	while (looks-- > 0 && r->looks[(at + size - 1) % size].at_ms > 0 &&
	       (at + size - 1) % size != r->newest)
		at = (at + size - 1) % size;
	return &r->looks[at];
}

/* What is no choice of ours; calls over a limit and one too many are counted by themselves. */
static bool is_fault(enum sk_err err)
{
	return sk_err_class(err) == SK_CLASS_OURS && err != SK_NO_CREDENTIAL &&
	       err != SK_OVER_LIMIT && err != SK_OVERLOAD;
}

void live_sums(const struct snapshot *seen, struct history_sums *out)
{
	const struct counters *c = &seen->counters;

	*out = (struct history_sums){ .n = {
					      [HISTORY_CALLS] =
						      c->n[COUNT_INVITES] + c->n[COUNT_QUESTIONS],
					      [HISTORY_SIGNED_A] = c->attested[0],
					      [HISTORY_SIGNED_B] = c->attested[1],
					      [HISTORY_SIGNED_C] = c->attested[2],
					      [HISTORY_PASSED] = c->n[COUNT_PASSED],
					      [HISTORY_FAILED] = c->n[COUNT_FAILED],
					      [HISTORY_UNVERIFIED] = c->n[COUNT_UNVERIFIED],
					      [HISTORY_OVERLOAD] = c->n[COUNT_OVERLOAD],
					      [HISTORY_UNFETCHED] =
						      seen->shown[SHOWN_FETCHES_FAILED] +
						      seen->shown[SHOWN_FETCHES_REFUSED],
				      } };
	for (int i = 0; i < SK_ERR_COUNT; i++)
		if (is_fault((enum sk_err)i))
			out->n[HISTORY_FAULTS] += c->outcomes[i];
	for (int i = 0; i < STEP_LAST; i++)
		for (int k = 0; k <= STEP_BOUNDS; k++)
			out->buckets[i][k] = seen->steps.step[i].buckets[k];
}
