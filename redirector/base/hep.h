/**
 * @file hep.h  HEP3 packets to a collector: never blocks, never waits, never tries again
 *
 * HEP (EEP) 3, the encapsulation of Homer, Kamailio's sipcapture and sngrep: "HEP3", the length of
 * all, then chunks (vendor 0, type, length, bytes), all in the order of the network.
 *
 * One UDP socket, connected, non-blocking; what the kernel does not take is dropped and counted,
 * and so is what a refusal (ICMP) of the collector's host came back for.  Nothing is ever read.
 */
#pragma once

#include "redirector/base/addr.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	HEP_PAYLOAD_MAX = 16384,   /**< bytes; a longer one is dropped: half a message misleads */
	HEP_PASSWORD_MAX = 128,    /**< bytes of settings.password                              */
	HEP_NODE_MAX = 64,         /**< bytes of settings.node                                  */
	HEP_CORRELATION_MAX = 256, /**< bytes; more of it is left out                         */
};

enum hep_kind {
	HEP_SIP = 1,   /**< protocol type chunk 0x000b: SIP     */
	HEP_LOG = 100, /**< a record, as JSON                   */
};

struct hep;

struct hep_settings {
	const char *collector;   /**< "udp:192.0.2.9:9060", "udp:[2001:db8::9]:9060"          */
	uint32_t id;             /**< capture agent                                            */
	struct sk_span password; /**< empty: none; copied, and cleansed by hep_free()        */
	const char *node;        /**< "": none; copied                                       */
	int64_t rate;            /**< packets a second; a tenth of it may come at once         */
};

struct hep_counters {
	uint64_t sent;
	uint64_t dropped; /**< over the rate, too long, or not taken by the kernel           */
	uint64_t refused; /**< in whose place the kernel told that nobody listens there      */
};

/** May "udp:ADDRESS:PORT" be a collector?  Port 0 and addresses of many hosts may not. */
SK_MUSTCHECK
bool hep_collector_parse(const char *text, struct addr *out);

/** @param why  On failure the reason, never with the password */
SK_MUSTCHECK
bool hep_new(const struct hep_settings *settings, struct hep **out, char why[256]);
void hep_free(struct hep *hep);
SK_DEFINE_CLEANUP(struct hep, hep_free)

/** One packet: from, to and what; when is now. */
struct hep_packet {
	enum hep_kind kind;
	const struct addr *from, *to;
	const char *transport;      /**< "udp", "tcp", "tls", "http", "https" */
	struct sk_span correlation; /**< Call-ID; empty: none                 */
	struct sk_span payload;
};

/** @param hep  NULL: nothing happens */
void hep_send(struct hep *hep, const struct hep_packet *packet);

const struct hep_counters *hep_counters(const struct hep *hep);
