/*
 * What the SIP library is asked for: is this a message, and what is in its Via,
 * From, To and CSeq.  Values that are signed or compared are taken as they stand
 * in the bytes, so that what we sign is what the next hop reads.
 */
#include "redirector/sip/facts.h"

#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>
#include <stdlib.h>

SK_DEFINE_CLEANUP(msg_t, msg_destroy)

enum {
	PRELOAD = 4096, /* one block for all that a usual message is parsed into */
};

static msg_t *parse(struct sk_span bytes)
{
	msg_t *msg = msg_create(sip_default_mclass(), MSG_DO_EXTRACT_COPY);
	msg_iovec_t iov[4];
	size_t at = 0;
	issize_t n;

	if (!msg)
		return NULL;
	su_home_preload(msg_home(msg), 1, PRELOAD);
	n = msg_recv_iovec(msg, iov, 4, bytes.len, 1);
	for (issize_t i = 0; i < n && at < bytes.len; i++) {
		size_t part = iov[i].mv_len < bytes.len - at ? iov[i].mv_len : bytes.len - at;

		memcpy(iov[i].mv_base, bytes.ptr + at, part);
		at += part;
	}
	if (n < 0 || at < bytes.len) {
		msg_destroy(msg);
		return NULL;
	}
	msg_recv_commit(msg, bytes.len, 1);
	msg_extract(msg);
	return msg;
}

static bool is_name(const char *param, struct sk_span name)
{
	return strncasecmp(param, name.ptr, name.len) == 0 &&
	       (param[name.len] == '\0' || param[name.len] == '=');
}

/* One Via; of the topmost with received and rport (RFC 3261, 18.2.1; RFC 3581, 4). */
static void print_via(const sip_via_t *via, const struct addr *source, struct sk_buf *out)
{
	char host[ADDR_TEXT_SIZE];
	bool rport = false;

	sk_buf_printf(out, "Via: %s %s", via->v_protocol, via->v_host);
	if (via->v_port)
		sk_buf_printf(out, ":%s", via->v_port);
	for (size_t i = 0; via->v_params && via->v_params[i]; i++) {
		const char *param = via->v_params[i];

		if (source && is_name(param, SK_SPAN("rport")))
			rport = true;
		else if (!source || !is_name(param, SK_SPAN("received")))
			sk_buf_printf(out, ";%s", param);
	}
	if (source) {
		addr_print_host(source, host);
		if (rport || strcmp(host, via->v_host) != 0)
			sk_buf_printf(out, ";received=%s", host);
		if (rport)
			sk_buf_printf(out, ";rport=%u", addr_port(source));
	}
	sk_buf_puts(out, "\r\n");
}

/* The value on one line: the CRLF of a fold becomes a space. */
static void print_value(struct sk_span value, struct sk_buf *out)
{
	while (value.len > 0) {
		const char *cr = memchr(value.ptr, '\r', value.len);
		size_t n = cr ? (size_t)(cr - value.ptr) : value.len;

		sk_buf_put(out, (struct sk_span){ value.ptr, n });
		if (!cr)
			return;
		sk_buf_putc(out, ' ');
		n += value.len > n + 1 ? 2 : 1;
		value = (struct sk_span){ value.ptr + n, value.len - n };
	}
}

static void print_line(const char *name, struct sk_span value, struct sk_buf *out)
{
	sk_buf_puts(out, name);
	print_value(value, out);
	sk_buf_puts(out, "\r\n");
}

/*
 * Only the port is the request's to choose, and only by what RFC 3581 and RFC
 * 3261, 18.2.2 allow; maddr, received and host names lead nowhere.
 */
static struct return_path return_path(const sip_via_t *via, const struct addr *source)
{
	struct return_path back = { .to = *source };
	unsigned long port = 5060;

	if (via->v_rport)
		return back;
	if (via->v_port)
		port = strtoul(via->v_port, NULL, 10);
	if (port > 0 && port <= 65535)
		addr_set_port(&back.to, (uint16_t)port);
	return back;
}

/* The span of the header that a text of the SIP library is a copy of. */
static struct sk_span locate(struct sk_span in, const char *text)
{
	struct sk_span needle = sk_span_of(text);
	const char *at = needle.len ? memmem(in.ptr, in.len, needle.ptr, needle.len) : NULL;

	return (struct sk_span){ at, at ? needle.len : 0 };
}

static void read_lists(const struct scan *scan, struct facts *f)
{
	for (size_t i = 0; i < scan->header_count; i++) {
		const struct header *h = &scan->headers[i];
		struct sk_span rest = h->value, one;

		if (scan_is(h, SK_SPAN("Identity"), 'y')) {
			/* an empty Identity header is no Identity: some clients send it as a
			 * request to sign */
			while (f->identity_count < SK_IDENTITY_MAX && sk_identity_next(&rest, &one))
				if (one.len > 0)
					f->identities[f->identity_count++] = one;
		} else if (scan_is(h, SK_SPAN("P-Asserted-Identity"), '\0')) {
			while (f->pai_count < FACTS_PAI_MAX && sk_identity_next(&rest, &one))
				if (one.len > 0)
					f->pai[f->pai_count++] = one;
		}
	}
}

