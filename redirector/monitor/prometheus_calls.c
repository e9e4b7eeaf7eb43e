/* Of calls: what came, what was answered, signed and judged, for whom, and how long it took. */
#include "redirector/monitor/prometheus.h"

#include <stdio.h>

static const struct metric_row before[] = {
	{ METRIC_REQUESTS, "method", "invite", COUNT_INVITES },
	{ METRIC_REQUESTS, "method", "ack", COUNT_ACK },
	{ METRIC_REQUESTS, "method", "cancel", COUNT_CANCEL },
	{ METRIC_REQUESTS, "method", "options", COUNT_OPTIONS },
	{ METRIC_REQUESTS, "method", "other", COUNT_OTHER_METHODS },
	{ METRIC_DATAGRAMS, NULL, NULL, COUNT_DATAGRAMS },
	{ METRIC_REPEATS, NULL, NULL, COUNT_REPEATS },
	{ METRIC_ANSWERS_LOST, "reason", "not_taken", COUNT_SEND_FAILED },
	{ METRIC_ANSWERS_LOST, "reason", "too_long", COUNT_TOO_LONG },
	{ METRIC_ANSWERS_LOST, "reason", "connection_gone", COUNT_GONE },
	{ METRIC_ANSWERS_LOST, "reason", "elsewhere", COUNT_ELSEWHERE },
	{ METRIC_SIGNED, NULL, NULL, COUNT_SIGNED },
	{ METRIC_VERDICTS, "verstat", "passed", COUNT_PASSED },
	{ METRIC_VERDICTS, "verstat", "failed", COUNT_FAILED },
	{ METRIC_VERDICTS, "verstat", "none", COUNT_UNVERIFIED },
	{ METRIC_REPLAYED, NULL, NULL, COUNT_REPLAYED },
	{ METRIC_WAITED, NULL, NULL, COUNT_WAITED },
	{ METRIC_LATE, NULL, NULL, COUNT_LATE },
	{ METRIC_TURNED_AWAY, "reason", "overload", COUNT_OVERLOAD },
	{ METRIC_TURNED_AWAY, "reason", "limit", COUNT_LIMITED },
	{ METRIC_TURNED_AWAY, "reason", "waiting_full", COUNT_BUSY },
	{ METRIC_TURNED_AWAY, "reason", "draining", COUNT_DRAINED },
	{ METRIC_DROPPED, "reason", "stranger", COUNT_STRANGERS },
	{ METRIC_DROPPED, "reason", "source_rate", COUNT_SOURCE_OVER },
	{ METRIC_DROPPED, "reason", "source_unread", COUNT_SOURCE_DROPPED },
	{ METRIC_DROPPED, "reason", "oversized", COUNT_OVERSIZED },
	{ METRIC_DROPPED, "reason", "no_request", COUNT_NOISE },
	{ METRIC_DROPPED, "reason", "header_flood", COUNT_HEADER_FLOOD },
	{ METRIC_DROPPED, "reason", "unroutable", COUNT_UNROUTABLE },
	{ METRIC_DROPPED, "reason", "stale", COUNT_STALE },
	{ METRIC_DROPPED, "reason", "shed", COUNT_SHED },
	{ METRIC_UNMATCHED, NULL, NULL, COUNT_UNMATCHED },
	{ METRIC_MALFORMED, NULL, NULL, COUNT_MALFORMED },
	{ METRIC_SILENT, NULL, NULL, COUNT_SILENT },
	{ METRIC_UNRECORDED, NULL, NULL, COUNT_UNRECORDED },
};

/* 302 is always there, so that the name is; others once they were sent. */
static void answers(struct prometheus *p, const struct counters *c)
{
	prometheus_begin(p, METRIC_ANSWERS);
	for (unsigned i = 0; i < ANSWER_CODES; i++) {
		char code[8];
		const struct label labels[] = { { "code", code }, { NULL, NULL } };

		if (c->codes[i] == 0 && i != 302 - 100)
			continue;
		snprintf(code, sizeof(code), "%u", i + 100);
		prometheus_number(p, labels, c->codes[i]);
	}
}

static void signatures(struct prometheus *p, const struct counters *c)
{
	static const char *const letters[ATTEST_COUNT] = { "A", "B", "C" };

	prometheus_begin(p, METRIC_SIGNATURES);
	for (int i = 0; i < ATTEST_COUNT; i++) {
		const struct label labels[] = { { "attestation", letters[i] }, { NULL, NULL } };

		prometheus_number(p, labels, c->attested[i]);
	}
}

static void outcomes(struct prometheus *p, const struct counters *c)
{
	prometheus_begin(p, METRIC_OUTCOMES);
	for (int i = 0; i < SK_ERR_COUNT; i++) {
		const struct label labels[] = {
			{ "outcome", sk_err_name((enum sk_err)i) },
			{ "class", sk_class_name(sk_err_class((enum sk_err)i)) },
			{ NULL, NULL },
		};

		prometheus_number(p, labels, c->outcomes[i]);
	}
}

static void steps(struct prometheus *p, const struct steps *steps)
{
	prometheus_begin(p, METRIC_STEP_SECONDS);
	for (int i = 0; i < STEP_LAST; i++) {
		const struct label labels[] = { { "step", step_name((enum step)i) },
						{ NULL, NULL } };

		prometheus_steps(p, labels, &steps->step[i]);
	}
}

static void tenant_results(struct prometheus *p, const struct seen_tenant *tenant)
{
	for (int i = 0; i < TALLY_LAST; i++) {
		const struct label labels[] = {
			{ "tenant", tenant->name },
			{ "result", tally_count_name((enum tally_count)i) },
			{ NULL, NULL },
		};

		if (i != TALLY_CALLS)
			prometheus_number(p, labels, tenant->n[i]);
	}
}

static void tenant_calls(struct prometheus *p, const struct seen_tenant *tenant)
{
	const struct label labels[] = { { "tenant", tenant->name }, { NULL, NULL } };

	prometheus_number(p, labels, tenant->n[TALLY_CALLS]);
}

/* A tenant may be named "other", and two samples of one name spoil the page. */
static bool is_others(const struct seen_tenants *t, const struct seen_tenant *tenant)
{
	return sk_span_eq(sk_span_of(tenant->name), sk_span_of(t->others.name));
}

static void each_tenant(struct prometheus *p, const struct seen_tenants *t,
			void (*print)(struct prometheus *p, const struct seen_tenant *tenant))
{
	struct seen_tenant others = t->others;

	for (size_t i = 0; i < t->count; i++) {
		if (!is_others(t, &t->items[i])) {
			print(p, &t->items[i]);
			continue;
		}
		for (int k = 0; k < TALLY_LAST; k++)
			others.n[k] += t->items[i].n[k];
	}
	print(p, &others);
}

void prometheus_calls(struct prometheus *p, const struct snapshot *s)
{
	prometheus_rows(p, before, sizeof(before) / sizeof(before[0]), s->counters.n);
	answers(p, &s->counters);
	signatures(p, &s->counters);
	outcomes(p, &s->counters);
	steps(p, &s->steps);
	prometheus_one(p, METRIC_WAITING, s->waiting);
	prometheus_one(p, METRIC_TENANTS, s->tenants.total);
	prometheus_begin(p, METRIC_TENANT_CALLS);
	each_tenant(p, &s->tenants, tenant_calls);
	prometheus_begin(p, METRIC_TENANT_RESULTS);
	each_tenant(p, &s->tenants, tenant_results);
}
