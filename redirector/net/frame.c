/*
 * A head is read line by line, as far as it is there; of all headers only Content-Length
 * matters.  What two readers could cut in different places is no message at all.
 *
 * What surprises: a header is judged when the line after it is whole, because that line may
 * go on with it (RFC 3261, 7.3.1); the empty line at the end sees to the last one.
 */
#include "redirector/net/frame.h"

#include <string.h>

enum {
	METHOD_MAX = 64, /* a longer one is none that anybody speaks */
};

static bool is_token_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-.!%*_+`'~", c));
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* One more byte of a start line.  @return false: this is no SIP */
static bool start_goes_on(struct frame *f, const char *bytes, size_t i)
{
	static const char version[] = "SIP/2.0 ";
	char c = bytes[i];

	switch (f->start) {
	case FRAME_IN_METHOD:
		if (c == ' ' && i > 0)
			f->start = FRAME_AT_URI;
		else if (c == '/' && i == 3 && strncasecmp(bytes, version, 3) == 0)
			f->start = FRAME_IN_VERSION;
		else
			return is_token_char(c) && i < METHOD_MAX;
		return true;
	case FRAME_IN_VERSION:
		if (i == sizeof(version) - 2)
			f->start = FRAME_STARTED;
		return c == version[i];
	case FRAME_AT_URI:
		f->start = FRAME_STARTED;
		return is_letter(c); /* of a scheme */
	case FRAME_STARTED:
		break;
	}
	return true;
}

/* Whoever speaks something else is known by his first bytes. */
static bool starts_like_sip(struct frame *f, struct sk_span bytes)
{
	for (size_t i = f->looked; i < bytes.len && f->start != FRAME_STARTED; i++)
		if (!start_goes_on(f, bytes.ptr, i))
			return false;
	return true;
}

static bool is_start_line(struct sk_span line)
{
	static const struct sk_span end = { " SIP/2.0", 8 };

	if (line.len <= end.len)
		return false;
	return strncasecmp(line.ptr, end.ptr + 1, 4) == 0 || /* a response */
	       strncasecmp(line.ptr + line.len - end.len, end.ptr, end.len) == 0;
}

/* RFC 3261, 25.1: digits alone.  One too great to count is the greatest there is. */
static bool read_length(struct sk_span value, uint64_t *out)
{
	uint64_t n = 0;

	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] < '0' || value.ptr[i] > '9')
			return false;
		if (n > UINT64_MAX / 16)
			n = UINT64_MAX / 16;
		n = n * 10 + (uint64_t)(value.ptr[i] - '0');
	}
	*out = n;
	return value.len > 0;
}

/* Name without the white space that may stand before the colon (RFC 3261, 25.1, HCOLON). */
static bool is_length(struct sk_span line, struct sk_span *value)
{
	const char *colon;
	struct sk_span name;

	if (line.len == 0 || !strchr("CcLl", line.ptr[0]))
		return false;
	colon = memchr(line.ptr, ':', line.len);
	if (!colon)
		return false;
	name = sk_span_trim((struct sk_span){ line.ptr, (size_t)(colon - line.ptr) });
	*value = sk_span_trim(
		(struct sk_span){ colon + 1, line.len - (size_t)(colon - line.ptr) - 1 });
	return sk_span_eq_nocase(name, SK_SPAN("Content-Length")) ||
	       sk_span_eq_nocase(name, SK_SPAN("l"));
}

/* A header with all lines that go on with it.  Twice the same length is one length. */
static bool judge_header(struct frame *f, struct sk_span line)
{
	struct sk_span value;
	uint64_t n;

	if (!is_length(line, &value))
		return true;
	if (!read_length(value, &n) || (f->has_length && n != f->body))
		return false;
	f->has_length = true;
	f->body = n;
	return true;
}

/* A line came to its end.  @return false: garbage */
static bool take_line(struct frame *f, struct sk_span bytes, size_t end)
{
	struct sk_span line = { bytes.ptr + f->part, end - f->part };
	size_t next = end + 2;

	/* the front refuses these too; here they could move the end of a message */
	if (memchr(line.ptr, '\0', line.len) || memchr(line.ptr, '\r', line.len))
		return false;
	if (f->part == 0) {
		f->line = f->part = next;
		return is_start_line(line);
	}
	if (line.len > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t')) {
		bool headless = f->line == f->part; /* 7.1: no folding in the start line */

		f->part = next;
		return !headless;
	}
	if (f->part > f->line &&
	    !judge_header(f, (struct sk_span){ bytes.ptr + f->line, f->part - f->line }))
		return false;
	f->line = f->part;
	f->part = next;
	if (line.len == 0)
		f->head_len = next;
	return true;
}

/* @return FRAME_MESSAGE: the head is whole */
static enum frame_result look_at_head(struct frame *f, struct sk_span bytes, size_t max)
{
	bool full = bytes.len >= max;

	if (full)
		bytes.len = max;
	if (f->start != FRAME_STARTED && !starts_like_sip(f, bytes))
		return FRAME_GARBAGE;
	while (f->looked < bytes.len) {
		const char *lf = memchr(bytes.ptr + f->looked, '\n', bytes.len - f->looked);
		size_t at = lf ? (size_t)(lf - bytes.ptr) : bytes.len;

		f->looked = lf ? at + 1 : at;
		if (!lf)
			break;
		if (at == f->part || bytes.ptr[at - 1] != '\r' || !take_line(f, bytes, at - 1))
			return FRAME_GARBAGE;
		if (f->head_len > 0)
			return FRAME_MESSAGE;
	}
	return full ? FRAME_GARBAGE : FRAME_MORE;
}

/* RFC 3261, 7.5: line ends before a message mean nothing; RFC 5626, 4.4.1: two are a ping */
static enum frame_result look_at_line_ends(struct frame *f, struct sk_span bytes)
{
	static const char ping[] = "\r\n\r\n";
	size_t same = 0;

	while (same < bytes.len && same < 4 && bytes.ptr[same] == ping[same])
		same++;
	if (same < 4 && same == bytes.len)
		return FRAME_MORE;
	if (same < 2)
		return FRAME_GARBAGE;
	f->len = same == 4 ? 4 : 2;
	return same == 4 ? FRAME_PING : FRAME_SKIP;
}

enum frame_result frame_look(struct frame *f, struct sk_span bytes, size_t max)
{
	if (bytes.len == 0)
		return FRAME_MORE;
	if (bytes.ptr[0] == '\r')
		return look_at_line_ends(f, bytes);
	if (f->head_len == 0) {
		enum frame_result result = look_at_head(f, bytes, max);

		if (result != FRAME_MESSAGE)
			return result;
	}
	f->len = f->head_len;
	if (!f->has_length)
		return FRAME_NO_LENGTH;
	/* a reload may have made `max` smaller than a head that was good */
	if (f->head_len > max || f->body > max - f->head_len)
		return FRAME_CUT;
	f->len = f->head_len + (size_t)f->body;
	return bytes.len >= f->len ? FRAME_MESSAGE : FRAME_MORE;
}
