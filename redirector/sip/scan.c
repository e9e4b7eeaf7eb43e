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

/* No control characters but tabs and the CRLF of folds. */
static bool clean(struct sk_span line)
{
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.ptr[i];

		if (c >= ' ' && c != 0x7f)
			continue;
		if (c == '\r' && i + 1 < line.len && line.ptr[i + 1] == '\n')
			i++;
		else if (c != '\t')
			return false;
	}
	return true;
}

static bool is_token(struct sk_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c <= ' ' || c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", c))
			return false;
	}
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
	return out->request_uri.len > 0 && sk_span_eq_nocase(rest, SK_SPAN("SIP/2.0"));
}

/* RFC 3261, 25.1, HCOLON: blanks may stand in front of the colon, a fold may not */
static bool header_line(struct sk_span line, struct header *out)
{
	const char *colon = memchr(line.ptr, ':', line.len);
	size_t len = colon ? (size_t)(colon - line.ptr) : 0;

	if (!colon)
		return false;
	while (len > 0 && (line.ptr[len - 1] == ' ' || line.ptr[len - 1] == '\t'))
		len--;
	out->name = (struct sk_span){ line.ptr, len };
	out->value = sk_span_trim(
		(struct sk_span){ colon + 1, line.len - (size_t)(colon - line.ptr) - 1 });
	return is_token(out->name);
}

enum scan_result scan_message(struct sk_span bytes, size_t lines_max, struct scan *out)
{
	struct sk_span rest = bytes, line;

	out->header_count = 0;
	/* a response, STUN, CRLF keep-alive: nobody waits for an answer to these */
	if (bytes.len < 16 || bytes.ptr[0] < 'A' || bytes.ptr[0] > 'Z' ||
	    memcmp(bytes.ptr, "SIP/", 4) == 0)
		return SCAN_NOISE;
	if (!next_line(&rest, &line) || !clean(line) || !request_line(line, out))
		return SCAN_NOISE;

	while (next_line(&rest, &line)) {
		if (line.len == 0) {
			out->head_len = bytes.len - rest.len;
			return SCAN_OK;
		}
		if (out->header_count >= lines_max || out->header_count >= FACTS_HEADERS_MAX)
			return SCAN_TOO_MANY;
		if (!clean(line) || !header_line(line, &out->headers[out->header_count]))
			return SCAN_BAD_LINES;
		out->header_count++;
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
