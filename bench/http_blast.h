/**
 * @file http_blast.h  The load generator for HTTP: what is asked of it, and what came of it
 */
#pragma once

#include "redirector/base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WANTS_MAX = 4,
	LINES_MAX = 8,
	BODIES_MAX = 100000,
	CONNECTIONS_MAX = 1000,
	HTTP_ANSWER_MAX = 65536, /**< longest answer that is taken, head and body */
};

/** The command line. */
struct http_wish {
	struct addr to;
	const char *path;
	const char *lines[LINES_MAX]; /**< header lines beside Host and Content-Length       */
	size_t line_count;
	const char *bodies; /**< file, one body a line, used in turn                          */
	unsigned status;    /**< what every answer must have                                 */
	const char *wants[WANTS_MAX]; /**< texts that every answer must have in its body     */
	size_t want_count;
	size_t calls;       /**< requests of all connections; 0: until `seconds` are over      */
	double seconds;     /**< 0: until `calls` are done                                     */
	size_t connections; /**< kept alive; each has one request under way                  */
	double patience;    /**< seconds without any answer after which it is over           */
	bool rests;         /**< sleeps while there is nothing to do, in the place of spinning */
};

/** Whole requests, one after another in one piece of memory. */
struct http_requests {
	char *text;   /**< owned */
	size_t *ends; /**< owned: where request n ends; it begins where the last one ended */
	size_t count;
};

/** @return false: it was said on standard error why not */
bool http_requests_init(struct http_requests *requests, const struct http_wish *wish);
void http_requests_deinit(struct http_requests *requests);

/** What one answer is, as far as its bytes go. */
enum http_answer {
	HTTP_PART,  /**< there is more to come            */
	HTTP_RIGHT, /**< as wanted                        */
	HTTP_WRONG, /**< whole, but another one           */
	HTTP_NOISE, /**< nothing that can be gone on with */
};

/** @param text  Has room for a terminator behind `len`  @param used  Set unless HTTP_PART */
enum http_answer http_answer_read(const struct http_wish *wish, char *text, size_t len,
				  size_t *used);
