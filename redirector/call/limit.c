/*
 * Whoever asks too much must cost little and hurt nobody else.  Both doors take from the same
 * buckets, which all workers share.
 */
#include "redirector/call/limit.h"

#include "redirector/base/bucket.h"
#include "redirector/call/asked.h"
#include "redirector/call/heartbeat.h"

struct tally_slot *limit_trunk_slot(const struct call *c)
{
	const struct trunk_conf *first = c->tenant->set->trunks.items;

	return c->trunk && c->tenant->trunks ? c->tenant->trunks[c->trunk - first] : NULL;
}

/* Like OPTIONS: whether we live is nobody's call. */
bool limit_is_heartbeat(struct call *c)
{
	c->task = c->asked ? c->asked->task : policy_task(c->tenant, &c->facts);
	c->no_dummy = !heartbeat_is(c);
	return !c->no_dummy;
}

/* The trunk first: what it refuses takes nothing from the tenant's other trunks. */
bool limit_take(const struct call *c, int64_t now_us)
{
	const struct limits_conf *set = &c->tenant->set->limits;
	struct tally_slot *trunk = limit_trunk_slot(c), *tenant = c->tenant->tally;

	if (trunk && !bucket_take(&trunk->calls_at, 1000, c->trunk->rate, c->trunk->burst, now_us))
		return false;
	return !tenant || bucket_take(&tenant->calls_at, 1000, set->rate, set->burst, now_us);
}
