/**
 * @file acceptor.h  Listening sockets: who comes in by a stream
 *
 * Takes connections in turns, so that a flood of them leaves the loop to others.  When there is no
 * descriptor left, those who wait are turned away and nothing is accepted for a moment: they
 * would wait in vain, and the loop would ask for them again and again.
 *
 * Belongs to its loop's thread.
 */
#pragma once

#include "redirector/base/addr.h"
#include "redirector/base/loop.h"
#include "shaken/macro.h"

#include <stdbool.h>

enum {
	ACCEPTOR_MAX = 32, /**< listening sockets of one */
};

struct acceptor;

/**
 * Somebody came in.
 *
 * @param listener  As it was given to acceptor_listen()
 * @param fd        Non-blocking and close-on-exec; the handler's from now on
 * @param source    Valid during the call
 */
typedef void acceptor_h(void *arg, void *listener, int fd, const struct addr *source);

/** Somebody may have been turned away for want of descriptors or memory; to be counted. */
typedef void acceptor_short_h(void *arg);

/** @return NULL when out of memory */
struct acceptor *acceptor_new(struct loop *loop, acceptor_h *taken, acceptor_short_h *short_of,
			      void *arg);
/** Sockets stay open: they are the caller's, who closes them later. */
void acceptor_free(struct acceptor *acceptor);
SK_DEFINE_CLEANUP(struct acceptor, acceptor_free)

/**
 * Accepts from this socket, too.
 *
 * @param fd        Listening; made non-blocking, and what its connections inherit is set
 * @param listener  For the handler
 */
SK_MUSTCHECK
bool acceptor_listen(struct acceptor *acceptor, int fd, void *listener, char why[256]);

/** A descriptor is free again: accepts now, when it had stopped to. */
void acceptor_resume(struct acceptor *acceptor);

/** Accepts nobody any more. */
void acceptor_stop(struct acceptor *acceptor);

/** Closes a connection by a reset, so that nothing of it stays with us. */
void acceptor_refuse(int fd);
