/*
 * One line for each part, of each tenant only what is not 0, at every level of the log.
 */
#include "redirector/report.h"

#include "redirector/base/log_word.h"

#include <stddef.h>
#include <stdio.h>

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

void report_calls(struct log *log, const struct counters *c, uint64_t log_lost)
{
	struct pairs counters = { .len = 0 }, outcomes = { .len = 0 };

	for (int i = 0; i < COUNT_LAST; i++)
		if (c->n[i] > 0 || i == COUNT_ELSEWHERE)
			add(&counters, counter_name((enum counter)i), c->n[i]);
	log_print(log, LEVEL_ASKED, "event=counters%s log_lost=%llu", counters.text,
		  (unsigned long long)log_lost);
	for (int i = 0; i < SK_ERR_COUNT; i++)
		if (c->outcomes[i] > 0)
			add(&outcomes, sk_err_name((enum sk_err)i), c->outcomes[i]);
	log_print(log, LEVEL_ASKED, "event=outcomes%s", outcomes.text);
}

static void log_slot(void *arg, const struct tally_slot *slot)
{
	struct pairs counts = { .len = 0 };
	struct log *log = arg;
	char name[LOG_WORD_SIZE];

	for (int i = 0; i < TALLY_LAST; i++) {
		uint64_t n = atomic_load_explicit(&slot->n[i], memory_order_relaxed);

		if (n > 0)
			add(&counts, tally_count_name((enum tally_count)i), n);
	}
	if (counts.len > 0)
		log_print(log, LEVEL_ASKED, "event=tenant name=%s%s", log_word(slot->name, name),
			  counts.text);
}

void report_tenants(struct log *log, struct tally *tally)
{
	tally_each(tally, log_slot, log);
}
