/*
 * Everything that is counted of a call is counted here, when it has been answered and its
 * outcome is known.
 */
#include "redirector/call/ledger.h"

#include "redirector/base/bucket.h"
#include "redirector/call/limit.h"

enum {
	LIMITED_RECORDS = 100, /* a second, of all tenants: calls over a limit, heartbeats */
};

static void count(struct ledger *l, enum counter counter)
{
	l->counters->n[counter]++;
}

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

static bool is_signed(const struct call *c)
{
	return c->task == TASK_SIGN && !c->err;
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
	if (is_signed(c))
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

static void count_outcome(struct ledger *l, const struct call *c)
{
	static const enum counter verdicts[] = {
		[SK_VERSTAT_NO] = COUNT_UNVERIFIED,
		[SK_VERSTAT_FAILED] = COUNT_FAILED,
		[SK_VERSTAT_PASSED] = COUNT_PASSED,
	};

	l->counters->outcomes[c->err]++;
	if (is_signed(c)) {
		count(l, COUNT_SIGNED);
		counters_attested(l->counters, c->claims.attest);
	}
	if (is_judged(c))
		count(l, verdicts[verdict(c)]);
}

static void count_call(struct ledger *l, const struct call *c, const struct answer *a)
{
	count_outcome(l, c);
	if (c->waited)
		count(l, COUNT_WAITED);
	if (c->late)
		count(l, COUNT_LATE);
	if (c->err == SK_BUSY)
		count(l, COUNT_BUSY);
	if (c->replayed)
		count(l, COUNT_REPLAYED);
	if (a->status == 0 && !c->asked)
		count(l, COUNT_SILENT);
	count_in_slot(c->tenant->tally, c, a);
	count_in_slot(limit_trunk_slot(c), c, a);
}

static enum step step_of(const struct call *c)
{
	if (c->waited)
		return STEP_WAITED;
	if (is_signed(c))
		return STEP_SIGN;
	return is_judged(c) ? STEP_VERIFY : STEP_PASS;
}

/* A flood over a limit, or one that no limit is for, must not push other tenants' records out of
 * the log. */
static bool is_recorded(struct ledger *l, const struct call *c, int64_t now_us)
{
	if (!c->tenant->set->records.calls)
		return false;
	if ((!c->over_limit && !c->dummy && c->err != SK_OVERLOAD) ||
	    bucket_take(&l->records_at, 1000, LIMITED_RECORDS, LIMITED_RECORDS, now_us))
		return true;
	count(l, COUNT_UNRECORDED);
	return false;
}

static void write_record(struct ledger *l, const struct call *c, const struct answer *a, int64_t us)
{
	bool json = l->records || c->conf->log.format == FORMAT_JSON;
	struct sk_buf line;

	trace_record(l->trace, c, a, l->mac, us);
	sk_buf_init(&line, l->record, sizeof(l->record));
	record_print(c, a, json, l->mac, us, &line);
	if (!line.overflow)
		log_write(l->records ? l->records : l->log,
			  (struct sk_span){ line.text, line.len });
}

void ledger_add(struct ledger *l, const struct call *c, const struct answer *a, int64_t us,
		int64_t now_us)
{
	count_call(l, c, a);
	steps_add(l->steps, step_of(c), us);
	if (is_recorded(l, c, now_us))
		write_record(l, c, a, us);
}

struct answer ledger_answer(const struct call *c)
{
	struct answer a = { .phrase = "", .verstat = "" };

	a.blocked = c->err == SK_LISTED;
	/* that somebody asks too often says nothing of the call */
	if (c->over_limit || c->err == SK_DUMMY)
		return a;
	a.status = profile_outcome(&c->tenant->profile, c->err).code;
	if (is_judged(c))
		a.verstat = sk_verstat_text(verdict(c));
	return a;
}
