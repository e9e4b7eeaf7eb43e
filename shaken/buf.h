/**
 * @file buf.h  Printing into a fixed buffer that remembers when it was too small
 *
 * The text is always NUL-terminated.  After the first piece that does not fit
 * nothing more is written and `overflow` stays set, so a caller prints all it
 * has and asks once at the end.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sk_buf {
	char *text;    /**< where it prints to; NUL-terminated           */
	size_t size;   /**< bytes at `text`, the terminator included     */
	size_t len;    /**< bytes printed so far, without the terminator */
	bool overflow; /**< something did not fit                        */
};

/** Prints into `size` bytes at `text`; `size` is at least 1. */
void sk_buf_init(struct sk_buf *buf, char *text, size_t size);

void sk_buf_put(struct sk_buf *buf, struct sk_span s);
void sk_buf_puts(struct sk_buf *buf, const char *s);
void sk_buf_putc(struct sk_buf *buf, char c);
/** In decimal. */
void sk_buf_put_number(struct sk_buf *buf, int64_t number);
void sk_buf_printf(struct sk_buf *buf, const char *fmt, ...) SK_PRINTF(2, 3);
