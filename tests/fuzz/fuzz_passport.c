/*
 * What was signed is the start of the input.  A token printed again from what was
 * read is read as the same.
 */
#include "shaken/b64url.h"
#include "shaken/div.h"
#include "shaken/passport.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_same(const struct sk_passport *a, const struct sk_passport *b)
{
	must(a->jose.typ_is_passport <= b->jose.typ_is_passport);
	must(a->jose.ppt == b->jose.ppt && strcmp(a->jose.x5u, b->jose.x5u) == 0);
	must(a->claims.iat == b->claims.iat && a->claims.attest == b->claims.attest);
	must(a->claims.dest_count == b->claims.dest_count);
	must(sk_party_eq(&a->claims.orig, &b->claims.orig));
	must(a->claims.div.kind == b->claims.div.kind);
	must(strcmp(a->claims.div.text, b->claims.div.text) == 0);
	must(strcmp(a->claims.origid, b->claims.origid) == 0);
}

static void check_again(const struct sk_passport *passport)
{
	static char text[65536], token[131072];
	struct sk_passport again;
	struct sk_buf buf;
	size_t len;

	/* these two are never printed, so a shaken token would lack them */
	if (passport->claims.attest == SK_ATTEST_BAD || passport->claims.origid[0] == '\0')
		return;
	if (passport->jose.ppt == SK_PPT_OTHER)
		return;

	sk_buf_init(&buf, text, sizeof(text));
	sk_jose_print(passport->jose.ppt,
		      (struct sk_span){ passport->jose.x5u, passport->jose.x5u_len }, &buf);
	must(!buf.overflow);
	len = sk_b64url_encode(text, buf.len, token);
	token[len++] = '.';
	sk_buf_init(&buf, text, sizeof(text));
	sk_claims_print(&passport->claims, &buf);
	must(!buf.overflow);
	len += sk_b64url_encode(text, buf.len, token + len);
	token[len++] = '.';
	if (len > SK_TOKEN_MAX)
		return;
	must(sk_passport_parse((struct sk_span){ token, len }, &again) == SK_OK);
	check_same(passport, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char nested[SK_TOKEN_MAX];
	struct sk_span text = { (const char *)data, size }, inner;
	struct sk_passport passport;
	struct sk_token token;
	size_t chain[1], links = 0;
	enum sk_err err = sk_token_split(text, &token);

	if (!err) {
		must(token.signed_part.ptr == text.ptr);
		must(token.signed_part.len + 1 + token.signature.len == text.len);
		must(token.signed_part.len == token.header.len + 1 + token.payload.len);
	}
	if (sk_passport_parse(text, &passport))
		return 0;

	must(!err && !passport.token.compact && passport.claims.dest_count > 0);
	must(passport.jose.x5u_len == strlen(passport.jose.x5u));
	must(passport.sig_len == SK_B64URL_BYTES(passport.token.signature.len));
	check_again(&passport);
	if (sk_div_nested(&passport, nested, sizeof(nested), &inner) == SK_OK)
		must(inner.ptr == nested && inner.len <= sizeof(nested));
	if (sk_div_follow(&passport, 1, &passport.claims.dest[0], chain, &links) == SK_OK)
		must(links == 1 && chain[0] == 0);

	return 0;
}
