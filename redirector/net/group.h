/**
 * @file group.h  The sockets of one address: one for each worker (SO_REUSEPORT)
 *
 * Whoever binds them keeps them open, so that what lies in the socket of a worker that died
 * waits for its successor.  A small program in the kernel (classic BPF) says which socket gets
 * what comes next: a datagram's own bytes decide, so that the load of one proxy spreads and a
 * retransmission meets the same worker; connections are spread at random.
 *
 * An address belongs to one group: a second one is refused, never shared.
 */
#pragma once

#include "redirector/base/addr.h"
#include "shaken/macro.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	GROUP_MAX = 64,           /**< sockets of one address      */
	GROUP_PROGRAM_MAX = 1024, /**< instructions of a selector  */
};

enum group_kind {
	GROUP_UDP,
	GROUP_TCP, /**< listening */
};

struct group_set {
	enum group_kind kind;
	unsigned count;         /**< sockets, 1 at least                                     */
	int64_t receive_buffer; /**< UDP: bytes wanted for SO_RCVBUF (SO_RCVBUFFORCE when
				     allowed); the kernel's default loses bursts             */
	bool ack_filter;        /**< UDP: the kernel drops what begins with "ACK "            */
	int backlog;            /**< TCP                                                     */
};

struct group {
	enum group_kind kind;
	struct addr local; /**< with the port that the kernel chose when 0 was asked for */
	unsigned count;
	int fds[GROUP_MAX]; /**< -1: not open; all are close-on-exec and non-blocking */
};

/** @param out  Set only on success  @param why  On failure the reason: "udp:ADDRESS: ...", and
 * errno has it, too */
SK_MUSTCHECK
bool group_open(const struct addr *at, const struct group_set *set, struct group *out,
		char why[256]);

/** What a struct of zeros holds is none of ours: only what group_open() made. */
void group_close(struct group *group);

/**
 * From now on only these get anything new; the others keep what they have.  A group of one has
 * nobody to choose.
 *
 * @param live  `count` of the group; none: what comes waits in any of them
 */
SK_MUSTCHECK
bool group_select(const struct group *group, const bool *live);

/**
 * The program itself, for group_select() and its test.
 *
 * @param live   Indexes that it returns
 * @param count  1 at least
 *
 * @return instructions written
 */
size_t group_program(enum group_kind kind, const unsigned *live, unsigned count,
		     struct sock_filter out[GROUP_PROGRAM_MAX]);
