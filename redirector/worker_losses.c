/*
 * Lines that are lost cost no call, and so nobody would notice: the log of messages says it.
 *
 * What surprises: when that log is the one that loses, the line about it is lost as well; then
 * it goes to standard error, where it is another and takes it at once.
 */
#include "redirector/worker_state.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	LOOK_MS = 1000,
};

static void say_beside(const struct worker *w, const char *text)
{
	const char *target = w->start->log.target;
	struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (strcmp(target, "stderr") != 0 && strcmp(target, "stdout") != 0 &&
	    poll(&ready, 1, 0) > 0)
		dprintf(STDERR_FILENO, "shaken-redirector: %s\n", text);
}

static void look_at(struct worker *w, struct log *log, const char *setting, const char *target,
		    struct log_loss *loss)
{
	uint64_t count;
	char text[512];

	switch (log_loss_look(loss, log_lost(log), log_failing(log), w->clock.mono(&w->clock),
			      &count)) {
	case LOSS_BEGINS:
		snprintf(text, sizeof(text),
			 "event=log result=losing lost=%llu msg=\"%s: %.200s: lines are lost\"",
			 (unsigned long long)count, setting, target);
		log_print(w->log, LEVEL_ERROR, "%s", text);
		if (log == w->log)
			say_beside(w, text);
		break;
	case LOSS_OVER:
		log_print(w->log, LEVEL_WARNING,
			  "event=log result=ok lost=%llu msg=\"%s: %.200s: no more lines are "
			  "lost\"",
			  (unsigned long long)count, setting, target);
		break;
	case LOSS_NO_NEWS:
		break;
	}
}

void worker_on_losses(void *arg)
{
	struct worker *w = arg;
	const struct log_conf *set = &w->start->log;

	look_at(w, w->log, "log.target", set->target, &w->messages_lost);
	if (w->records)
		look_at(w, w->records, "log.records", set->records, &w->records_lost);
	if (!timer_set(w->losses, LOOK_MS))
		log_print(w->log, LEVEL_ERROR, "event=log msg=\"is not watched any more\"");
}
