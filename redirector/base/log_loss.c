/*
 * A beginning that comes too soon after the one before waits for its minute; `before` stays
 * where it was, so it is told then even if it is over already.
 */
#include "redirector/base/log_loss.h"

static enum log_loss_news begin(struct log_loss *l, int64_t now)
{
	if (l->seen == l->before || (l->told && now - l->began < LOSS_PAUSE_MS))
		return LOSS_NO_NEWS;
	l->losing = l->told = true;
	l->began = now;
	return LOSS_BEGINS;
}

static enum log_loss_news end(struct log_loss *l, bool failing, int64_t now)
{
	if (failing || now - l->last < LOSS_QUIET_MS)
		return LOSS_NO_NEWS;
	l->losing = false;
	l->before = l->seen;
	return LOSS_OVER;
}

enum log_loss_news log_loss_look(struct log_loss *l, uint64_t lost, bool failing, int64_t now,
				 uint64_t *count)
{
	if (lost != l->seen)
		l->last = now;
	l->seen = lost;
	*count = lost - l->before;
	return l->losing ? end(l, failing, now) : begin(l, now);
}
