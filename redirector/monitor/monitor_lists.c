/*
 * Each process fetches for itself.  Of one list the worst that any of them has is shown; of one
 * host all failures.
 */
#include "redirector/monitor/monitor_state.h"

#include <string.h>

static void worsen(struct lists_status *to, const struct lists_status *one)
{
	if (one->state == LISTS_FAILED || (one->state == LISTS_AWAITED && to->state == LISTS_GOOD))
		to->state = one->state;
	to->counts &= one->counts;
	if (one->failures > to->failures)
		to->failures = one->failures;
	if (one->fetched < to->fetched)
		to->fetched = one->fetched;
	if (one->until < to->until)
		to->until = one->until;
}

static void add_list(struct snapshot *to, const struct lists_status *one)
{
	for (size_t i = 0; i < to->list_count; i++)
		if (to->lists[i].kind == one->kind && strcmp(to->lists[i].name, one->name) == 0) {
			worsen(&to->lists[i], one);
			return;
		}
	if (to->list_count < SHOWN_LISTS_MAX)
		to->lists[to->list_count++] = *one;
}

void monitor_add_lists(struct snapshot *to, const struct shown_now *now)
{
	for (size_t i = 0; i < now->list_count; i++)
		add_list(to, &now->lists[i]);
}

static void merge(struct seen_host *to, const struct breaker_host *one)
{
	to->host.failures += one->failures;
	to->host.open |= one->open;
	if (one->last >= to->host.last)
		to->host.err = one->err;
	if (one->last > to->host.last)
		to->host.last = one->last;
	if (one->since < to->host.since)
		to->host.since = one->since;
	to->processes++;
}

/* Those that failed last stay. */
static void add_host(struct snapshot *to, const struct breaker_host *one)
{
	size_t at = to->host_count;

	for (size_t i = 0; i < to->host_count; i++)
		if (strcmp(to->hosts[i].host.name, one->name) == 0) {
			merge(&to->hosts[i], one);
			return;
		}
	while (at > 0 && to->hosts[at - 1].host.last < one->last)
		at--;
	if (at == SHOWN_HOSTS_MAX)
		return;
	if (to->host_count < SHOWN_HOSTS_MAX)
		to->host_count++;
	memmove(&to->hosts[at + 1], &to->hosts[at],
		(to->host_count - at - 1) * sizeof(to->hosts[0]));
	to->hosts[at] = (struct seen_host){ .host = *one, .processes = 1 };
}

void monitor_add_hosts(struct snapshot *to, const struct shown_now *now)
{
	for (size_t i = 0; i < now->host_count; i++)
		add_host(to, &now->hosts[i]);
}
