/*
 * Each form is read by a cursor that only moves forward over what it knows; whoever is left
 * standing before anything else has met something unusual.  The grammar is a part of RFC 3261,
 * 25.1, without blanks, escapes, quoted parameters, comments and IPv6, and with each parameter
 * that we look at in its usual spelling and at most once.
 */
#include "redirector/sip/syntax.h"

#include <string.h>

enum {
	PARAMS_MAX = 7, /* most parameters that are read by hand */
};

/* Letters and digits, and some marks that every reader takes for part of a word; each character
 * in its own place, a blank or NUL where there is none. */
static const char word_chars[256] = "                                "
				    " !        *+ -. 0123456789      "
				    " ABCDEFGHIJKLMNOPQRSTUVWXYZ    _"
				    " abcdefghijklmnopqrstuvwxyz   ~ ";

/* The same without the marks that no host has. */
static const char host_chars[256] = "                                "
				    "             -. 0123456789      "
				    " ABCDEFGHIJKLMNOPQRSTUVWXYZ     "
				    " abcdefghijklmnopqrstuvwxyz     ";

static bool is_word(char c)
{
	return word_chars[(unsigned char)c] > ' ';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void advance(struct sk_span *s, size_t n)
{
	s->ptr += n;
	s->len -= n;
}

static bool take(struct sk_span *s, struct sk_span text)
{
	if (s->len < text.len || memcmp(s->ptr, text.ptr, text.len) != 0)
		return false;
	advance(s, text.len);
	return true;
}

static bool take_char(struct sk_span *s, char c)
{
	if (s->len == 0 || s->ptr[0] != c)
		return false;
	advance(s, 1);
	return true;
}

/* @return false: there is none */
static bool take_word(struct sk_span *s, struct sk_span *word)
{
	size_t n = 0;

	while (n < s->len && is_word(s->ptr[n]))
		n++;
	*word = (struct sk_span){ s->ptr, n };
	advance(s, n);
	return n > 0;
}

static bool is_host(struct sk_span word)
{
	for (size_t i = 0; i < word.len; i++)
		if (host_chars[(unsigned char)word.ptr[i]] <= ' ')
			return false;
	return true;
}

/* host [":" port]; `port` stays empty when there is none. */
static bool take_host(struct sk_span *s, struct sk_span *host, struct sk_span *port)
{
	unsigned number = 0;
	size_t n = 0;

	*port = (struct sk_span){ NULL, 0 };
	if (!take_word(s, host) || !is_host(*host))
		return false;
	if (!take_char(s, ':'))
		return true;
	for (; n < s->len && n < 5 && is_digit(s->ptr[n]); n++)
		number = number * 10 + (unsigned)(s->ptr[n] - '0');
	*port = (struct sk_span){ s->ptr, n };
	advance(s, n);
	return n > 0 && number <= 65535 && (s->len == 0 || !is_digit(s->ptr[0]));
}

/* --- parameters --- */

struct param {
	struct sk_span name, value; /* `value.ptr` is NULL when there is no '=' */
	struct sk_span text;        /* both, with the ';' in front               */
};

struct params {
	struct param items[PARAMS_MAX];
	size_t count;
};

static bool take_params(struct sk_span *s, struct params *out)
{
	out->count = 0;
	while (s->len > 0 && s->ptr[0] == ';') {
		struct param *p = &out->items[out->count];
		const char *start = s->ptr;

		if (out->count++ == PARAMS_MAX)
			return false;
		advance(s, 1);
		p->value = (struct sk_span){ NULL, 0 };
		if (!take_word(s, &p->name) || (take_char(s, '=') && !take_word(s, &p->value)))
			return false;
		p->text = (struct sk_span){ start, (size_t)(s->ptr - start) };
	}
	return true;
}

/* The parameter of that name, NULL when there is none.  @return false: it is there in other
 * letters, or twice */
static bool only_param(const struct params *params, struct sk_span name, const struct param **found)
{
	*found = NULL;
	for (size_t i = 0; i < params->count; i++) {
		const struct param *p = &params->items[i];

		if (!sk_span_eq_nocase(p->name, name))
			continue;
		if (*found || !sk_span_eq(p->name, name))
			return false;
		*found = p;
	}
	return true;
}

/* --- addresses --- */

static bool is_number(struct sk_span word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!is_digit(word.ptr[i]))
			return false;
	return true;
}

/* sip:user@host:port;params, sip:host, tel:+digits */
static bool take_uri(struct sk_span *s)
{
	struct sk_span host, port, word, before;
	struct params params;

	if (take(s, SK_SPAN("tel:"))) {
		if (s->len > 0 && s->ptr[0] == '+')
			advance(s, 1);
		return take_word(s, &word) && is_number(word);
	}
	if (!take(s, SK_SPAN("sip:")) && !take(s, SK_SPAN("sips:")))
		return false;
	before = *s;
	if (!take_word(s, &word) || !take_char(s, '@'))
		*s = before;
	return take_host(s, &host, &port) && take_params(s, &params);
}

static bool is_uri(struct sk_span text)
{
	return take_uri(&text) && text.len == 0;
}

/* "Name" or some words, and a blank where there is one; a name with anything else in it is
 * unusual. */
static bool take_name(struct sk_span *s)
{
	struct sk_span word;

	if (take_char(s, '"')) {
		size_t n = 0;

		while (n < s->len && s->ptr[n] >= ' ' && s->ptr[n] != '"' && s->ptr[n] != '\\')
			n++;
		if (n == s->len)
			return false;
		advance(s, n);
		if (!take_char(s, '"'))
			return false;
		if (s->len > 0 && s->ptr[0] == ' ')
			advance(s, 1);
		return true;
	}
	while (take_word(s, &word))
		if (!take_char(s, ' '))
			return false;
	return true;
}

