/*
 * Every span lies inside of the input, values follow each other without overlap,
 * and a value put together again from its pieces has the same pieces.
 */
#include "shaken/identity.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool inside(struct sk_span part, struct sk_span whole)
{
	return !part.ptr || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

static void put_param(struct sk_buf *out, const char *name, struct sk_span value)
{
	if (!value.ptr)
		return;

	sk_buf_puts(out, name);
	if (value.len > 0 || name[1] == 'i') {
		sk_buf_puts(out, name[1] == 'i' ? "=<" : "=\"");
		sk_buf_put(out, value);
		sk_buf_putc(out, name[1] == 'i' ? '>' : '"');
	}
}

static void check_again(const struct sk_identity *identity)
{
	static char text[65536];
	struct sk_identity again;
	struct sk_buf buf;

	/* a bare value may hold what brackets or quotes would end at */
	if (identity->info.len > 0 && memchr(identity->info.ptr, '>', identity->info.len))
		return;
	if (identity->alg.len > 0 && memchr(identity->alg.ptr, '\\', identity->alg.len))
		return;
	if (identity->ppt.len > 0 && memchr(identity->ppt.ptr, '\\', identity->ppt.len))
		return;

	sk_buf_init(&buf, text, sizeof(text));
	sk_buf_put(&buf, identity->token);
	put_param(&buf, ";ppt", identity->ppt);
	put_param(&buf, ";alg", identity->alg);
	put_param(&buf, ";info", identity->info);
	if (buf.overflow)
		return;

	must(sk_identity_parse((struct sk_span){ text, buf.len }, &again) == SK_OK);
	must(sk_span_eq(again.token, identity->token) && sk_span_eq(again.info, identity->info));
	must(sk_span_eq(again.alg, identity->alg) && sk_span_eq(again.ppt, identity->ppt));
	must(again.extra_params == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_span whole = { (const char *)data, size }, rest = whole, one;
	const char *last = whole.ptr;

	while (sk_identity_next(&rest, &one)) {
		struct sk_identity identity;
		enum sk_err err = sk_identity_parse(one, &identity);

		must(inside(one, whole) && inside(rest, whole) && rest.ptr >= last);
		must(one.ptr >= last && one.ptr + one.len <= rest.ptr);
		last = rest.ptr;
		must(err == SK_OK || err == SK_IDENTITY_SYNTAX || err == SK_TOKEN_SIZE);
		if (err)
			continue;
		must(identity.token.len > 0 && inside(identity.token, one));
		must(inside(identity.info, one) && inside(identity.alg, one));
		must(inside(identity.ppt, one));
		check_again(&identity);
	}

	return 0;
}
