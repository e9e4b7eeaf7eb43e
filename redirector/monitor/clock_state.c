/*
 * adjtimex() with no mode set changes nothing and needs no right; a sandbox may forbid it all the
 * same, and then nothing is known.
 */
#include "redirector/monitor/clock_state.h"

#include <string.h>
#include <sys/timex.h>

void clock_state_read(struct clock_state *out)
{
	struct timex t = { .modes = 0 };
	int state = adjtimex(&t);

	memset(out, 0, sizeof(*out));
	if (state < 0)
		return;
	out->known = true;
	out->synchronised = state != TIME_ERROR && !(t.status & STA_UNSYNC);
	out->error_us = t.maxerror;
	out->offset_us = t.status & STA_NANO ? t.offset / 1000 : t.offset;
}

void clock_state_say(const struct clock_state *state, struct log *log)
{
	if (!state->known)
		log_print(log, LEVEL_WARNING,
			  "event=clock state=unknown msg=\"adjtimex is forbidden: nobody watches "
			  "whether the clock is right\"");
	else if (!state->synchronised)
		log_print(log, LEVEL_WARNING,
			  "event=clock state=unsynchronised msg=\"no NTP or PTP keeps the clock: "
			  "when it is a minute wrong, calls are signed and judged wrongly\"");
	else
		log_print(log, LEVEL_INFO, "event=clock state=synchronised error_us=%lld",
			  (long long)state->error_us);
}
