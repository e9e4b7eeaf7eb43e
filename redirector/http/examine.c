#include "redirector/http/examine.h"

static bool is_token(struct sk_span s)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    (c == '\0' || !strchr(marks, c)))
			return false;
	}
	return s.len > 0;
}

/* RFC 9110, 5.5: no control characters but the tab; bytes above ASCII are opaque. */
static bool is_value(struct sk_span s)
{
	for (size_t i = sk_span_printable(s); i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* Is there a segment "." or ".." in the path, also with the dots as %2e? */
static bool climbs(struct sk_span path)
{
	size_t i = 0;

	while (i < path.len) {
		size_t dots = 0;

		for (i++; i < path.len && path.ptr[i] != '/';) {
			bool dot = path.ptr[i] == '.';
			bool coded = !dot && path.len - i >= 3 &&
				     strncasecmp(path.ptr + i, "%2e", 3) == 0;

			/* 3: more than dots */
			dots = (dot || coded) && dots < 3 ? dots + 1 : 4;
			i += coded ? 3 : 1;
		}
		if (dots == 1 || dots == 2)
			return true;
	}
	return false;
}

const char *examine_target(struct sk_span target)
{
	const char *query;
	struct sk_span path = target;

	if (target.len == 0 || target.ptr[0] != '/')
		return "the target is no path";
	for (size_t i = 0; i < target.len; i++)
		if (target.ptr[i] <= 0x20 || target.ptr[i] == 0x7f || target.ptr[i] == '#' ||
		    target.ptr[i] == '\\')
			return "the target has a character that it may not have";
	query = memchr(target.ptr, '?', target.len);
	if (query)
		path.len = (size_t)(query - target.ptr);
	return climbs(path) ? "the target climbs" : NULL;
}

static enum http_method method_of(struct sk_span method)
{
	if (sk_span_eq(method, SK_SPAN("POST")))
		return METHOD_POST;
	if (sk_span_eq(method, SK_SPAN("GET")))
		return METHOD_GET;
	return sk_span_eq(method, SK_SPAN("HEAD")) ? METHOD_HEAD : METHOD_OTHER;
}

static const char *examine_first(const struct head *head, struct examined *out)
{
	if (head->crooked)
		return "line ends, folded lines or NUL bytes are not as they should be";
	if (head->too_many)
		return "too many header fields";
	out->http_1_0 = sk_span_eq(head->version, SK_SPAN("HTTP/1.0"));
	if (!out->http_1_0 && !sk_span_eq(head->version, SK_SPAN("HTTP/1.1")))
		return "the version is neither HTTP/1.1 nor HTTP/1.0";
	if (!is_token(head->method))
		return "the method is none";
	out->method = method_of(head->method);
	return examine_target(head->target);
}

static const char *examine_fields(const struct head *head)
{
	for (size_t i = 0; i < head->count; i++) {
		if (!is_token(head->fields[i].name))
			return "a header field's name is none";
		if (!is_value(head->fields[i].value))
			return "a header field has control characters";
	}
	return NULL;
}

/* RFC 9110, 8.6: digits alone. */
static bool read_length(struct sk_span s, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len == 0 || s.len > 18) /* more digits are more than anybody has */
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(s.ptr[i] - '0');
	}
	*out = n;
	return true;
}

static const char *examine_body(const struct head *head, struct examined *out)
{
	size_t lengths, codings, expects;
	struct sk_span length = head_find(head, "Content-Length", &lengths);
	struct sk_span coding = head_find(head, "Transfer-Encoding", &codings);
	struct sk_span expect = head_find(head, "Expect", &expects);

	if (lengths > 1)
		return "more than one Content-Length";
	if (codings > 1)
		return "more than one Transfer-Encoding";
	if (lengths && codings)
		return "Content-Length and Transfer-Encoding";
	if (codings && out->http_1_0)
		return "Transfer-Encoding with HTTP/1.0";
	if (codings && !sk_span_eq_nocase(coding, SK_SPAN("chunked")))
		return "the Transfer-Encoding is not \"chunked\"";
	if (lengths && !read_length(length, &out->length))
		return "the Content-Length is not a number";
	out->has_length = lengths == 1;
	out->chunked = codings == 1;
	if (out->method != METHOD_POST && out->method != METHOD_OTHER &&
	    (out->chunked || out->length > 0))
		return "a body where none belongs";
	out->expects = expects == 1 && sk_span_eq_nocase(expect, SK_SPAN("100-continue"));
	return expects && !out->expects ? "nothing but 100-continue may be expected" : NULL;
}

/* RFC 9112, 3.2. */
static const char *examine_host(const struct head *head, const struct examined *out)
{
	size_t hosts;
	struct sk_span host = head_find(head, "Host", &hosts);

	if (hosts > 1)
		return "more than one Host";
	if (hosts == 0)
		return out->http_1_0 ? NULL : "no Host";
	for (size_t i = 0; i < host.len; i++)
		if (host.ptr[i] == ' ' || host.ptr[i] == '\t' || host.ptr[i] == '/' ||
		    host.ptr[i] == '@' || host.ptr[i] == ',')
			return "the Host is none";
	return NULL;
}

/* One of them alone says who asks. */
static const char *examine_who(const struct head *head)
{
	size_t count;

	(void)head_find(head, "Authorization", &count);
	return count > 1 ? "more than one Authorization" : NULL;
}

const char *examine(const struct head *head, struct examined *out)
{
	const char *why;

	*out = (struct examined){ .method = METHOD_OTHER };
	why = examine_first(head, out);
	if (!why)
		why = examine_fields(head);
	if (!why)
		why = examine_body(head, out);
	if (!why)
		why = examine_host(head, out);
	if (!why)
		why = examine_who(head);
	return why;
}
