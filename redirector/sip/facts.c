/*
 * The facts are the request's own bytes: values that are signed or compared are taken as they
 * stand, so that what we sign is what the next hop reads.  What surprises: the SIP library sees
 * only what syntax_usual() does not know.
 */
#include "redirector/sip/facts.h"

#include "redirector/sip/syntax.h"

#include <string.h>

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

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Only the port is the request's to choose, and only by what RFC 3581 and RFC
 * 3261, 18.2.2 allow; maddr, received and host names lead nowhere.
 */
static struct return_path return_path(const struct syntax *via, const struct addr *source)
{
	struct return_path back = { .to = *source };
	unsigned port = 0;

	if (via->rport)
		return back;
	for (size_t i = 0;
	     i < via->sent_port.len && is_digit(via->sent_port.ptr[i]) && port <= 65535; i++)
		port = port * 10 + (unsigned)(via->sent_port.ptr[i] - '0');
	if (via->sent_port.len == 0)
		port = 5060;
	if (port > 0 && port <= 65535)
		addr_set_port(&back.to, (uint16_t)port);
	return back;
}

static void read_lists(const struct scan *scan, struct facts *f)
{
	size_t left = scan->found[SCAN_IDENTITY].count + scan->found[SCAN_ASSERTED].count;

	for (size_t i = 0; left > 0 && i < scan->header_count; i++) {
		const struct header *h = &scan->headers[i];
		struct sk_span rest = h->value, one;

		if (scan_is(h, SK_SPAN("Identity"), 'y')) {
			left--;
			/* an empty Identity header is no Identity: some clients send it as a
			 * request to sign */
			while (f->identity_count < SK_IDENTITY_MAX && sk_identity_next(&rest, &one))
				if (one.len > 0)
					f->identities[f->identity_count++] = one;
		} else if (scan_is(h, SK_SPAN("P-Asserted-Identity"), '\0')) {
			left--;
			while (f->pai_count < FACTS_PAI_MAX && sk_identity_next(&rest, &one))
				if (one.len > 0)
					f->pai[f->pai_count++] = one;
		}
	}
}

/* From, To, Call-ID, CSeq: exactly one; Date: at most one (RFC 4475, 3.3.8). */
static bool read_singles(const struct scan *scan, struct facts *f)
{
	const struct scan_found *found = scan->found;

	f->from = found[SCAN_FROM].value;
	f->to = found[SCAN_TO].value;
	f->call_id = found[SCAN_CALL_ID].value;
	f->cseq = found[SCAN_CSEQ].value;
	f->date = found[SCAN_DATE].value;
	return found[SCAN_FROM].count == 1 && found[SCAN_TO].count == 1 &&
	       found[SCAN_CALL_ID].count == 1 && found[SCAN_CSEQ].count == 1 &&
	       found[SCAN_DATE].count <= 1;
}

/* A Content-Length beyond the datagram (RFC 3261, 18.3), or one that is no number. */
static bool body_is_whole(struct sk_span bytes, const struct scan *scan)
{
	size_t want = 0, have = bytes.len - scan->head_len;
	size_t count = scan->found[SCAN_CONTENT_LENGTH].count;
	struct sk_span v = scan->found[SCAN_CONTENT_LENGTH].value;

	if (count == 0)
		return true;
	if (count > 1 || v.len == 0)
		return false;
	/* RFC 3261, 25.1: 1*DIGIT; a stream is cut by the number, however long it is written */
	while (v.len > 1 && v.ptr[0] == '0')
		v = (struct sk_span){ v.ptr + 1, v.len - 1 };
	if (v.len > 6)
		return false;
	for (size_t i = 0; i < v.len; i++) {
		if (!is_digit(v.ptr[i]))
			return false;
		want = want * 10 + (size_t)(v.ptr[i] - '0');
	}
	return want <= have;
}

static void take(const struct syntax *syntax, const struct scan *scan, struct facts *f)
{
	f->branch = syntax->branch;
	f->sent_by = syntax->sent_by;
	f->sent_port = syntax->sent_port;
	f->from_tag = syntax->from_tag;
	f->in_dialog = syntax->in_dialog;
	f->complete = scan->found[SCAN_MAX_FORWARDS].count == 1 && f->call_id.len > 0 &&
		      f->from_tag.len > 0 && f->branch.len > 7 &&
		      memcmp(f->branch.ptr, "z9hG4bK", 7) == 0;
}

/* Behind the Via lines. */
static void print_head(const struct facts *f, struct sk_buf *head)
{
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
	struct syntax syntax;
	bool singles;

	if (!syntax_usual(scan, &f->source, &syntax, head) &&
	    !syntax_parsed(bytes, scan, &f->source, &syntax, head))
		return FACTS_DROP;

	f->request_uri = scan->request_uri;
	singles = read_singles(scan, f);
	if (f->to.len == 0) /* nothing to hang our tag on (RFC 3261, 8.2.6.2) */
		return FACTS_DROP;
	f->header_count = scan->header_count;
	memcpy(f->headers, scan->headers, scan->header_count * sizeof(scan->headers[0]));
	take(&syntax, scan, f);
	read_lists(scan, f);
	print_head(f, head);
	*back = return_path(&syntax, &f->source);
	if (head->overflow)
		return FACTS_DROP;
	if (!singles || !syntax.sound || !body_is_whole(bytes, scan))
		return FACTS_BAD;
	return FACTS_OK;
}
