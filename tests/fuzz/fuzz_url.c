/*
 * An accepted URL is its parts put together, and none of the bytes that mean
 * something to another parser is in it.  A host on a list is a host that a URL may
 * have; cut in two at the first newline the input is a host and an entry.
 */
#include "shaken/url.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Listed means: the whole entry is the host, or a star and the end of it are. */
static void list(const char *data, size_t size)
{
	const char *line = size ? memchr(data, '\n', size) : NULL;
	struct sk_span host = { data, line ? (size_t)(line - data) : 0 };
	char entry[SK_URL_MAX], text[SK_URL_MAX + 16], *items[] = { entry };
	size_t len = line ? size - host.len - 1 : 0;
	struct sk_url url;
	bool v6;

	if (!line || len >= sizeof(entry) || host.len >= SK_URL_MAX)
		return;
	memcpy(entry, line + 1, len);
	entry[len] = '\0';
	len = strlen(entry);
	must(!sk_url_host_listed(host, items, 0));
	if (!sk_url_host_listed(host, items, 1))
		return;
	v6 = memchr(host.ptr, ':', host.len) != NULL;
	snprintf(text, sizeof(text), "https://%s%.*s%s/", v6 ? "[" : "", (int)host.len, host.ptr,
		 v6 ? "]" : "");
	if (strlen(text) <= SK_URL_MAX)
		must(sk_url_parse(sk_span_of(text), SK_URL_STRICT, &url) &&
		     sk_span_eq(url.host, host));
	if (entry[0] != '*') {
		must(host.len == len && strncasecmp(host.ptr, entry, len) == 0);
		return;
	}
	must(entry[1] == '.' && len > 2 && host.len >= len);
	must(strncasecmp(host.ptr + host.len - (len - 1), entry + 1, len - 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_span text = { (const char *)data, size };
	struct sk_url strict, url;
	char again[SK_URL_MAX + 8], port[8];
	bool v6;
	int len;

	list(text.ptr, size);
	if (!sk_url_parse(text, SK_URL_LAB, &url)) {
		must(!sk_url_parse(text, SK_URL_STRICT, &strict));
		return 0;
	}

	if (sk_url_parse(text, SK_URL_STRICT, &strict))
		must(strict.port == 443 || strict.port == 8443);
	for (size_t i = 0; i < size; i++)
		must(data[i] > ' ' && data[i] < 0x7f && !strchr("?#\\<>\"", data[i]));
	must(url.host.len > 0 && url.path.len > 0 && url.path.ptr[0] == '/');
	must(!memchr(url.host.ptr, '@', url.host.len) && !memchr(url.host.ptr, '%', url.host.len));

	v6 = memchr(url.host.ptr, ':', url.host.len) != NULL;
	snprintf(port, sizeof(port), ":%u", url.port);
	if (url.host.ptr + url.host.len + v6 == url.path.ptr) {
		must(url.port == 443);
		port[0] = '\0';
	}
	len = snprintf(again, sizeof(again), "https://%s%.*s%s%s%.*s", v6 ? "[" : "",
		       (int)url.host.len, url.host.ptr, v6 ? "]" : "", port, (int)url.path.len,
		       url.path.ptr);
	must((size_t)len == size && memcmp(again, data, size) == 0);

	return 0;
}
