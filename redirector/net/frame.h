/**
 * @file frame.h  Where a message of a stream ends (RFC 3261, 7.5, 18.3; RFC 5626, 4.4.1)
 *
 * Pure: bytes in, a decision out.  Each byte is looked at once, however many pieces it comes
 * in and however many messages come in one.
 */
#pragma once

#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum frame_result {
	FRAME_MORE,      /**< not whole yet                                                */
	FRAME_MESSAGE,   /**< `len` bytes are one message                                  */
	FRAME_PING,      /**< `len` bytes are CRLF CRLF: answer CRLF                       */
	FRAME_SKIP,      /**< `len` bytes are line ends before a message: pass over        */
	FRAME_CUT,       /**< the head, `len` bytes, is whole; with its body it is too long */
	FRAME_NO_LENGTH, /**< the head, `len` bytes, is whole and has no Content-Length    */
	FRAME_GARBAGE,   /**< no SIP, a head that is too long, or lengths that contradict  */
};

/** How much of a start line was seen. */
enum frame_start {
	FRAME_IN_METHOD,
	FRAME_IN_VERSION, /**< of a response                                               */
	FRAME_AT_URI,
	FRAME_STARTED, /**< it looks like SIP; its end is judged when it is there          */
};

/** What is known of the message at the front of the buffer.  Zeroed: nothing. */
struct frame {
	size_t looked;   /**< bytes that were looked at                                    */
	size_t line;     /**< where the header begins that is not judged yet               */
	size_t part;     /**< where the line begins that is not whole yet                  */
	size_t head_len; /**< 0: the head is not whole                                     */
	size_t len;      /**< with FRAME_MESSAGE and the like                              */
	uint64_t body;   /**< what Content-Length says                                     */
	bool has_length;
	enum frame_start start;
};

/**
 * @param frame  Kept while FRAME_MORE comes back; zeroed by the caller when the bytes of a
 *               result were taken away
 * @param bytes  From the message's first byte on, all that is there: those of the last look too
 * @param max    Longest message
 */
enum frame_result frame_look(struct frame *frame, struct sk_span bytes, size_t max);
