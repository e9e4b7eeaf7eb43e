/*
 * A datagram is copied once and parsed in that copy: spans into it stay good
 * while the call waits, and the socket's buffer is free for the next one.
 */
#include "redirector/sip/dip.h"

#include "redirector/base/clock.h"
#include "redirector/call/uri.h"
#include "redirector/net/stream.h"
#include "redirector/net/udp.h"
#include "redirector/sip/reply.h"

#include <stdlib.h>

enum {
	HEAD_ROOM = 512,  /* what received, rport and line ends add to the request's lines */
	REPLY_ROOM = 512, /* status line, tag, Content-Length */
};

struct dip *dip_new(struct front *front, const struct packet *g)
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
	d->call.facts.transport = transport_name(g->transport);
	d->call.conf = NULL;
	d->call.tenant = NULL;
	d->call.timer = NULL;
	d->call.links = NULL;
	d->call.extras = NULL;
	d->front = front;
	d->trace = NULL;
	d->socket = g->socket;
	d->stream = g->stream ? stream_ref(g->stream) : NULL;
	if (d->stream) /* they live as long as the reference */
		d->call.facts.tls_name_count = stream_names(d->stream, &d->call.facts.tls_names);
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
	stream_unref(d->stream);
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
	case SCAN_BAD_LINES: /* a stream goes on: where the message ends is known, and the calls
				behind it are other people's */
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

struct sk_span dip_via(const struct dip *d)
{
	const char *cr = memchr(d->head, '\r', d->head_len);

	return (struct sk_span){ d->head, cr ? (size_t)(cr - d->head) : 0 };
}

void dip_set_via(struct dip *d, struct sk_span line)
{
	size_t old = dip_via(d).len, rest = d->head_len - old;

	if (line.len + rest > d->bytes_len + HEAD_ROOM)
		return;
	memmove(d->head + line.len, d->head + old, rest);
	memcpy(d->head, line.ptr, line.len);
	d->head_len = line.len + rest;
}

enum sk_err dip_refusal(struct dip *d)
{
	static const struct sk_span known[] = {
		{ "sip", 3 }, { "sips", 4 }, { "tel", 3 }, { "urn", 3 }
	};
	struct sk_span text = d->call.facts.request_uri;

	if (text.len > URI_MAX)
		return SK_URI_TOO_LONG; /* RFC 3261, 21.4.12: more than we look at */
	if (!facts_read_target(&d->call.facts))
		return SK_REQUEST_SYNTAX;
	for (size_t i = 0; i < SK_COUNT(known); i++)
		if (sk_span_eq_nocase(d->call.facts.target.scheme, known[i]))
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

/* An answer leaves by the way that its request came. */
static char *reserve(struct dip *d, size_t room)
{
	return d->stream ? stream_reserve(d->stream, room) : udp_reserve(d->socket, room);
}

static void send_answer(struct dip *d, size_t len)
{
	if (d->stream)
		stream_send(d->stream, len);
	else
		udp_send(d->socket, &d->back.to, &d->call.facts.local, len);
}

void dip_answer(struct dip *d, const struct answer *a, struct counters *counters)
{
	const struct facts *f = &d->call.facts;
	size_t room = d->head_len + a->lines.len + REPLY_ROOM;
	struct sk_buf out;
	char *text;

	/* whatever a Via says: to the packet's source or not at all */
	if (!same_host(&d->back.to, &f->source)) {
		counters->n[COUNT_ELSEWHERE]++;
		return;
	}
	text = reserve(d, room);
	if (!text) {
		counters->n[d->stream ? COUNT_GONE : COUNT_TOO_LONG]++;
		return;
	}
	sk_buf_init(&out, text, room);
	reply_print(a, (struct sk_span){ d->head, d->head_len }, f->in_dialog ? "" : f->tag, &out);
	if (out.overflow) {
		counters->n[COUNT_TOO_LONG]++;
		return;
	}
	counters->n[COUNT_ANSWERS]++;
	counters_answer(counters, (unsigned)a->status);
	if (d->trace)
		trace_answer(d->trace, f, (struct sk_span){ out.text, out.len });
	send_answer(d, out.len);
}
