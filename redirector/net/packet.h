/**
 * @file packet.h  A message that arrived, by whatever way, and where its answer goes
 *
 * UDP, TCP and TLS look the same from here on: bytes, who sent them, and the one socket or
 * connection that the answer leaves by.
 */
#pragma once

#include "redirector/base/addr.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stdint.h>

struct udp;
struct stream;

enum transport {
	TRANSPORT_UDP,
	TRANSPORT_TCP,
	TRANSPORT_TLS,
};

/** Is it all of the message? */
enum packet_fault {
	PACKET_WHOLE,
	PACKET_CUT,       /**< longer than we read; of a stream `bytes` is its head       */
	PACKET_NO_LENGTH, /**< a stream's, without a Content-Length: where it ends is not
			       known (RFC 3261, 18.3); `bytes` is its head                */
};

/** Lives until the handler returns. */
struct packet {
	struct sk_span bytes;
	enum packet_fault fault;
	enum transport transport;
	struct addr source;
	struct addr local;     /**< the address it came to                          */
	int64_t waited_us;     /**< how long it lay in the kernel; 0: not known     */
	struct udp *socket;    /**< of a datagram; else NULL                        */
	struct stream *stream; /**< of a stream; else NULL                          */
};

typedef void packet_h(void *arg, const struct packet *packet);

/** "udp", "tcp", "tls". */
static inline const char *transport_name(enum transport transport)
{
	static const char *const names[] = {
		[TRANSPORT_UDP] = "udp",
		[TRANSPORT_TCP] = "tcp",
		[TRANSPORT_TLS] = "tls",
	};

	return names[transport];
}
