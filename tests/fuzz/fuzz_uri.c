/*
 * Any bytes as a URI: what is accepted prints to a text that reads as the same
 * URI, equals itself, and escaped it holds nothing that means something.
 */
#include "redirector/call/uri.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool ok)
{
	if (!ok)
		abort();
}

static bool is_sip(const struct uri *u)
{
	return sk_span_eq_nocase(u->scheme, SK_SPAN("sip")) ||
	       sk_span_eq_nocase(u->scheme, SK_SPAN("sips"));
}

static void print(const struct uri *u, struct sk_buf *out)
{
	sk_buf_put(out, u->scheme);
	sk_buf_putc(out, ':');
	sk_buf_put(out, u->user);
	if (u->password.ptr) {
		sk_buf_putc(out, ':');
		sk_buf_put(out, u->password);
	}
	if (u->user.ptr && is_sip(u))
		sk_buf_putc(out, '@');
	sk_buf_put(out, u->host);
	if (u->port.len > 0) {
		sk_buf_putc(out, ':');
		sk_buf_put(out, u->port);
	}
	sk_buf_put(out, u->params);
	sk_buf_put(out, u->headers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[URI_MAX * 4];
	struct sk_span in = { (const char *)data, size };
	const struct sk_span verstat = SK_SPAN("verstat");
	struct uri a, b;
	struct sk_buf out;

	if (size > URI_MAX || !uri_parse(in, &a))
		return 0;
	need(uri_eq(&a, &a));
	sk_buf_init(&out, text, sizeof(text));
	print(&a, &out);
	need(!out.overflow && uri_parse((struct sk_span){ out.text, out.len }, &b));
	need(uri_eq(&a, &b) && uri_eq(&b, &a));
	need(sk_span_eq(a.user, b.user) && sk_span_eq(a.host, b.host) &&
	     sk_span_eq(a.params, b.params));

	sk_buf_init(&out, text, sizeof(text));
	uri_print_params_without(a.params, &verstat, 1, &out);
	need(!out.overflow && out.len <= a.params.len + 1);
	need(!uri_param((struct sk_span){ out.text, out.len }, verstat).ptr);

	sk_buf_init(&out, text, sizeof(text));
	uri_escape(in, &out);
	need(!out.overflow && !strpbrk(out.text, "<>\"@;,&?= \r\n"));
	return 0;
}
