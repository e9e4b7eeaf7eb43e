/**
 * @file log_loss.h  When to say that a log loses lines, and that it is over
 *
 * Looked at once a second.  Two news a minute at most, whatever comes and goes meanwhile; no
 * line that was lost stays without one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	LOSS_QUIET_MS = 10 * 1000, /**< without a loss: it is over            */
	LOSS_PAUSE_MS = 60 * 1000, /**< from one beginning to the next at least */
};

/** What was said of one log.  All 0 at the start. */
struct log_loss {
	bool losing;
	bool told;       /**< ever                               */
	uint64_t before; /**< lost when it began                 */
	uint64_t seen;   /**< lost at the last look              */
	int64_t began, last;
};

enum log_loss_news {
	LOSS_NO_NEWS,
	LOSS_BEGINS,
	LOSS_OVER,
};

/**
 * @param lost     log_lost()
 * @param failing  log_failing(): nothing has been written since
 * @param now      Milliseconds
 * @param count    Set with news: lines lost since it began, those before it that nobody told too
 */
enum log_loss_news log_loss_look(struct log_loss *loss, uint64_t lost, bool failing, int64_t now,
				 uint64_t *count);
