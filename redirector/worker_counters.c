/*
 * SIGUSR1: one line for each part, of each tenant only what is not 0.
 */
#include "redirector/worker_state.h"

#include <stdio.h>

/* What the kernel refused is counted by each socket. */
static uint64_t send_failures(const struct worker *w)
{
	uint64_t failed = 0;

	for (size_t i = 0; i < w->socket_count; i++)
		failed += udp_counters(w->sockets[i])->failed;
	return failed;
}

struct pairs {
	char text[LOG_LINE_MAX];
	size_t len;
};

static void add(struct pairs *p, const char *name, uint64_t value)
{
	if (p->len < sizeof(p->text) - 64)
		p->len += (size_t)snprintf(p->text + p->len, sizeof(p->text) - p->len, " %s=%llu",
					   name, (unsigned long long)value);
}

static void log_calls(struct worker *w)
{
	struct pairs counters = { .len = 0 }, outcomes = { .len = 0 };
	uint64_t lost = log_lost(w->log) + (w->records ? log_lost(w->records) : 0);

	w->counters.n[COUNT_SEND_FAILED] = send_failures(w);
	for (int i = 0; i < COUNT_LAST; i++)
		if (w->counters.n[i] > 0 || i == COUNT_ELSEWHERE)
			add(&counters, counter_name((enum counter)i), w->counters.n[i]);
	log_print(w->log, LEVEL_ASKED, "event=counters%s log_lost=%llu", counters.text,
		  (unsigned long long)lost);
	for (int i = 0; i < SK_ERR_COUNT; i++)
		if (w->counters.outcomes[i] > 0)
			add(&outcomes, sk_err_name((enum sk_err)i), w->counters.outcomes[i]);
	log_print(w->log, LEVEL_ASKED, "event=outcomes%s", outcomes.text);
}

static void log_slot(void *arg, const struct tally_slot *slot)
{
	struct pairs counts = { .len = 0 };
	struct worker *w = arg;

	for (int i = 0; i < TALLY_LAST; i++) {
		uint64_t n = atomic_load_explicit(&slot->n[i], memory_order_relaxed);

		if (n > 0)
			add(&counts, tally_count_name((enum tally_count)i), n);
	}
	if (counts.len > 0)
		log_print(w->log, LEVEL_ASKED, "event=tenant name=%s%s", slot->name, counts.text);
}

void worker_log_counters(struct worker *w)
{
	log_calls(w);
	supply_log_counters(w->supply);
	if (w->tokens) {
		const struct token_counters *c = tokens_counters(w->tokens);

		log_print(w->log, LEVEL_ASKED,
			  "event=tokens signed=%llu failed=%llu busy=%llu away=%llu abandoned=%llu",
			  (unsigned long long)c->signed_ok, (unsigned long long)c->failed,
			  (unsigned long long)c->refused_busy, (unsigned long long)c->refused_away,
			  (unsigned long long)c->abandoned);
	}
	if (w->authority)
		log_print(w->log, LEVEL_ASKED, "event=numbers faults=%llu",
			  (unsigned long long)authority_faults(w->authority));
	tally_each(w->tally, log_slot, w);
}
