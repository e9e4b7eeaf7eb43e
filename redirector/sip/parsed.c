/*
 * The SIP library's judgement: is this a message, and what is in its Via, From, To and CSeq.
 * Values that are signed or compared are taken as they stand in the bytes, so that what we sign
 * is what the next hop reads.
 */
#include "redirector/sip/syntax.h"

#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>

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

/* The span of the header that a text of the SIP library is a copy of. */
static struct sk_span locate(struct sk_span in, const char *text)
{
	struct sk_span needle = sk_span_of(text);
	const char *at = needle.len ? memmem(in.ptr, in.len, needle.ptr, needle.len) : NULL;

	return (struct sk_span){ at, at ? needle.len : 0 };
}

static bool sip_is_sound(const sip_t *sip, struct sk_span method)
{
	return sip->sip_request && sip->sip_from && sip->sip_to && sip->sip_call_id &&
	       sip->sip_cseq && sip->sip_cseq->cs_method_name &&
	       sk_span_eq(sk_span_of(sip->sip_cseq->cs_method_name), method);
}

bool syntax_parsed(struct sk_span bytes, const struct scan *scan, const struct addr *source,
		   struct syntax *out, struct sk_buf *vias)
{
	SK_CLEANUP(msg_destroy_p) msg_t *msg = parse(bytes);
	sip_t *sip = msg ? sip_object(msg) : NULL;
	const sip_via_t *top = sip ? sip->sip_via : NULL;
	struct sk_span value = scan->found[SCAN_VIA].value;

	if (!top || !top->v_host)
		return false;
	*out = (struct syntax){
		.branch = locate(value, top->v_branch),
		.sent_by = locate(value, top->v_host),
		.sent_port = locate(value, top->v_port),
		.from_tag = locate(scan->found[SCAN_FROM].value,
				   sip->sip_from ? sip->sip_from->a_tag : NULL),
		.rport = top->v_rport,
		.in_dialog = sip->sip_to && sip->sip_to->a_tag,
		.sound = sip_is_sound(sip, scan->method),
	};
	for (const sip_via_t *via = top; via; via = via->v_next)
		print_via(via, via == top ? source : NULL, vias);
	return true;
}
