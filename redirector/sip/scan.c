/*
 * Lines end in CRLF and nothing else: where two readers could see different
 * lines, a message is refused rather than signed by one reading and routed by
 * the other.
 */
#include "redirector/sip/scan.h"

#include <string.h>

/* The next line without its CRLF, folded continuations included; false: no whole line. */
static bool next_line(struct sk_span *rest, struct sk_span *line)
{
	size_t i = 0;

	for (;;) {
		const char *cr = i < rest->len ? memchr(rest->ptr + i, '\r', rest->len - i) : NULL;
		size_t end = cr ? (size_t)(cr - rest->ptr) : rest->len;

		if (end + 1 >= rest->len || rest->ptr[end + 1] != '\n')
			return false;
		i = end + 2;
		/* RFC 3261, 7.3.1: white space at the start continues the line; an empty line never
		 * does */
		if (end > 0 && i < rest->len && (rest->ptr[i] == ' ' || rest->ptr[i] == '\t'))
			continue;
		*line = (struct sk_span){ rest->ptr, end };
		*rest = (struct sk_span){ rest->ptr + i, rest->len - i };
		return true;
	}
}

/* No control characters but tabs and the CRLF of folds; `plain` is cleared when there are any. */
static bool clean(struct sk_span line, bool *plain)
{
	for (size_t i = sk_span_printable(line); i < line.len; i++) {
		unsigned char c = (unsigned char)line.ptr[i];

		if (c >= ' ' && c != 0x7f)
			continue;
		*plain = false;
		if (c == '\r' && i + 1 < line.len && line.ptr[i + 1] == '\n')
			i++;
		else if (c != '\t')
			return false;
	}
	return true;
}

/* RFC 3261, 25.1: what a token may consist of, and '#', '$', '&', '^', '|' that it may not but
 * some use; each character stands in its own place, a blank or NUL where there is none. */
static const char token_chars[256] = "                                "
				     " ! #$%&'  *+ -. 0123456789      "
				     " ABCDEFGHIJKLMNOPQRSTUVWXYZ   ^_"
				     "`abcdefghijklmnopqrstuvwxyz | ~ ";

static bool is_token(struct sk_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (token_chars[(unsigned char)s.ptr[i]] <= ' ')
			return false;
	return s.len > 0;
}

/* method SP request-uri SP "SIP/2.0" */
static bool request_line(struct sk_span line, struct scan *out)
{
	const char *a = memchr(line.ptr, ' ', line.len);
	struct sk_span rest;
	const char *b;

	/* RFC 3261, 7.1: no line folding in the start line */
	if (!a || memchr(line.ptr, '\r', line.len))
		return false;
	out->method = (struct sk_span){ line.ptr, (size_t)(a - line.ptr) };
	rest = (struct sk_span){ a + 1, line.len - out->method.len - 1 };
	b = rest.len ? memchr(rest.ptr, ' ', rest.len) : NULL;
	if (!b || !is_token(out->method))
		return false;
	out->request_uri = (struct sk_span){ rest.ptr, (size_t)(b - rest.ptr) };
	rest = (struct sk_span){ b + 1, rest.len - out->request_uri.len - 1 };
	out->plain = sk_span_eq(rest, SK_SPAN("SIP/2.0"));
	return out->request_uri.len > 0 && sk_span_eq_nocase(rest, SK_SPAN("SIP/2.0"));
}

/* RFC 3261, 25.1, HCOLON: blanks may stand in front of the colon, a fold may not */
static bool header_line(struct sk_span line, struct header *out, bool *plain)
{
	const char *colon = memchr(line.ptr, ':', line.len);
	size_t len = colon ? (size_t)(colon - line.ptr) : 0;

	if (!colon)
		return false;
	while (len > 0 && (line.ptr[len - 1] == ' ' || line.ptr[len - 1] == '\t'))
		len--;
	*plain = *plain && line.ptr + len == colon;
	out->name = (struct sk_span){ line.ptr, len };
	out->value = sk_span_trim(
		(struct sk_span){ colon + 1, line.len - (size_t)(colon - line.ptr) - 1 });
	return is_token(out->name);
}

/* The name is a token of the same length: no character of one becomes a small letter or a dash by
 * this bit that is not one. */
