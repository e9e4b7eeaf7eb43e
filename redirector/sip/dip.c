/*
 * A datagram is copied once and parsed in that copy: spans into it stay good
 * while the call waits, and the socket's buffer is free for the next one.
 */
#include "redirector/sip/dip.h"

#include "redirector/base/clock.h"
#include "redirector/call/uri.h"
#include "redirector/sip/reply.h"

#include <stdlib.h>

enum {
	HEAD_ROOM = 512,  /* what received, rport and line ends add to the request's lines */
	REPLY_ROOM = 512, /* status line, tag, Content-Length */
};

struct dip *dip_new(struct front *front, const struct datagram *g)
{
	size_t head_size = g->bytes.len + HEAD_ROOM;
	struct dip *d = malloc(sizeof(*d) + g->bytes.len + head_size);

	if (!d)
		return NULL;
	/* the large members are written before they are read; only these must be zero */
	memset(&d->call.facts, 0, offsetof(struct facts, headers));
	d->call.facts.header_count = 0;
	d->call.facts.source = g->source;
	d->call.facts.local = g->local;
	d->call.facts.transport = "udp";
	d->call.conf = NULL;
	d->call.tenant = NULL;
	d->call.timer = NULL;
	d->call.links = NULL;
	d->call.extras = NULL;
	d->front = front;
	d->socket = g->socket;
	d->began_us = clock_us();
	d->starting = true;
	d->ended = true; /* until a call begins */
	d->bytes_len = g->bytes.len;
	d->head_len = 0;
	d->head = d->mem + g->bytes.len;
	memcpy(d->mem, g->bytes.ptr, g->bytes.len);
	return d;
}

void dip_free(struct dip *d)
{
	call_deinit(&d->call);
	free(d);
}

static void print_hex(const uint8_t *bytes, size_t count, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		out[i * 2] = digits[bytes[i] >> 4];
		out[i * 2 + 1] = digits[bytes[i] & 15];
	}
	out[count * 2] = '\0';
}

/* What makes a request itself, for its tag, its origid and its slot: every byte, as a client
 * repeats it (RFC 3261, 17.1.1.2).  Were it the branch and the like alone, one that keeps them
 * would have any number of calls signed for the price of one. */
static bool identify(struct facts *f, struct sk_span bytes, struct sk_mac *mac)
{
	const struct sk_span tag_parts[] = { SK_SPAN("tag"),
					     { (const char *)f->id, sizeof(f->id) } };
	uint8_t tag[SK_MAC_LEN];

	if (sk_mac_hash(mac, &bytes, 1, f->id) ||
	    sk_mac_hash(mac, tag_parts, SK_COUNT(tag_parts), tag))
		return false;
	print_hex(tag, (TAG_SIZE - 1) / 2, f->tag);
	return true;
}

enum dip_result dip_read(struct dip *d, size_t lines_max, struct sk_mac *mac,
			 struct sk_span *method)
{
	struct sk_span bytes = { d->mem, d->bytes_len };
	enum facts_result result;
	struct scan scan;
	struct sk_buf head;

	switch (scan_message(bytes, lines_max, &scan)) {
	case SCAN_OK:
		break;
	case SCAN_TOO_MANY:
		return DIP_FLOOD;
	case SCAN_NOISE:
	case SCAN_BAD_LINES:
	default:
		return DIP_NOISE;
	}
	*method = scan.method;
	sk_buf_init(&head, d->head, d->bytes_len + HEAD_ROOM);
	result = facts_read(bytes, &scan, &d->call.facts, &head, &d->back);
	d->head_len = head.len;
	if (result == FACTS_DROP || !identify(&d->call.facts, bytes, mac))
		return DIP_UNROUTABLE;
	return result == FACTS_BAD ? DIP_BAD : DIP_READ;
}

enum sk_err dip_refusal(const struct dip *d)
{
	static const struct sk_span known[] = {
		{ "sip", 3 }, { "sips", 4 }, { "tel", 3 }, { "urn", 3 }
	};
	struct sk_span text = d->call.facts.request_uri;
	struct uri uri;

	if (text.len > URI_MAX)
		return SK_URI_TOO_LONG; /* RFC 3261, 21.4.12: more than we look at */
	if (!uri_parse(text, &uri))
		return SK_REQUEST_SYNTAX;
	for (size_t i = 0; i < SK_COUNT(known); i++)
		if (sk_span_eq_nocase(uri.scheme, known[i]))
			return SK_OK;
	return SK_URI_SCHEME; /* 8.2.2.1: a scheme that we cannot redirect */
}

static bool same_host(const struct addr *a, const struct addr *b)
{
	struct addr x = *a, y = *b;

	addr_set_port(&x, 0);
	addr_set_port(&y, 0);
	return addr_eq(&x, &y);
}

void dip_answer(struct dip *d, const struct answer *a, struct counters *counters)
{
	const struct facts *f = &d->call.facts;
	size_t room = d->head_len + a->lines.len + REPLY_ROOM;
	char *text = udp_reserve(d->socket, room);
	struct sk_buf out;

	/* whatever a Via says: to the packet's source or not at all */
	if (!same_host(&d->back.to, &f->source)) {
		counters->n[COUNT_ELSEWHERE]++;
		return;
	}
	if (text) {
		sk_buf_init(&out, text, room);
		reply_print(a, (struct sk_span){ d->head, d->head_len }, f->in_dialog ? "" : f->tag,
			    &out);
	}
	if (!text || out.overflow) {
		counters->n[COUNT_TOO_LONG]++;
		return;
	}
	counters->n[COUNT_ANSWERS]++;
	udp_send(d->socket, &d->back.to, &f->local, out.len);
}
