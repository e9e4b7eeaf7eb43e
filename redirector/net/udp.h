/**
 * @file udp.h  A UDP socket that reads and writes in batches
 *
 * Answers of one batch leave in one system call.  Nothing is sent but what the
 * handler asks for, and only from the address that the datagram came to.
 */
#pragma once

#include "redirector/base/loop.h"
#include "redirector/net/packet.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	UDP_BATCH = 64,              /**< datagrams of one system call          */
	UDP_DATAGRAM_MAX = 16384,    /**< longest datagram that is handed on    */
	UDP_SEND_BUFFER = 256 << 10, /**< bytes of answers that one batch holds */
};

struct udp_counters {
	uint64_t received, sent, failed;
};

/**
 * Bind and start to read.
 *
 * @param receive_buffer  Bytes wanted for SO_RCVBUF (SO_RCVBUFFORCE when allowed);
 *                        the kernel's default loses bursts
 * @param out             Set only on success; the caller frees it
 * @param why             On failure the reason
 */
SK_MUSTCHECK
bool udp_new(struct loop *loop, const struct addr *at, int64_t receive_buffer, packet_h *handler,
	     void *arg, struct udp **out, char why[256]);

/**
 * The same with a socket of group_open() that is bound already, perhaps by another process.
 *
 * @param fd   Taken over, and closed by udp_free(); after a failure it is the caller's
 */
SK_MUSTCHECK
bool udp_adopt(struct loop *loop, int fd, packet_h *handler, void *arg, struct udp **out,
	       char why[256]);
void udp_free(struct udp *udp);
SK_DEFINE_CLEANUP(struct udp, udp_free)

/** Reads no more: what comes waits for somebody else who has the socket.  Answers still leave. */
void udp_rest(struct udp *udp);

/** Takes what has come, one batch, as if the loop had said so: for whoever holds the loop long. */
void udp_turn(struct udp *udp);

/** Where it is bound; with the port that the kernel chose when 0 was asked for. */
const struct addr *udp_local(const struct udp *udp);

/** Bytes of receive buffer that the kernel granted. */
int udp_receive_buffer(const struct udp *udp);

/** Room for one answer in the batch: print into it, then udp_send().  @return NULL when `size` is
 * too much */
char *udp_reserve(struct udp *udp, size_t size);

/**
 * Send the bytes that were printed into the room of udp_reserve().  Within a
 * handler they leave with the batch, else at once.
 *
 * @param from  The packet's `local`
 */
void udp_send(struct udp *udp, const struct addr *to, const struct addr *from, size_t len);

const struct udp_counters *udp_counters(const struct udp *udp);
