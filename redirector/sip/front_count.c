/*
 * Everything that is counted of a call is counted here, when it has been answered and its
 * outcome is known: for the service, for its tenant, and for its trunk.
 */
#include "redirector/sip/front_state.h"

#include "redirector/base/bucket.h"

enum {
	LIMITED_RECORDS = 100, /* a second, of all tenants: calls over a limit, heartbeats */
};

/* The verdict as it was told: by the tenant's own table (verify.verstat). */
static enum sk_verstat verdict(const struct call *c)
{
	return c->tenant->profile.verstat[c->err];
}

/* Was there anything to judge?  A call over a limit, one too many, a heartbeat and a listed number
 * end before. */
static bool is_judged(const struct call *c)
{
	return c->task == TASK_VERIFY && !c->over_limit && !c->dummy && c->err != SK_LISTED &&
	       c->err != SK_OVERLOAD;
}

/* A fault of ours; that there is no key, or a limit, is somebody's choice. */
static bool is_fault(enum sk_err err)
{
	return sk_err_class(err) == SK_CLASS_OURS && err != SK_NO_CREDENTIAL &&
	       err != SK_OVER_LIMIT;
}

static void count_in_slot(struct tally_slot *slot, const struct call *c, const struct answer *a)
{
	static const enum tally_count verdicts[] = {
		[SK_VERSTAT_NO] = TALLY_UNVERIFIED,
		[SK_VERSTAT_FAILED] = TALLY_FAILED,
		[SK_VERSTAT_PASSED] = TALLY_PASSED,
	};

	tally_add(slot, TALLY_CALLS);
	if (c->facts.repeat)
		tally_add(slot, TALLY_REPEATS);
	if (c->task == TASK_SIGN && !c->err)
		tally_add(slot, TALLY_SIGNED);
	if (is_judged(c))
		tally_add(slot, verdicts[verdict(c)]);
	if (a->blocked)
		tally_add(slot, TALLY_BLOCKED);
	if (c->over_limit)
		tally_add(slot, TALLY_LIMITED);
	if (is_fault(c->err))
		tally_add(slot, TALLY_FAULTS);
	if (record_billable(c))
		tally_add(slot, TALLY_BILLABLE);
}

void front_count_call(struct front *f, const struct call *c, const struct answer *a)
{
	static const enum counter verdicts[] = {
		[SK_VERSTAT_NO] = COUNT_UNVERIFIED,
		[SK_VERSTAT_FAILED] = COUNT_FAILED,
		[SK_VERSTAT_PASSED] = COUNT_PASSED,
	};

	f->parts.counters->outcomes[c->err]++;
	if (c->waited)
		front_count(f, COUNT_WAITED);
	if (c->late)
		front_count(f, COUNT_LATE);
	if (c->err == SK_BUSY)
		front_count(f, COUNT_BUSY);
	if (c->replayed)
		front_count(f, COUNT_REPLAYED);
	if (c->task == TASK_SIGN && !c->err)
		front_count(f, COUNT_SIGNED);
	if (is_judged(c))
		front_count(f, verdicts[verdict(c)]);
	if (a->status == 0)
		front_count(f, COUNT_SILENT);
	count_in_slot(c->tenant->tally, c, a);
	count_in_slot(front_trunk_slot(c), c, a);
}

/* A flood over a limit, or one that no limit is for, must not push other tenants' records out of
 * the log. */
static bool is_recorded(struct front *f, const struct call *c)
{
	if (!c->tenant->set->records.calls)
		return false;
	if ((!c->over_limit && !c->dummy && c->err != SK_OVERLOAD) ||
	    bucket_take(&f->records_at, 1000, LIMITED_RECORDS, LIMITED_RECORDS, front_now_us(f)))
		return true;
	front_count(f, COUNT_UNRECORDED);
	return false;
}

void front_record(struct front *f, struct dip *d, const struct answer *a)
{
	struct log *to = f->parts.records ? f->parts.records : f->parts.log;
	bool json = f->parts.records || d->call.conf->log.format == FORMAT_JSON;
	struct sk_buf line;

	if (!is_recorded(f, &d->call))
		return;
	sk_buf_init(&line, f->record, sizeof(f->record));
	record_print(&d->call, a, json, f->mac, clock_us() - d->began_us, &line);
	if (!line.overflow)
		log_write(to, (struct sk_span){ line.text, line.len });
}
