/*
 * A token, outside in: three parts, then the JOSE header, then the payload.  The
 * signature is over the bytes as they came, so `signed_part` is a view of the
 * input and nothing here is ever printed again to be compared.
 */
#include "shaken/passport.h"

#include "shaken/b64url.h"
#include "shaken/canonical.h"
#include "shaken/json.h"

enum {
	PART_BYTES = SK_B64URL_BYTES(SK_TOKEN_MAX),
};

/* The text before the next dot, which is stepped over; false when there is none. */
static bool take_part(struct sk_span *rest, struct sk_span *part)
{
	const char *dot = rest->len > 0 ? memchr(rest->ptr, '.', rest->len) : NULL;

	if (!dot)
		return false;

	*part = (struct sk_span){ rest->ptr, (size_t)(dot - rest->ptr) };
	rest->ptr = dot + 1;
	rest->len -= part->len + 1;
	return true;
}

enum sk_err sk_token_split(struct sk_span text, struct sk_token *out)
{
	struct sk_span rest = text;
	struct sk_token token;

	if (text.len > SK_TOKEN_MAX)
		return SK_TOKEN_SIZE;
	if (!take_part(&rest, &token.header) || !take_part(&rest, &token.payload))
		return SK_TOKEN_SYNTAX;
	token.signature = rest;

	/* a third dot is of no part's alphabet either */
	if (!sk_b64url_check(token.header) || !sk_b64url_check(token.payload) ||
	    !sk_b64url_check(token.signature))
		return SK_TOKEN_SYNTAX;
	/* RFC 8225, section 7: the compact form leaves out the payload, with or without the header
	 */
	token.compact = token.payload.len == 0;
	if (token.header.len == 0 && !token.compact)
		return SK_TOKEN_SYNTAX;

	token.signed_part = (struct sk_span){ text.ptr, token.header.len + 1 + token.payload.len };
	*out = token;
	return SK_OK;
}

static enum sk_err decode(struct sk_span part, uint8_t bytes[PART_BYTES], struct sk_span *text)
{
	size_t len;

	if (part.len > SK_TOKEN_MAX)
		return SK_TOKEN_SIZE;
	if (!sk_b64url_decode(part, bytes, &len))
		return SK_TOKEN_SYNTAX;

	*text = (struct sk_span){ (const char *)bytes, len };
	return SK_OK;
}

enum sk_err sk_token_json(struct sk_span part, json_t **out)
{
	uint8_t bytes[PART_BYTES];
	struct sk_span text;
	enum sk_err err = decode(part, bytes, &text);

	return err ? err : sk_json_parse(text, out);
}

static bool is_string(const json_t *object, const char *name, struct sk_span want)
{
	struct sk_span text;

	return sk_json_string(object, name, &text) && sk_span_eq(text, want);
}

static enum sk_ppt read_ppt(const json_t *header)
{
	struct sk_span text;

	if (!json_object_get(header, "ppt"))
		return SK_PPT_NONE;
	/* a ppt that is there but says nothing is no base PASSporT */
	if (!sk_json_string(header, "ppt", &text) || text.len == 0)
		return SK_PPT_OTHER;

	return sk_ppt_parse(text);
}

static enum sk_err read_jose(struct sk_span text, struct sk_jose *out)
{
	json_auto_t *header = NULL;
	enum sk_err err = sk_json_parse(text, &header);
	struct sk_jose jose = { 0 };
	struct sk_span x5u;

	if (err)
		return err;
	/* RFC 8225, section 4: these three are always there */
	if (!json_object_get(header, "alg") || !json_object_get(header, "typ") ||
	    !sk_json_string(header, "x5u", &x5u))
		return SK_HEADER_CLAIM;
	if (x5u.len >= sizeof(jose.x5u))
		return SK_TOKEN_SIZE;

	jose.typ_is_passport = is_string(header, "typ", SK_SPAN("passport"));
	jose.alg_is_es256 = is_string(header, "alg", SK_SPAN("ES256"));
	/* RFC 7515, 4.1.11, and RFC 7797, section 6: both change what is to be understood */
	jose.critical = json_object_get(header, "crit") || json_object_get(header, "b64");
	jose.ppt = read_ppt(header);
	memcpy(jose.x5u, x5u.ptr, x5u.len);
	jose.x5u_len = x5u.len;

	*out = jose;
	return SK_OK;
}

enum sk_err sk_jose_read(const struct sk_token *token, struct sk_jose *out)
{
	uint8_t bytes[PART_BYTES];
	struct sk_span text;
	enum sk_err err = decode(token->header, bytes, &text);

	if (err)
		return err;
	return sk_canonical_jose(text, out) ? SK_OK : read_jose(text, out);
}

static enum sk_err read_payload(struct sk_span text, enum sk_ppt ppt, struct sk_claims *out)
{
	json_auto_t *payload = NULL;
	enum sk_err err = sk_json_parse(text, &payload);

	return err ? err : sk_claims_read(payload, ppt, out);
}

enum sk_err sk_payload_read(const struct sk_token *token, enum sk_ppt ppt, struct sk_claims *out)
{
	const bool div = ppt == SK_PPT_DIV || ppt == SK_PPT_DIV_O;
	uint8_t bytes[PART_BYTES];
	struct sk_span text;
	enum sk_err err = decode(token->payload, bytes, &text);

	if (err)
		return err;
	/* what is of that form has all claims of every type but div's */
	return !div && sk_canonical_claims(text, out) ? SK_OK : read_payload(text, ppt, out);
}

void sk_passport_read_sig(struct sk_passport *out)
{
	struct sk_span text = out->token.signature;

	/* only 86 characters make 64 bytes; other lengths are counted, not kept */
	out->sig_len = SK_B64URL_BYTES(text.len);
	if (out->sig_len == SK_SIG_LEN && !sk_b64url_decode(text, out->sig, &out->sig_len))
		out->sig_len = 0;
}

enum sk_err sk_passport_parse(struct sk_span text, struct sk_passport *out)
{
	struct sk_passport passport = { 0 };
	enum sk_err err = sk_token_split(text, &passport.token);

	if (!err && passport.token.compact)
		err = SK_COMPACT_FORM;
	if (!err)
		err = sk_jose_read(&passport.token, &passport.jose);
	if (!err)
		err = sk_payload_read(&passport.token, passport.jose.ppt, &passport.claims);
	if (err)
		return err;

	sk_passport_read_sig(&passport);
	*out = passport;
	return SK_OK;
}

/* No URL that we accept needs an escape, so the one form that fits all will do. */
static void put_string(struct sk_buf *out, struct sk_span text)
{
	sk_buf_putc(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c < 0x20 || c == '"' || c == '\\')
			sk_buf_printf(out, "\\u%04X", c);
		else
			sk_buf_putc(out, text.ptr[i]);
	}
	sk_buf_putc(out, '"');
}

void sk_jose_print(enum sk_ppt ppt, struct sk_span x5u, struct sk_buf *out)
{
	sk_buf_puts(out, "{\"alg\":\"ES256\",");
	if (ppt != SK_PPT_NONE)
		sk_buf_printf(out, "\"ppt\":\"%s\",", sk_ppt_text(ppt));
	sk_buf_puts(out, "\"typ\":\"passport\",\"x5u\":");
	put_string(out, x5u);
	sk_buf_putc(out, '}');
}
