/**
 * @file sockets.h  All sockets of sip.listen, of all workers: bound once, kept open
 */
#pragma once

#include "config/conf.h"
#include "redirector/net/group.h"
#include "redirector/worker.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>

/** Of one entry of sip.listen; a count of 0: it has none of that kind. */
struct listener {
	struct group udp, tcp;
};

struct sockets {
	struct listener listeners[LISTEN_MAX];
	size_t count;
};

/**
 * Binds them all, as long as we may: low ports and large buffers need a privilege.
 *
 * @param out  Zeros; sockets_close() is due after a failure, too
 * @param why  On failure the reason, and errno has it, too
 */
SK_MUSTCHECK
bool sockets_open(const struct conf *conf, unsigned workers, struct sockets *out, char why[256]);
void sockets_close(struct sockets *sockets);

/** Those of one worker. */
void sockets_of(const struct sockets *sockets, unsigned worker,
		struct worker_sockets out[LISTEN_MAX]);

/** Only these workers get anything new; see group_select(). */
SK_MUSTCHECK
bool sockets_select(const struct sockets *sockets, const bool *live);
