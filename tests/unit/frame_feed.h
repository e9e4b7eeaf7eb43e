/**
 * @file frame_feed.h  A reader of a stream: what it finds, as text, by whatever pieces
 */
#pragma once

#include "redirector/net/frame.h"

#include <stdbool.h>

/** Found so far.  `text` has a letter for each result, with its length: "M31 P4 S2 G". */
struct feed {
	struct sk_span all;
	size_t max;
	size_t at;    /**< bytes that were taken away       */
	size_t known; /**< bytes that had come by the end   */
	bool over;    /**< CUT, NO_LENGTH or GARBAGE ended it */
	bool wrong;   /**< a rule of frame.h was broken     */
	struct frame frame;
	char text[4096];
	size_t len;
};

void feed_begin(struct feed *feed, struct sk_span all, size_t max);

/** All bytes before `end` have come. */
void feed_until(struct feed *feed, size_t end);
