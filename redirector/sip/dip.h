/**
 * @file dip.h  One request in hand: its bytes, its call, and how it is answered
 *
 * The proxy "dips" into the service and goes on.  Made when a datagram is worth
 * reading, freed when it is answered; a call that waits keeps its dip.
 */
#pragma once

#include "redirector/call/answer.h"
#include "redirector/call/call.h"
#include "redirector/call/counters.h"
#include "redirector/call/repeat.h"
#include "redirector/call/trace.h"
#include "redirector/net/packet.h"
#include "redirector/sip/facts.h"
#include "redirector/sip/scan.h"
#include "shaken/mac.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct front;

struct dip {
	struct call call;      /**< first: the call that ends is the dip's           */
	struct front *front;   /**< who handles it                                    */
	struct udp *socket;    /**< of a datagram; NULL: `stream`                  */
	struct stream *stream; /**< a reference; NULL: `socket`                     */
	struct return_path back;
	struct trace *trace;       /**< shows the answer as well; NULL: nowhere          */
	struct repeat_mark repeat; /**< of an INVITE that is a tenant's                   */
	bool source_over;          /**< its source asks more than sip.source-rate         */
	int64_t began_us;          /**< when it arrived, monotonic microseconds           */
	bool starting;             /**< the front is still in the handler of its datagram */
	bool ended;                /**< nothing more will happen                          */
	size_t bytes_len, head_len;
	char *head; /**< the lines every answer repeats                    */
	char mem[]; /**< the datagram's bytes, then the head               */
};

enum dip_result {
	DIP_READ,       /**< facts, tag and head are there                         */
	DIP_BAD,        /**< it deserves a 400; tag and head are there             */
	DIP_NOISE,      /**< no SIP request, or lines that two readers might see differently */
	DIP_FLOOD,      /**< too many header lines                                 */
	DIP_UNROUTABLE, /**< no Via to answer by                                   */
};

/** Copies the bytes.  @return NULL when out of memory */
struct dip *dip_new(struct front *front, const struct packet *packet);
void dip_free(struct dip *dip);

/**
 * Scan, parse, identify.
 *
 * @param lines_max  Most header lines
 * @param mac        Keyed by what all instances share
 * @param method     Set with DIP_READ; lives as long as the dip
 */
enum dip_result dip_read(struct dip *dip, size_t lines_max, struct sk_mac *mac,
			 struct sk_span *method);

/** The Via of its answer; after dip_read(). */
struct sk_span dip_via(const struct dip *dip);

/** Puts another line in its place, unless that does not fit. */
void dip_set_via(struct dip *dip, struct sk_span line);

/** Can we redirect its Request-URI?  Reads it for the call as well.  @return SK_OK,
 * SK_URI_TOO_LONG, SK_REQUEST_SYNTAX, SK_URI_SCHEME
 */
SK_MUSTCHECK
enum sk_err dip_refusal(struct dip *dip);

/** Sends an answer to where the request came from, and to nowhere else. */
void dip_answer(struct dip *dip, const struct answer *answer, struct counters *counters);
