/*
 * A cursor walks over the text once: scheme, host, port, path.  What is allowed
 * is listed and the rest refused, so that no other parser behind us (curl's, a
 * proxy's) can read another host out of the same bytes.
 */
#include "shaken/url.h"

#include <stddef.h>

enum {
	HOST_MAX = 253, /* RFC 1035, 2.3.4, as text */
	LABEL_MAX = 63,
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool take(struct sk_span *rest, struct sk_span literal)
{
	if (rest->len < literal.len || memcmp(rest->ptr, literal.ptr, literal.len) != 0)
		return false;

	rest->ptr += literal.len;
	rest->len -= literal.len;
	return true;
}

/* The text before the first of `stops`, or all of it. */
static struct sk_span take_until(struct sk_span *rest, const char *stops)
{
	struct sk_span head = { rest->ptr, 0 };

	while (head.len < rest->len && !memchr(stops, rest->ptr[head.len], strlen(stops)))
		head.len++;

	rest->ptr += head.len;
	rest->len -= head.len;
	return head;
}

/* Four numbers of 0 to 255 in their shortest form. */
static bool is_ipv4(struct sk_span host)
{
	for (int part = 0; part < 4; part++) {
		struct sk_span digits = take_until(&host, ".");
		int number = 0;

		if (digits.len < 1 || digits.len > 3 || (digits.len > 1 && digits.ptr[0] == '0'))
			return false;
		for (size_t i = 0; i < digits.len; i++) {
			if (!is_digit(digits.ptr[i]))
				return false;
			number = number * 10 + (digits.ptr[i] - '0');
		}
		if (number > 255 || take(&host, SK_SPAN(".")) != (part < 3))
			return false;
	}

	return host.len == 0;
}

/*
 * RFC 4291, 2.2, forms 1 and 2.  A dotted end and a zone are refused: neither is
 * needed to name a public host.
 */
static bool is_ipv6(struct sk_span host)
{
	bool gap = take(&host, SK_SPAN("::"));
	int groups = 0;

	while (host.len > 0) {
		struct sk_span group = take_until(&host, ":");

		for (size_t i = 0; i < group.len; i++)
			if (!is_hex(group.ptr[i]))
				return false;
		if (group.len < 1 || group.len > 4 || ++groups > 8)
			return false;
		if (host.len == 0)
			break;
		if (take(&host, SK_SPAN("::"))) {
			if (gap)
				return false;
			gap = true;
			continue;
		}
		if (!take(&host, SK_SPAN(":")) || host.len == 0)
			return false;
	}

	return gap ? groups < 8 : groups == 8;
}

/* RFC 1123, 2.1: letters, digits and inner hyphens. */
static bool is_label(struct sk_span label)
{
	if (label.len < 1 || label.len > LABEL_MAX)
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!is_alpha(label.ptr[i]) && !is_digit(label.ptr[i]) && label.ptr[i] != '-')
			return false;

	return label.ptr[0] != '-' && label.ptr[label.len - 1] != '-';
}

static bool is_name(struct sk_span host)
{
	struct sk_span label;

	if (host.len > HOST_MAX)
		return false;

	do {
		label = take_until(&host, ".");
		if (!is_label(label))
			return false;
	} while (take(&host, SK_SPAN(".")));

	/* "127.1" and "0x7f.1" are addresses to some readers, names to others */
	return !is_digit(label.ptr[0]);
}

static bool take_host(struct sk_span *rest, struct sk_span *host)
{
	if (take(rest, SK_SPAN("["))) {
		*host = take_until(rest, "]");
		return take(rest, SK_SPAN("]")) && is_ipv6(*host);
	}

	*host = take_until(rest, ":/");
	return is_name(*host) || is_ipv4(*host);
}

static bool take_port(struct sk_span *rest, enum sk_url_rules rules, uint16_t *port)
{
	struct sk_span digits;
	uint32_t number = 0;

	*port = 443;
	if (!take(rest, SK_SPAN(":")))
		return true;

	digits = take_until(rest, "/");
	if (digits.len < 1 || digits.len > 5 || digits.ptr[0] == '0')
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		if (!is_digit(digits.ptr[i]))
			return false;
		number = number * 10 + (uint32_t)(digits.ptr[i] - '0');
	}
	if (number > UINT16_MAX)
		return false;

	*port = (uint16_t)number;
	/* ATIS-1000074, 5.3.1: these two ports only */
	return rules == SK_URL_LAB || number == 443 || number == 8443;
}

/* RFC 3986, 3.3.  Neither `?` nor `#` is of these characters, not even as the last one. */
static bool is_path(struct sk_span path)
{
	static const char others[] = "/-._~!$&'()*+,;=:@";

	if (path.len == 0 || path.ptr[0] != '/')
		return false;
	for (size_t i = 0; i < path.len; i++) {
		char c = path.ptr[i];

		if (c == '%' && i + 2 < path.len && is_hex(path.ptr[i + 1]) &&
		    is_hex(path.ptr[i + 2]))
			continue;
		if (!is_alpha(c) && !is_digit(c) && !memchr(others, c, sizeof(others) - 1))
			return false;
	}

	return true;
}

bool sk_url_parse(struct sk_span text, enum sk_url_rules rules, struct sk_url *out)
{
	struct sk_span rest = text;
	struct sk_url url;

	if (text.len > SK_URL_MAX || !take(&rest, SK_SPAN("https://")))
		return false;
	if (!take_host(&rest, &url.host) || !take_port(&rest, rules, &url.port))
		return false;
	url.path = rest;
	if (!is_path(url.path))
		return false;

	if (out)
		*out = url;
	return true;
}

/* As in a certificate's name (RFC 9525, 6.3) the star stands for labels and nothing else. */
static bool is_below(struct sk_span host, struct sk_span pattern)
{
	struct sk_span tail = host;

	if (pattern.len < 3 || memcmp(pattern.ptr, "*.", 2) != 0 || host.len < pattern.len)
		return false;
	tail.len = pattern.len - 1;
	tail.ptr += host.len - tail.len;
	return sk_span_eq_nocase(tail, (struct sk_span){ pattern.ptr + 1, pattern.len - 1 });
}

bool sk_url_host_listed(struct sk_span host, char *const *items, size_t count)
{
	bool name = is_name(host);

	if (!name && !is_ipv4(host) && !is_ipv6(host))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct sk_span item = sk_span_of(items[i]);

		if (sk_span_eq_nocase(host, item) || (name && is_below(host, item)))
			return true;
	}
	return false;
}