/* @param tag  Of the parameters, empty when there is none */
static bool read_address(struct sk_span s, struct sk_span *tag)
{
	const struct param *found;
	struct params params;

	if (!take_name(&s) || !take_char(&s, '<') || !take_uri(&s) || !take_char(&s, '>') ||
	    !take_params(&s, &params) || s.len > 0 ||
	    !only_param(&params, SK_SPAN("tag"), &found) || (found && !found->value.ptr))
		return false;
	*tag = found ? found->value : (struct sk_span){ NULL, 0 };
	return true;
}

/* --- Via --- */

struct via {
	struct sk_span start; /* protocol, host and port as they stand */
	struct sk_span host, port;
	struct params params;
};

/* One; of several on a line the library makes several lines. */
static bool read_via(struct sk_span s, struct via *out)
{
	const char *start = s.ptr;

	if (!take(&s, SK_SPAN("SIP/2.0/")) ||
	    (!take(&s, SK_SPAN("UDP ")) && !take(&s, SK_SPAN("TCP ")) &&
	     !take(&s, SK_SPAN("TLS "))) ||
	    !take_host(&s, &out->host, &out->port))
		return false;
	out->start = (struct sk_span){ start, (size_t)(s.ptr - start) };
	return take_params(&s, &out->params) && s.len == 0;
}

static void print_via(const struct via *via, const struct addr *source, struct sk_buf *out)
{
	char host[ADDR_TEXT_SIZE];
	struct sk_span received;
	bool rport = false;

	sk_buf_puts(out, "Via: ");
	sk_buf_put(out, via->start);
	for (size_t i = 0; i < via->params.count; i++) {
		const struct param *p = &via->params.items[i];
		bool is_rport = source && sk_span_eq(p->name, SK_SPAN("rport"));

		rport |= is_rport;
		if (!is_rport && !(source && sk_span_eq(p->name, SK_SPAN("received"))))
			sk_buf_put(out, p->text);
	}
	if (source) {
		addr_print_host(source, host);
		received = sk_span_of(host);
		if (rport || !sk_span_eq(received, via->host)) {
			sk_buf_puts(out, ";received=");
			sk_buf_put(out, received);
		}
		if (rport) {
			sk_buf_puts(out, ";rport=");
			sk_buf_put_number(out, addr_port(source));
		}
	}
	sk_buf_puts(out, "\r\n");
}

/* The topmost. */
static bool read_top(const struct via *via, struct syntax *out)
{
	const struct param *branch, *rport, *received;

	if (!only_param(&via->params, SK_SPAN("branch"), &branch) ||
	    !only_param(&via->params, SK_SPAN("rport"), &rport) ||
	    !only_param(&via->params, SK_SPAN("received"), &received) ||
	    (branch && !branch->value.ptr))
		return false;
	out->branch = branch ? branch->value : (struct sk_span){ NULL, 0 };
	out->sent_by = via->host;
	out->sent_port = via->port;
	out->rport = rport;
	return true;
}

/* All of them, each read before it is printed. */
static bool print_vias(const struct scan *scan, const struct addr *source, struct syntax *out,
		       struct sk_buf *vias)
{
	size_t left = scan->found[SCAN_VIA].count;

	for (size_t i = 0; left > 0 && i < scan->header_count; i++) {
		bool first = left == scan->found[SCAN_VIA].count;
		struct via via;

		if (!scan_is(&scan->headers[i], SK_SPAN("Via"), 'v'))
			continue;
		left--;
		if (!read_via(scan->headers[i].value, &via) || (first && !read_top(&via, out)))
			return false;
		print_via(&via, first ? source : NULL, vias);
	}
	return true;
}

/* --- the others --- */

static bool is_call_id(struct sk_span s)
{
	struct sk_span word;

	return take_word(&s, &word) && (!take_char(&s, '@') || take_word(&s, &word)) && s.len == 0;
}

/* A number that fits into 31 bits, a blank, the method. */
static bool is_cseq(struct sk_span s, struct sk_span method)
{
	size_t n = 0;

	while (n < s.len && n < 9 && is_digit(s.ptr[n]))
		n++;
	advance(&s, n);
	return n > 0 && take_char(&s, ' ') && sk_span_eq(s, method);
}

/* All others get the same answer, whatever else they say. */
static bool is_method(struct sk_span s)
{
	return sk_span_eq(s, SK_SPAN("INVITE")) || sk_span_eq(s, SK_SPAN("OPTIONS"));
}

static bool has_all(const struct scan_found found[SCAN_NAMES])
{
	return found[SCAN_VIA].count > 0 && found[SCAN_FROM].count == 1 &&
	       found[SCAN_TO].count == 1 && found[SCAN_CALL_ID].count == 1 &&
	       found[SCAN_CSEQ].count == 1;
}

bool syntax_usual(const struct scan *scan, const struct addr *source, struct syntax *out,
		  struct sk_buf *vias)
{
	const struct scan_found *found = scan->found;
	struct sk_buf before = *vias;
	struct sk_span to_tag;

	if (!scan->plain || !has_all(found) || !is_method(scan->method) ||
	    !is_uri(scan->request_uri) || !is_call_id(found[SCAN_CALL_ID].value) ||
	    !is_cseq(found[SCAN_CSEQ].value, scan->method) ||
	    !read_address(found[SCAN_FROM].value, &out->from_tag) ||
	    !read_address(found[SCAN_TO].value, &to_tag))
		return false;
	if (!print_vias(scan, source, out, vias)) {
		*vias = before;
		return false;
	}
	out->in_dialog = to_tag.len > 0;
	out->sound = true;
	return true;
}
