/**
 * @file facts.h  From a datagram's bytes to struct facts and the head of its answer
 */
#pragma once

#include "redirector/call/facts.h"
#include "redirector/sip/scan.h"
#include "shaken/buf.h"

enum facts_result {
	FACTS_OK,
	FACTS_BAD,  /**< answer 400: `head` is complete, `facts` need not be     */
	FACTS_DROP, /**< there is no Via or To to answer by                      */
};

/** Where the answer goes: always the source's address, only the port is a choice. */
struct return_path {
	struct addr to;
};

/**
 * @param bytes   The whole datagram; must live as long as `facts`
 * @param scan    Of scan_message(), SCAN_OK
 * @param facts   `source`, `local` and `transport` are set by the caller
 * @param head    Gets the header lines that every answer repeats: Via (with
 *                received and rport), From, To up to where `;tag=` belongs,
 *                Call-ID, CSeq.  The To line comes last and without its CRLF.
 * @param back    Set unless FACTS_DROP
 */
enum facts_result facts_read(struct sk_span bytes, const struct scan *scan, struct facts *facts,
			     struct sk_buf *head, struct return_path *back);
