/**
 * @file front.h  The SIP front: datagrams in, answers out; owns the calls in hand
 *
 *   datagram -> may it speak? how often? -> scan -> facts -> whose? -> call -> reply -> socket
 *
 * A stateless server (RFC 3261, 8.2.7): no provisional answers, no
 * retransmission, ACK and CANCEL ignored.
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/clock.h"
#include "redirector/base/log.h"
#include "redirector/base/loop.h"
#include "redirector/base/shared.h"
#include "redirector/call/counters.h"
#include "redirector/call/directory.h"
#include "redirector/call/repeat.h"
#include "redirector/call/steps.h"
#include "redirector/call/tally.h"
#include "redirector/call/trace.h"
#include "redirector/certs/certs.h"
#include "redirector/keys/token.h"
#include "redirector/net/packet.h"
#include "redirector/numbers/numbers.h"

#include <stdbool.h>

/** What the front needs; all of it must outlive it. */
struct front_parts {
	struct loop *loop;
	struct log *log;
	const struct clock *clock;
	struct certs *certs;
	struct counters *counters;
	struct tokens *tokens;  /**< NULL: no keys in tokens                           */
	struct log *records;    /**< where records go, always as JSON; NULL: the log   */
	struct trace *trace;    /**< NULL: nothing is traced                            */
	struct steps *steps;    /**< how long calls took; NULL: not counted               */
	struct tally *tally;    /**< what the tenants' slots lie in; NULL: none        */
	struct shared sources;  /**< of sources_bytes(), for all workers; `at` NULL: its own */
	struct shared seen;     /**< of seen_bytes(), the same                         */
	const uint8_t *tag_key; /**< SK_MAC_KEY bytes, the same in all workers: read by front_new();
				     NULL: sip.tag-key                                */
};

struct front;

/**
 * @param directory  A reference is taken
 * @param why        On failure the reason
 */
SK_MUSTCHECK
bool front_new(const struct front_parts *parts, struct directory *directory, struct front **out,
	       char why[256]);
void front_free(struct front *front);
SK_DEFINE_CLEANUP(struct front, front_free)

/** A packet_h: the front is `arg`. */
void front_on_packet(void *front, const struct packet *packet);

/** Takes what a connection is worth from the bucket of its source (sip.source-rate).  @return
 * false: it has asked too much */
SK_MUSTCHECK
bool front_pays(void *front, const struct addr *source, bool tls);

/** Requests that come from now on are these tenants'; calls in hand keep theirs.  A reference is
 * taken. */
void front_set_directory(struct front *front, struct directory *directory);

/** The store of numbers, NULL: none.  Borrowed, and asked only while a datagram is handled: the
 * owner may close it whenever it has set another. */
void front_set_numbers(struct front *front, const struct numbers *numbers);

/** No new work: 503 to OPTIONS and INVITE. */
void front_drain(struct front *front);

/** Answers all waiting calls now, without a verdict. */
void front_give_up(struct front *front);

/** How many calls wait for a certificate or a signature. */
size_t front_waiting(const struct front *front);
