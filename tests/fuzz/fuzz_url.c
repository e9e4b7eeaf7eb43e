/*
 * An accepted URL is its parts put together, and none of the bytes that mean
 * something to another parser is in it.
 */
#include "shaken/url.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_span text = { (const char *)data, size };
	struct sk_url strict, url;
	char again[SK_URL_MAX + 8], port[8];
	bool v6;
	int len;

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
