/**
 * @file http_sockets.h  The sockets of http.listen and http.health: bound once, kept open
 *
 * One socket each, for whichever process serves HTTP now: while that is made anew both accept from
 * it, and what comes while nobody is there waits in its queue.
 */
#pragma once

#include "config/conf.h"
#include "redirector/http/http.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>

struct http_sockets {
	struct http_socket items[HTTP_LISTEN_MAX]; /**< close-on-exec and non-blocking */
	size_t count;
	/** The default address of health is somebody else's: what to say of it.  "": it is not.
	 * It was not asked for, so SIP is served without it. */
	char left_out[128];
};

/** Is HTTP to be served at all? */
bool http_sockets_wanted(const struct conf *conf);

/**
 * Binds them all, as long as we may: low ports need a privilege.  All of them, or none: only the
 * default of http.health may be in use.
 *
 * @param out  Zeros; http_sockets_close() is due after a failure, too
 * @param why  On failure the reason, with the setting; errno has it, too
 */
SK_MUSTCHECK
bool http_sockets_open(const struct conf *conf, struct http_sockets *out, char why[256]);

/** Nobody is going to accept from them any more: whoever comes is refused at once, and who waits in
 * the queue is reset.  For all processes that have them, and for good. */
void http_sockets_refuse(const struct http_sockets *sockets);
void http_sockets_close(struct http_sockets *sockets);
