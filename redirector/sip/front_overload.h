/**
 * @file front_overload.h  More than we can do: what is dropped, turned away, and told to clients
 *
 * A part of the front.  How long a datagram lay in the kernel says how long the queue is; the
 * front's clock says for how long it has been like that.
 */
#pragma once

#include "redirector/base/loop.h"
#include "redirector/net/packet.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct dip;
struct front;
struct answer;

/** What is to be done with a packet. */
enum load {
	LOAD_FINE, /**< handle it                                                        */
	LOAD_TURN, /**< read it, but an INVITE is turned away: front_turn_away()         */
	LOAD_DROP, /**< do not even read it; it was counted                              */
};

/** What was seen since `began_ms`; the base of what clients are told (RFC 7339). */
struct load_window {
	int64_t began_ms;
	uint64_t calls;  /* INVITEs that came      */
	uint64_t turned; /* of them turned away    */
	uint64_t read;   /* of them read           */
	uint64_t asked;  /* of these with an "oc"  */
};

struct overload {
	bool on;
	int64_t old_since_ms; /* what is too old has been coming since then; 0: never did         */
	int64_t old_last_ms;
	int64_t datagram_ms; /* the same, of datagrams alone */
	int64_t began_ms;
	uint64_t began_with[3]; /* the counters when it began */
	int64_t left_us;        /* for answers to those who are turned away */
	int64_t filled_ms;      /* when that was filled up last */
	_Atomic int64_t options_at;
	_Atomic int64_t sos_at; /* ... emergency calls */
	struct load_window window;
	unsigned share; /* per cent of the last window's calls that were turned away */
	unsigned loss;  /* told to clients, per cent */
	int64_t seq, base_ms;
	struct timer *timer;     /* while it is on, or something other than 0 is told */
	struct timer *lag_timer; /* while streams are served */
	int64_t lag_due_ms, lag_ms;
	int64_t stream_ms; /* when something came by a stream */
};

/** @return false: out of memory */
SK_MUSTCHECK
bool front_overload_init(struct front *front);
void front_overload_deinit(struct front *front);

/** Has it lain in the kernel so long that its sender has sent it again, or given up?  Counts it. */
SK_MUSTCHECK
bool front_is_stale(struct front *front, const struct packet *packet);

/** Of a packet from somebody who may speak. */
SK_MUSTCHECK
enum load front_load(struct front *front, const struct packet *packet);

/** What was read because of LOAD_TURN, from `began_us` until now, is paid for. */
void front_load_spent(struct front *front, int64_t began_us);

/**
 * A call that was read because of LOAD_TURN and would have to be judged.
 *
 * @param out  In front->answer; its status may be 0: no answer
 *
 * @return false: it is to be handled as ever
 */
SK_MUSTCHECK
bool front_turn_away(struct dip *dip, struct answer *out);

/** Has there been so much too much, and for so long, that a client should go elsewhere? */
SK_MUSTCHECK
bool front_is_full(const struct front *front);

/** Once a second: what clients are told from now on. */
void front_roll_window(struct overload *overload, int64_t now_ms);

/** Puts into the Via of the answer to come how much its client is to hold back, if it asks. */
void front_tell_load(struct dip *dip, bool invite);