/* From, To, Call-ID, CSeq: exactly one; Date: at most one (RFC 4475, 3.3.8). */
static bool read_singles(const struct scan *scan, struct facts *f)
{
	size_t from, to, call_id, cseq, date;

	f->from = scan_find(scan, SK_SPAN("From"), 'f', &from);
	f->to = scan_find(scan, SK_SPAN("To"), 't', &to);
	f->call_id = scan_find(scan, SK_SPAN("Call-ID"), 'i', &call_id);
	f->cseq = scan_find(scan, SK_SPAN("CSeq"), '\0', &cseq);
	f->date = scan_find(scan, SK_SPAN("Date"), '\0', &date);
	return from == 1 && to == 1 && call_id == 1 && cseq == 1 && date <= 1;
}

static bool sip_is_sound(const sip_t *sip, struct sk_span method)
{
	return sip->sip_request && sip->sip_from && sip->sip_to && sip->sip_call_id &&
	       sip->sip_cseq && sip->sip_cseq->cs_method_name &&
	       sk_span_eq(sk_span_of(sip->sip_cseq->cs_method_name), method);
}

/* A Content-Length beyond the datagram (RFC 3261, 18.3), or one that is no number. */
static bool body_is_whole(struct sk_span bytes, const struct scan *scan)
{
	size_t count, want = 0, have = bytes.len - scan->head_len;
	struct sk_span v = scan_find(scan, SK_SPAN("Content-Length"), 'l', &count);

	if (count == 0)
		return true;
	if (count > 1 || v.len == 0 || v.len > 6)
		return false;
	for (size_t i = 0; i < v.len; i++) {
		if (v.ptr[i] < '0' || v.ptr[i] > '9')
			return false;
		want = want * 10 + (size_t)(v.ptr[i] - '0');
	}
	return want <= have;
}

static void read_routing(const sip_t *sip, const struct scan *scan, struct facts *f)
{
	const sip_via_t *via = sip->sip_via;
	size_t count;
	struct sk_span top = scan_find(scan, SK_SPAN("Via"), 'v', &count);

	f->branch = locate(top, via->v_branch);
	f->sent_by = locate(top, via->v_host);
	f->sent_port = locate(top, via->v_port);
	if (sip->sip_from)
		f->from_tag = locate(f->from, sip->sip_from->a_tag);
	f->in_dialog = sip->sip_to && sip->sip_to->a_tag;
	scan_find(scan, SK_SPAN("Max-Forwards"), '\0', &count);
	f->complete = count == 1 && f->call_id.len > 0 && f->from_tag.len > 0 &&
		      f->branch.len > 7 && memcmp(f->branch.ptr, "z9hG4bK", 7) == 0;
}

static void print_head(const sip_t *sip, const struct facts *f, struct sk_buf *head)
{
	for (const sip_via_t *via = sip->sip_via; via; via = via->v_next)
		print_via(via, via == sip->sip_via ? &f->source : NULL, head);
	if (f->from.ptr)
		print_line("From: ", f->from, head);
	if (f->call_id.ptr)
		print_line("Call-ID: ", f->call_id, head);
	if (f->cseq.ptr)
		print_line("CSeq: ", f->cseq, head);
	sk_buf_puts(head, "To: ");
	print_value(f->to, head);
}

enum facts_result facts_read(struct sk_span bytes, const struct scan *scan, struct facts *f,
			     struct sk_buf *head, struct return_path *back)
{
	SK_CLEANUP(msg_destroy_p) msg_t *msg = parse(bytes);
	sip_t *sip = msg ? sip_object(msg) : NULL;
	bool singles;

	if (!sip || !sip->sip_via || !sip->sip_via->v_host)
		return FACTS_DROP;

	f->request_uri = scan->request_uri;
	singles = read_singles(scan, f);
	if (f->to.len == 0) /* nothing to hang our tag on (RFC 3261, 8.2.6.2) */
		return FACTS_DROP;
	f->header_count = scan->header_count;
	memcpy(f->headers, scan->headers, scan->header_count * sizeof(scan->headers[0]));
	read_routing(sip, scan, f);
	read_lists(scan, f);
	print_head(sip, f, head);
	*back = return_path(sip->sip_via, &f->source);
	if (head->overflow)
		return FACTS_DROP;
	if (!singles || !sip_is_sound(sip, scan->method) || !body_is_whole(bytes, scan))
		return FACTS_BAD;
	return FACTS_OK;
}
