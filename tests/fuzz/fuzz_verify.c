/**
 * @file fuzz_verify.c  No text is a token of a key that nobody has
 *
 * An input that begins with "J" is three lines, JOSE header, payload and
 * parameters, which are encoded here; any other is an Identity value as it is.
 */
#include "shaken/verify.h"

#include "certificate.h"
#include "shaken/b64url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sk_span line(struct sk_span *rest)
{
	const char *end = rest->len > 0 ? memchr(rest->ptr, '\n', rest->len) : NULL;
	const size_t len = end ? (size_t)(end - rest->ptr) : rest->len;
	const struct sk_span found = { rest->ptr, len };

	rest->ptr += len + (end != NULL);
	rest->len -= len + (end != NULL);
	return found;
}

static size_t compose(struct sk_span in, char *buf, size_t size)
{
	static const char sig[] =
		".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAA"
		"AAAAAAAAAAAAAAAAAQ";
	const struct sk_span jose = line(&in), payload = line(&in), params = in;
	size_t at;

	if (SK_B64URL_LEN(jose.len) + SK_B64URL_LEN(payload.len) + params.len + sizeof(sig) + 2 >
	    size)
		return 0;

	at = sk_b64url_encode(jose.ptr, jose.len, buf);
	buf[at++] = '.';
	at += sk_b64url_encode(payload.ptr, payload.len, buf + at);
	memcpy(buf + at, sig, sizeof(sig) - 1);
	at += sizeof(sig) - 1;
	if (params.len > 0)
		memcpy(buf + at, params.ptr, params.len);
	return at + params.len;
}

static void check_token(struct sk_passport *passport, const struct sk_verify_policy *policy)
{
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;
	const struct sk_claims *claims = &passport->claims;
	const struct sk_call_parties call = { .callers = { claims->orig },
					      .caller_count = 1,
					      .called = claims->dest[0] };
	const struct sk_span x5u = { passport->jose.x5u, passport->jose.x5u_len };
	const enum sk_err same = sk_verify_claims(claims, &call, policy, claims->iat);
	const enum sk_err beside = sk_verify_beside_claims(claims, &call, policy, claims->iat);

	if (!sk_url_parse(x5u, SK_URL_STRICT, NULL) || strlen(passport->jose.x5u) != x5u.len)
		abort();
	if (claims->dest_count == 0 || claims->dest_count > SK_DEST_MAX)
		abort();
	if (beside != SK_OK || (same != SK_OK && same != SK_ATTEST_INVALID))
		abort();

	/* valid in the summer of 2021; with constraints, so that the payload is read again */
	if (sk_chain_new(someones_certificate, sizeof(someones_certificate) - 1, &chain))
		abort();
	passport->claims.iat = 1630000000;
	if (sk_verify_signed(passport, chain, SK_OK) == SK_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sk_verify_policy policy = { .max_age = 60, .max_skew = 60 };
	static const enum sk_ppt types[] = { SK_PPT_SHAKEN, SK_PPT_DIV, SK_PPT_RPH, SK_PPT_RCD };
	struct sk_span value = { (const char *)data, size };
	struct sk_passport passport;
	char buf[32768];

	if (size > 0 && data[0] == 'J')
		value = (struct sk_span){ buf, compose((struct sk_span){ (const char *)data + 1,
									 size - 1 },
						       buf, sizeof(buf)) };
	for (size_t i = 0; i < SK_COUNT(types); i++)
		if (sk_verify_token_of(value, types[i], &policy, &passport) == SK_OK)
			check_token(&passport, &policy);
	return 0;
}