static bool is_called(struct sk_span name, struct sk_span small)
{
	for (size_t i = 0; i < small.len; i++)
		if ((name.ptr[i] | 0x20) != small.ptr[i])
			return false;
	return true;
}

/* By the length of the name, since hardly two have the same; SCAN_NAMES: none of them. */
static enum scan_name name_of(struct sk_span name)
{
	switch (name.len) {
	case 1: /* RFC 3261, 7.3.3 and 20; RFC 8224, section 4 */
		switch (name.ptr[0] | 0x20) {
		case 'v':
			return SCAN_VIA;
		case 'f':
			return SCAN_FROM;
		case 't':
			return SCAN_TO;
		case 'i':
			return SCAN_CALL_ID;
		case 'l':
			return SCAN_CONTENT_LENGTH;
		case 'y':
			return SCAN_IDENTITY;
		default:
			return SCAN_NAMES;
		}
	case 2:
		return is_called(name, SK_SPAN("to")) ? SCAN_TO : SCAN_NAMES;
	case 3:
		return is_called(name, SK_SPAN("via")) ? SCAN_VIA : SCAN_NAMES;
	case 4:
		if (is_called(name, SK_SPAN("from")))
			return SCAN_FROM;
		if (is_called(name, SK_SPAN("cseq")))
			return SCAN_CSEQ;
		return is_called(name, SK_SPAN("date")) ? SCAN_DATE : SCAN_NAMES;
	case 7:
		return is_called(name, SK_SPAN("call-id")) ? SCAN_CALL_ID : SCAN_NAMES;
	case 8:
		return is_called(name, SK_SPAN("identity")) ? SCAN_IDENTITY : SCAN_NAMES;
	case 12:
		return is_called(name, SK_SPAN("max-forwards")) ? SCAN_MAX_FORWARDS : SCAN_NAMES;
	case 14:
		return is_called(name, SK_SPAN("content-length")) ? SCAN_CONTENT_LENGTH
								  : SCAN_NAMES;
	case 19:
		return is_called(name, SK_SPAN("p-asserted-identity")) ? SCAN_ASSERTED : SCAN_NAMES;
	default:
		return SCAN_NAMES;
	}
}

static void note(const struct header *header, struct scan *out)
{
	enum scan_name name = name_of(header->name);

	if (name < SCAN_NAMES && out->found[name].count++ == 0)
		out->found[name].value = header->value;
}

enum scan_result scan_message(struct sk_span bytes, size_t lines_max, struct scan *out)
{
	struct sk_span rest = bytes, line;

	out->header_count = 0;
	memset(out->found, 0, sizeof(out->found));
	/* a response, STUN, CRLF keep-alive: nobody waits for an answer to these */
	if (bytes.len < 16 || bytes.ptr[0] < 'A' || bytes.ptr[0] > 'Z' ||
	    memcmp(bytes.ptr, "SIP/", 4) == 0)
		return SCAN_NOISE;
	if (!next_line(&rest, &line) || !request_line(line, out) || !clean(line, &out->plain))
		return SCAN_NOISE;

	while (next_line(&rest, &line)) {
		if (line.len == 0) {
			out->head_len = bytes.len - rest.len;
			return SCAN_OK;
		}
		if (out->header_count >= lines_max || out->header_count >= FACTS_HEADERS_MAX)
			return SCAN_TOO_MANY;
		if (!clean(line, &out->plain) ||
		    !header_line(line, &out->headers[out->header_count], &out->plain))
			return SCAN_BAD_LINES;
		note(&out->headers[out->header_count++], out);
	}
	return SCAN_BAD_LINES;
}

bool scan_is(const struct header *header, struct sk_span name, char compact)
{
	return sk_span_eq_nocase(header->name, name) ||
	       (compact && header->name.len == 1 && (header->name.ptr[0] | 0x20) == compact);
}

struct sk_span scan_find(const struct scan *scan, struct sk_span name, char compact, size_t *count)
{
	struct sk_span first = { NULL, 0 };

	*count = 0;
	for (size_t i = 0; i < scan->header_count; i++) {
		if (!scan_is(&scan->headers[i], name, compact))
			continue;
		if ((*count)++ == 0)
			first = scan->headers[i].value;
	}
	return first;
}
